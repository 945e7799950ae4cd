"""Texts and tokens: hard line breaks undone, spans cut by bytes, prompts and continuations.

Selection of spans never looks at a tokenizer, so every model sees the same texts and a larger
selection extends a smaller one. Prompt and continuation are the span's own tokens, in order.
"""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, Protocol

import polars as pl

from calibration.tables import EXAMPLES, TEXTS

WRAPPED_LINE = range(45, 121)  # characters; shorter lines are verse or lists, longer are paragraphs
SHORTEST_PIECE = 0.5  # of a span: the least a cut leaves, and the least tail worth keeping
LONGEST_CHARACTER = 4  # bytes of UTF-8: a shorter span might hold no character at all
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
LIST_ITEM = re.compile(r"(?:[-*+•>|#]+|\d{1,2}\.|\(?\w{1,2}\)) ")
WHITE_SPACE = re.compile(rb"\s*")


class SourceText(NamedTuple):
    """One text as its source gives it; `cluster` names what is statistically independent."""

    cluster: str
    context: str
    text: str


class Tokenizer(Protocol):
    """Text to ids, with special tokens as the tokenizer adds them, and ids to raw bytes."""

    def encode(self, text: str) -> list[int]: ...

    def token(self, index: int) -> bytes: ...


class Encoded(NamedTuple):
    """Examples, and how many spans gave none."""

    examples: pl.DataFrame  # EXAMPLES
    too_short: int  # fewer tokens than the prompt and one more
    altered: int  # the tokens do not spell the span


def unwrapped(text: str) -> str:
    """The text with hard line breaks inside paragraphs turned into spaces.

    A paragraph is unwrapped when every line but its last has a wrapped line's length, none is
    indented and no two begin as items of a list, so verse, lists and code keep their lines. Hard
    breaks change tokens and loss (3.65 against 3.52 nats a token on one novel).
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    # A line break at either end lets a blank first or last line be seen as one.
    parts = BLANK_LINES.split(f"\n\n{plain.rstrip()}")
    return "\n\n".join(_unwrapped_paragraph(part) for part in parts if part)


def _unwrapped_paragraph(paragraph: str) -> str:
    lines = [line.rstrip() for line in paragraph.split("\n")]
    indented = any(line[:1].isspace() for line in lines)
    listed = sum(LIST_ITEM.match(line) is not None for line in lines) > 1
    wrapped = all(len(line) in WRAPPED_LINE for line in lines[:-1])
    if indented or listed or not wrapped:
        return paragraph
    return " ".join(lines)


def selected(
    texts: Sequence[SourceText], *, span_bytes: int, examples: int, seed: int
) -> pl.DataFrame:
    """Up to `examples` spans, one from each cluster in turn, in seeded order.  # TEXTS

    The order of a span depends on the seed, its cluster and its place alone, so 512 extends 256.
    """
    of_cluster: dict[str, list[SourceText]] = defaultdict(list)
    for text in texts:
        of_cluster[text.cluster] += [
            text._replace(text=span) for span in spans(text.text, span_bytes)
        ]
    turns = [
        _shuffled(of_cluster[cluster], f"{seed}/{cluster}")
        for cluster in sorted(of_cluster, key=lambda name: _order(f"{seed}/{name}"))
    ]
    rounds = (span for turn in zip_longest(*turns) for span in turn if span is not None)
    rows = [
        (span.cluster, rank, span.context, span.text, len(span.text.encode()))
        for rank, span in enumerate(islice(rounds, examples))
    ]
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


def spans(text: str, span_bytes: int) -> Iterator[str]:
    """Consecutive pieces of at most `span_bytes` bytes, cut at white space where there is any.

    A piece of half a span has no white space in its second half and is cut between characters.
    What is left at the end is a piece when it is at least half a span, or all there is. Raises
    ValueError for spans that are shorter than a character can be.
    """
    if span_bytes < LONGEST_CHARACTER:
        raise ValueError(f"spans of {LONGEST_CHARACTER} bytes or more were expected: {span_bytes}")
    raw = text.strip().encode()
    start = 0
    while start < len(raw):
        end = _cut(raw, start, span_bytes)
        piece = raw[start:end].decode().strip()
        whole = start == 0 or end < len(raw) or end - start >= SHORTEST_PIECE * span_bytes
        if piece and whole:
            yield piece
        start = _after_white_space(raw, end)


def _after_white_space(raw: bytes, start: int) -> int:
    match = WHITE_SPACE.match(raw, start)
    return match.end() if match else start


def _cut(raw: bytes, start: int, span_bytes: int) -> int:
    limit = start + span_bytes
    if limit >= len(raw):
        return len(raw)
    # White space further back would leave a stub, too short for most prompts.
    least = start + math.ceil(SHORTEST_PIECE * span_bytes)
    space = max(raw.rfind(mark, least, limit + 1) for mark in (b" ", b"\n", b"\t"))
    if space > start:
        return space
    while raw[limit] & 0b1100_0000 == 0b1000_0000:  # inside a character
        limit -= 1
    return limit


def _order(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _shuffled(items: Sequence[SourceText], key: str) -> list[SourceText]:
    ranks = sorted(range(len(items)), key=lambda index: _order(f"{key}/{index}"))
    return [items[rank] for rank in ranks]


def encoded(
    texts: pl.DataFrame, tokenizer: Tokenizer, *, prompt: int, continuation: int
) -> Encoded:
    """Each span's first `prompt` tokens and up to `continuation` that follow.

    Special tokens that the tokenizer adds in front are part of the prompt and counted in it;
    those it adds at the end are dropped, since a span is no whole text. A span whose tokens do
    not spell its own beginning is left out and counted: what the model is asked about must be
    the text.
    """
    rows, too_short, altered = [], 0, 0
    for cluster, example, context, text in texts.select(
        "cluster", "example", "context", "text"
    ).iter_rows():
        ids = tokenizer.encode(context + text)[: prompt + continuation]
        pieces = [tokenizer.token(index) for index in ids]
        while pieces and not pieces[-1]:
            pieces.pop()
        if len(pieces) <= prompt:
            too_short += 1
        elif not _spells(b"".join(pieces), context + text):
            altered += 1
        else:
            measured = [len(piece) for piece in pieces[prompt:]]
            rows.append((cluster, example, ids[:prompt], ids[prompt : len(pieces)], measured))
    return Encoded(pl.DataFrame(rows, schema=EXAMPLES, orient="row"), too_short, altered)


def _spells(spelled: bytes, text: str) -> bool:
    # Some tokenizers put a space before the first word; nothing else may differ.
    raw = text.encode()
    return raw.startswith((spelled, spelled.removeprefix(b" ")))
