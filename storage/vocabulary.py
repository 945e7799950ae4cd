"""Tokenizers as the science needs them: text to ids with special tokens once, ids to raw bytes.

Bytes come from the tokens themselves, not from decoded text: a token may be half a character.
"""

import re
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import decoders
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from calibration.errors import ModelError
from calibration.prompts import Added
from calibration.recipes import Form
from storage.added import beginning
from storage.chat import Chat
from storage.trust import FILES_ALONE

if TYPE_CHECKING:
    from storage.weights import Checkpoint

BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class Vocabulary:
    """A tokenizer and the raw bytes of its ids; special tokens have none."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._bytes = _bytes_of_tokens(tokenizer)

    def __len__(self) -> int:
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Ids of the text, with special tokens as the tokenizer adds them."""
        ids: list[int] = self._tokenizer(text, verbose=False)["input_ids"]
        return ids

    def encode_plain(self, text: str) -> list[int]:
        """Ids of the text alone."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def begins(self, text: str) -> bool:
        """Whether a text is written with the special token that is put in front of texts."""
        return self._beginning is not None and self.encode_plain(text)[:1] == [self._beginning]

    def rendered(self, context: str) -> str:
        """The chat template over one message of a user, up to where the answer begins.

        Raises ModelError for a tokenizer without one, and for one that fails.
        """
        return self._chat.rendered(context)

    def echoes(self, text: str) -> bool:
        """Whether a text holds what the chat template writes around every message."""
        return self._chat.echoes(text)

    def added(self, form: Form) -> Added:
        """What stands in front of every text, and around the message where the form has one."""
        return self._chat.added if form == "chat" else Added(self._beginning)

    @cached_property
    def _beginning(self) -> int | None:
        return beginning(self._tokenizer)

    @cached_property
    def _chat(self) -> Chat:
        return Chat(self._tokenizer)

    def lengths(self, ids: Sequence[int]) -> list[int]:
        """Raw bytes of each id; ids beyond the tokenizer's own stand for no text."""
        return [len(self.token(index)) for index in ids]

    def decode(self, ids: Sequence[int]) -> bytes:
        """Raw bytes of a sequence; may end inside a character."""
        return b"".join(self.token(index) for index in ids)

    def token(self, index: int) -> bytes:
        """Raw bytes of one id."""
        return self._bytes[index] if index < len(self._bytes) else b""


def read_vocabulary(checkpoint: "Checkpoint") -> Vocabulary:
    """The tokenizer of a checkpoint. Raises ModelError when there is none."""
    directory, file = checkpoint.directory, checkpoint.file
    try:
        if file is None:
            return Vocabulary(AutoTokenizer.from_pretrained(directory, **FILES_ALONE))
        # Not from_pretrained, which would prefer a tokenizer.json that lies beside the file.
        path = str(Path(directory, file).absolute())
        tokenizer: Any = PreTrainedTokenizerFast
        return Vocabulary(tokenizer(gguf_file=path, name_or_path=directory))
    except Exception as error:  # the tokenizers library raises nothing narrower
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{directory}: a tokenizer was expected beside the weights, but it does not load "
            f"({reason}): save one there with `tokenizer.save_pretrained`"
        ) from error


def _bytes_of_tokens(tokenizer: PreTrainedTokenizerBase) -> list[bytes]:
    names = {index: name for name, index in tokenizer.get_vocab().items()}
    added = {index: str(token) for index, token in tokenizer.added_tokens_decoder.items()}
    plain = {index: name for index, name in names.items() if index not in added}
    raw = _byte_level if _is_byte_level(tokenizer, plain.values()) else _spelled
    pieces = {index: raw(name) for index, name in plain.items()}
    pieces |= {index: text.encode() for index, text in added.items()}
    controls = [index for index, one in tokenizer.added_tokens_decoder.items() if one.special]
    pieces |= dict.fromkeys([*tokenizer.all_special_ids, *controls], b"")
    # Ids may have gaps, which stand for no text.
    return [pieces.get(index, b"") for index in range(max(pieces, default=-1) + 1)]


def _is_byte_level(tokenizer: PreTrainedTokenizerBase, names: Collection[str]) -> bool:
    # Byte-level vocabularies spell each byte by one printable character, the space by Ġ.
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and isinstance(backend.decoder, decoders.ByteLevel):
        return True
    return any("Ġ" in name for name in names) and all(
        character in _BYTE_OF for name in names for character in name
    )


def _byte_level(name: str) -> bytes:
    if any(character not in _BYTE_OF for character in name):
        return name.encode()  # an entry that was added to the vocabulary as it is
    return bytes(_BYTE_OF[character] for character in name)


def _spelled(name: str) -> bytes:
    single = BYTE_TOKEN.fullmatch(name)
    return bytes([int(single[1], 16)]) if single else name.replace("▁", " ").encode()


def _byte_characters() -> dict[str, int]:
    """The printable character that stands for each byte in byte-level vocabularies, as in GPT-2."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in set(shown)]
    return {chr(byte): byte for byte in shown} | {
        chr(256 + rank): byte for rank, byte in enumerate(hidden)
    }


_BYTE_OF = _byte_characters()
