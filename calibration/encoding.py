"""Spans under one tokenizer: prompts and human continuations as token ids.

Prompt and continuation are the span's own tokens, in order. In tokens, the prompt is the first
`prompt` of them; in bytes, prompt and window are stretches of text that no tokenizer has a say in,
and the last token may reach out of the window. Knows no model and no disk.
"""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

import polars as pl

from calibration.recipes import ExamplesRecipe
from calibration.tables import EXAMPLES

WORD_END = re.compile(rb"\S(?=\s)")
LONGEST_WORD = 32  # bytes that a prompt may be longer than asked, so that it ends with a word
ANCHOR = "\n"  # a character that tokenizers keep apart from the word after it


class Tokenizer(Protocol):
    """Text to ids, with special tokens as the tokenizer adds them or without, and ids to bytes."""

    def encode(self, text: str) -> list[int]: ...

    def encode_plain(self, text: str) -> list[int]: ...

    def token(self, index: int) -> bytes: ...


class Encoded(NamedTuple):
    """Examples, and how many spans gave none."""

    examples: pl.DataFrame  # EXAMPLES
    too_short: int  # no more than the prompt
    altered: int  # the tokens do not spell the span


class _Example(NamedTuple):
    prompt: list[int]
    continuation: list[int]
    bytes: list[int]  # of each token of the continuation
    window: int


def encoded(texts: pl.DataFrame, tokenizer: Tokenizer, recipe: ExamplesRecipe) -> Encoded:
    """Each span of TEXTS as a prompt and the continuation that is measured after it.

    Special tokens that the tokenizer adds in front are part of the prompt (in tokens, counted in
    it); those it adds at the end are dropped, since a span is no whole text. With a `text_end`,
    a continuation that reaches the end of its text gets that id. A span whose tokens do not spell
    its own beginning is left out and counted: what the model is asked about must be the text.
    """
    example = _in_tokens if recipe.unit == "tokens" else _in_bytes
    rows, too_short, altered = [], 0, 0
    for span in texts.iter_rows(named=True):
        found = example(span, tokenizer, recipe)
        if found == "too short":
            too_short += 1
        elif found == "altered":
            altered += 1
        else:
            rows.append((span["cluster"], span["example"], *found))
    return Encoded(pl.DataFrame(rows, schema=EXAMPLES, orient="row"), too_short, altered)


def longest(examples: pl.DataFrame) -> int:
    """Tokens of the longest of EXAMPLES, prompt and continuation together."""
    tokens = pl.col("prompt_ids").list.len() + pl.col("continuation_ids").list.len()
    return int(examples.select(tokens.max()).item())


def _in_tokens(
    span: dict[str, str | bool], tokenizer: Tokenizer, recipe: ExamplesRecipe
) -> _Example | str:
    text, asked = f"{span['context']}{span['text']}", recipe.prompt + recipe.continuation
    ids = _stripped(tokenizer.encode(text)[:asked], tokenizer)
    pieces = [tokenizer.token(index) for index in ids]
    ends = recipe.text_end is not None and bool(span["ends"]) and len(pieces) < asked
    # That a text ends right after its prompt is something to measure, where ends are.
    if len(pieces) < recipe.prompt + (not ends):
        return "too short"
    if not _spells(b"".join(pieces), text):
        return "altered"
    continuation = ids[recipe.prompt :]
    sizes = [len(piece) for piece in pieces[recipe.prompt :]]
    if ends and recipe.text_end is not None:
        return _Example(
            ids[: recipe.prompt], [*continuation, recipe.text_end], [*sizes, 0], recipe.continuation
        )
    return _Example(ids[: recipe.prompt], continuation, sizes, len(continuation))


def _in_bytes(
    span: dict[str, str | bool], tokenizer: Tokenizer, recipe: ExamplesRecipe
) -> _Example | str:
    raw = str(span["text"]).encode()
    start = _word_boundary(raw, recipe.prompt)
    stop = character_boundary(raw, start + recipe.continuation)
    ends = (
        recipe.text_end is not None
        and bool(span["ends"])
        and len(raw) < start + (recipe.continuation)
    )
    if len(raw) < recipe.prompt or not 0 < start < len(raw) + ends:
        return "too short"
    split = _split(f"{span['context']}{raw[:start].decode()}", raw[start:].decode(), tokenizer)
    if split is None:
        return "altered"
    prompt, following = split
    sizes = [len(tokenizer.token(index)) for index in following]
    if ends and recipe.text_end is not None:
        return _Example(prompt, [*following, recipe.text_end], [*sizes, 0], recipe.continuation)
    tokens = 1 + sum(total < stop - start for total in accumulate(sizes))
    return _Example(prompt, following[:tokens], sizes[:tokens], stop - start)


def character_boundary(raw: bytes, limit: int) -> int:
    """The last place at or before `limit` that is between two characters of UTF-8."""
    place = min(limit, len(raw))
    while place < len(raw) and raw[place] & 0b1100_0000 == 0b1000_0000:
        place -= 1
    return place


def _word_boundary(raw: bytes, limit: int) -> int:
    """The first end of a word at or after `limit` bytes; where none is near, between characters.

    Tokenizers cut there, so that a prompt's tokens are those it has inside its text. It looks one
    character ahead and no further: a boundary chosen by what follows would choose what follows.
    """
    end = WORD_END.search(raw, max(0, limit - 1), limit + LONGEST_WORD)
    return character_boundary(raw, limit) if end is None else end.end()


def _split(prompt: str, following: str, tokenizer: Tokenizer) -> tuple[list[int], list[int]] | None:
    """Ids of the prompt and of what follows, meeting exactly between them; None where they cannot.

    The tokens of the whole are kept where one of them begins with `following`. Where none does,
    the two are given to the tokenizer one by one.
    """
    ids = _stripped(tokenizer.encode(prompt + following), tokenizer)
    pieces = [tokenizer.token(index) for index in ids]
    raw = (prompt + following).encode()
    if b"".join(pieces) not in (raw, b" " + raw):
        return None
    rest = len(following.encode())
    left = [sum(map(len, pieces)) - total for total in accumulate(map(len, pieces))]
    if rest in left:
        meeting = left.index(rest) + 1
        return ids[:meeting], ids[meeting:]
    apart = _continued(following, tokenizer)
    return None if apart is None else (_stripped(tokenizer.encode(prompt), tokenizer), apart)


def _continued(text: str, tokenizer: Tokenizer) -> list[int] | None:
    """Ids that spell exactly the text; None where the tokenizer has none."""
    plain = tokenizer.encode_plain(text)
    if _spelled(plain, tokenizer) == text.encode():
        return plain
    # Some tokenizers put a space before the first word; after an anchor it is not the first.
    anchored = tokenizer.encode_plain(ANCHOR + text)
    for start in range(1, len(anchored)):
        if _spelled(anchored[start:], tokenizer) == text.encode():
            return anchored[start:]
    return None


def _stripped(ids: list[int], tokenizer: Tokenizer) -> list[int]:
    """The ids without those at the end that spell nothing."""
    kept = len(ids)
    while kept and not tokenizer.token(ids[kept - 1]):
        kept -= 1
    return ids[:kept]


def _spelled(ids: Sequence[int], tokenizer: Tokenizer) -> bytes:
    return b"".join(tokenizer.token(index) for index in ids)


def _spells(spelled: bytes, text: str) -> bool:
    # Some tokenizers put a space before the first word; nothing else may differ.
    raw = text.encode()
    return raw.startswith((spelled, spelled.removeprefix(b" ")))
