"""Texts and tokens: hard line breaks undone, spans cut by bytes, prompts and continuations.

Selection of spans never looks at a tokenizer, so every model sees the same texts and a larger
selection extends a smaller one. Prompt and continuation are the span's own tokens, in order.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, Protocol

import polars as pl

from calibration.tables import EXAMPLES, TEXTS

WRAPPED_LINE = range(45, 121)  # characters; shorter lines are verse or lists, longer are paragraphs
SHORTEST_TAIL = 0.5  # of a span: what is left of a text after its last whole span, if worth keeping
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


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

    A paragraph is unwrapped when every line but its last has a wrapped line's length and none is
    indented, so verse, lists and code keep their lines. Hard breaks change tokens and loss
    (3.65 against 3.52 nats a token on one novel).
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return "\n\n".join(_unwrapped_paragraph(part) for part in BLANK_LINES.split(plain))


def _unwrapped_paragraph(paragraph: str) -> str:
    lines = [line.rstrip() for line in paragraph.split("\n")]
    indented = any(line[:1].isspace() for line in lines)
    if indented or not all(len(line) in WRAPPED_LINE for line in lines[:-1]):
        return paragraph
    return " ".join(lines)


def selected(texts: Sequence[SourceText], *, span_bytes: int, examples: int, seed: int) -> pl.DataFrame:
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

    What is left at the end is a piece when it is at least half a span, or all there is.
    """
    raw = text.strip().encode()
    start = 0
    while start < len(raw):
        end = _cut(raw, start, span_bytes)
        piece = raw[start:end].strip()
        if start == 0 or end - start >= SHORTEST_TAIL * span_bytes:
            yield piece.decode()
        start = end + len(raw[end:]) - len(raw[end:].lstrip()) if end < len(raw) else end


def _cut(raw: bytes, start: int, span_bytes: int) -> int:
    limit = start + span_bytes
    if limit >= len(raw):
        return len(raw)
    space = max(raw.rfind(mark, start + 1, limit + 1) for mark in (b" ", b"\n", b"\t"))
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


def encoded(texts: pl.DataFrame, tokenizer: Tokenizer, *, prompt: int, continuation: int) -> Encoded:
    """Each span's first `prompt` tokens and up to `continuation` that follow.

    Special tokens that the tokenizer adds in front are part of the prompt and counted in it. A
    span whose tokens do not spell its own beginning is left out and counted: what the model is
    asked about must be the text.
    """
    rows, too_short, altered = [], 0, 0
    for cluster, example, context, text in texts.select(
        "cluster", "example", "context", "text"
    ).iter_rows():
        ids = tokenizer.encode(context + text)[: prompt + continuation]
        sizes = [tokenizer.token(index) for index in ids]
        if len(ids) <= prompt:
            too_short += 1
        elif not _spells(b"".join(sizes), context + text):
            altered += 1
        else:
            measured = [len(piece) for piece in sizes[prompt:]]
            rows.append((cluster, example, ids[:prompt], ids[prompt:], measured))
    return Encoded(pl.DataFrame(rows, schema=EXAMPLES, orient="row"), too_short, altered)


def _spells(spelled: bytes, text: str) -> bool:
    # Some tokenizers put a space before the first word; nothing else may differ.
    raw = text.encode()
    return raw.startswith(spelled) or raw.startswith(spelled.removeprefix(b" "))
