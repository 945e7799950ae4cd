"""A text as a model reads it: what stands before it, and which tokens are the text's own.

Prefix and text go to the tokenizer together, so that tokens meet as they do in natural text: a
token may hold the last space of the prefix and the first word of the text. What the tokens spell
must be the context and the text; what spells nothing (special tokens) may stand before the text
only. Knows no model and no disk.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from calibration.recipes import Form


class Tokenizer(Protocol):
    """Text to ids, ids to bytes, and the chat template."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text, with special tokens as the tokenizer adds them."""
        ...

    def encode_plain(self, text: str) -> list[int]:
        """Ids of a text without them."""
        ...

    def token(self, index: int) -> bytes:
        """Raw bytes of an id; none of a special one."""
        ...

    def begins(self, text: str) -> bool:
        """Whether a text is written with the special token that `encode` puts in front of texts."""
        ...

    def rendered(self, context: str) -> str:
        """The chat template over one message of a user, up to where the answer begins."""
        ...

    def echoes(self, text: str) -> bool:
        """Whether a text holds what the chat template writes around every message."""
        ...


class Added(NamedTuple):
    """What a tokenizer is known to put around any text, by its own account."""

    beginning: int | None  # id in front of every text
    opening: tuple[int, ...] = ()  # ids of the chat template before a message, beginning apart
    closing: tuple[int, ...] = ()  # and between a message and its answer

    @property
    def facts(self) -> dict[str, int | str | None]:
        """The same in the plain values of a manifest."""
        opening, closing = (" ".join(map(str, ids)) for ids in (self.opening, self.closing))
        return {"beginning": self.beginning, "opening": opening, "closing": closing}

    @classmethod
    def stated(cls, facts: Mapping[str, object]) -> "Added | None":
        """What facts of a manifest say; None where they do not speak of it."""
        if not set(cls._fields) <= set(facts):
            return None
        first = facts["beginning"]
        opening, closing = (
            tuple(map(int, str(facts[name]).split())) for name in ("opening", "closing")
        )
        return cls(first if isinstance(first, int) else None, opening, closing)


class Reading(NamedTuple):
    """The ids of a text and of what stands before it."""

    ids: list[int]
    front: int  # ids that no prompt of a number of tokens counts
    before: int  # bytes that are spelled before the text
    text: str


Encode = Callable[[str], list[int]]


def prefix_of(context: str, tokenizer: Tokenizer, *, form: Form) -> str:
    """What a model reads before a text that answers the context."""
    match form:
        case "plain":
            return context
        case "question-answer":
            # As base models were asked by Cao, Valiant and Liang (2025).
            return f"Q: {context}\nA: "
        case "chat":
            return tokenizer.rendered(context)


def encoder(prefix: str, tokenizer: Tokenizer, *, form: Form) -> Encode:
    """The tokenizer as it adds special tokens, or without where a template has written them."""
    written = form == "chat" and tokenizer.begins(prefix)
    return tokenizer.encode_plain if written else tokenizer.encode


def read(context: str, text: str, tokenizer: Tokenizer, *, form: Form) -> Reading | None:
    """A text after its context; None where the tokens before it do not spell what they should.

    In the plain form context and text are one text, whose special tokens count as its own.
    """
    prefix = prefix_of(context, tokenizer, form=form)
    if form == "plain":
        return Reading(tokenizer.encode(prefix + text), front=0, before=0, text=prefix + text)
    if form == "chat" and (tokenizer.echoes(context) or tokenizer.echoes(text)):
        return None
    encode = encoder(prefix, tokenizer, form=form)
    alone = spelled(encode(prefix), tokenizer)
    ids = encode(prefix + text)
    whole = spelled(ids, tokenizer)
    # Templates strip a message; special tokens that are read out of it spell nothing.
    if context.strip().encode() not in alone or not whole.startswith(alone):
        return None
    start = len(alone) + (whole[len(alone) :][:1] == b" " != text[:1].encode())
    return Reading(ids, _front(ids, tokenizer, start=start), before=len(alone), text=text)


def spelled(ids: Sequence[int], tokenizer: Tokenizer) -> bytes:
    """The raw bytes of some ids."""
    return b"".join(tokenizer.token(index) for index in ids)


def spells(found: bytes, text: str) -> bool:
    """Whether bytes are the beginning of a text."""
    # Some tokenizers put a space before the first word; nothing else may differ.
    raw = text.encode()
    return raw.startswith((found, found.removeprefix(b" ")))


def stripped(ids: list[int], tokenizer: Tokenizer) -> list[int]:
    """The ids without those at the end that spell nothing."""
    kept = len(ids)
    while kept and not tokenizer.token(ids[kept - 1]):
        kept -= 1
    return ids[:kept]


def _front(ids: list[int], tokenizer: Tokenizer, *, start: int) -> int:
    """The place of the first id that holds a byte from `start` on."""
    totals = accumulate(len(tokenizer.token(index)) for index in ids)
    return next((place for place, total in enumerate(totals) if total > start), len(ids))
