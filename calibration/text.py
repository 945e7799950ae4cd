"""Texts: hard line breaks undone, and spans cut by bytes.

Selection of spans never looks at a tokenizer, so every model sees the same texts and a larger
selection extends a smaller one.
"""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Literal, NamedTuple

import polars as pl

from calibration.recipes import TextsRecipe
from calibration.tables import TEXTS

WRAPPED_LINE = range(45, 121)  # characters; shorter lines are verse or lists, longer are paragraphs
SHORTEST_PIECE = 0.5  # of a span: the least a cut leaves, and the least tail worth keeping
LONGEST_CHARACTER = 4  # bytes of UTF-8: a shorter span might hold no character at all
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
LIST_ITEM = re.compile(r"(?:[-*+•>|#]+|\d{1,2}\.|\(?\w{1,2}\)) ")
WHITE_SPACE = re.compile(rb"\s*")
PASSAGE = ", passage "  # between the name of a source text and that of a passage

Misfit = Literal["short", "long_context"]


class SourceText(NamedTuple):
    """One text as its source gives it; `cluster` names what is statistically independent."""

    cluster: str
    context: str
    text: str
    year: int | None = None  # when it was written


class Span(NamedTuple):
    """A piece of a text, and whether the text ends with it."""

    text: str
    ends: bool


def text_digest(text: str) -> str:
    """The name of a cluster that is named by a text alone."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def source_of_passage(cluster: str) -> str:
    """The cluster of the source text of a passage that is a cluster of its own."""
    return cluster.rpartition(PASSAGE)[0]


def place_of_cluster(cluster: str, seed: int) -> int:
    """Where a cluster stands in the order of a seed: smaller is earlier."""
    return int.from_bytes(_order(f"{seed}/{cluster}"))


def misfit(source: SourceText, recipe: TextsRecipe) -> Misfit | None:
    """Why a recipe takes nothing of a text, whatever it says; None where it may take of it.

    Lengths are bytes of the whole text, however much of it a span holds: a tokenizer has no say.
    """
    shortest, longest_context = recipe.shortest, recipe.longest_context
    if shortest is not None and len(source.text.strip().encode()) < shortest:
        return "short"
    if longest_context is not None and len(source.context.encode()) > longest_context:
        return "long_context"
    return None


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
    texts: Sequence[SourceText], recipe: TextsRecipe, *, without: Collection[str] = ()
) -> pl.DataFrame:
    """Up to `recipe.examples` spans, one from each cluster in turn, in seeded order.  # TEXTS

    The order of a span depends on the seed, its cluster and its place alone, so 512 extends 256.
    Clusters `without` are left out first, and those of which a piece is: names and `text_digest`s
    of the texts that the recipe's are apart from.
    """
    of_cluster: dict[str, list[_Piece]] = defaultdict(list)
    for text in texts:
        for piece in _pieces(text, recipe):
            of_cluster[piece.cluster].append(piece)
    kept = {name for name, pieces in of_cluster.items() if not _is_among(without, name, pieces)}
    turns = [
        _in_turn(of_cluster[cluster], f"{recipe.seed}/{cluster}", recipe)
        for cluster in sorted(kept, key=lambda name: place_of_cluster(name, recipe.seed))
    ]
    rounds = (piece for turn in zip_longest(*turns) for piece in turn if piece is not None)
    rows = [
        (cluster, rank, source.context, span.text, len(span.text.encode()), source.year, span.ends)
        for rank, (cluster, source, _, span) in enumerate(islice(rounds, recipe.examples))
    ]
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


class _Piece(NamedTuple):
    cluster: str
    source: SourceText
    place: int  # in its text
    span: Span


def _is_among(without: Collection[str], cluster: str, pieces: Sequence[_Piece]) -> bool:
    if not without:
        return False
    # A cluster has another name where other texts stand beside it, so that names do not suffice.
    return cluster in without or any(text_digest(one.span.text) in without for one in pieces)


def _pieces(source: SourceText, recipe: TextsRecipe) -> Iterator[_Piece]:
    if misfit(source, recipe) is not None:
        return
    for place, span in enumerate(_spans(source.text, recipe)):
        cluster = source.cluster
        if recipe.independent == "passages":
            # Named by what it says, so that no passage has another's name.
            digest = hashlib.sha256(span.text.encode()).hexdigest()[:12]
            cluster = f"{cluster}{PASSAGE}{digest}"
        yield _Piece(cluster, source, place, span)


def _spans(text: str, recipe: TextsRecipe) -> Iterator[Span]:
    shortest = 0.0 if recipe.tails == "all" else SHORTEST_PIECE
    found = spans(text, recipe.span_bytes, shortest_tail=shortest)
    return islice(found, 1) if recipe.spans == "first" else found


def _in_turn(pieces: Sequence[_Piece], key: str, recipe: TextsRecipe) -> list[_Piece]:
    """The pieces of a cluster in the order in which they are taken."""
    shuffled = _shuffled(pieces, key)
    if recipe.tails != "all":
        return shuffled
    # By place: a piece drawn at random is the likelier the fewer its text has, which would
    # make texts end too soon.
    return sorted(shuffled, key=lambda piece: piece.place)


def spans(text: str, span_bytes: int, *, shortest_tail: float = SHORTEST_PIECE) -> Iterator[Span]:
    """Consecutive pieces of at most `span_bytes` bytes, cut at white space where there is any.

    A piece of half a span has no white space in its second half and is cut between characters.
    What is left at the end is a piece when it is at least `shortest_tail` of a span, or all there
    is. Raises ValueError for spans that are shorter than a character can be.
    """
    if span_bytes < LONGEST_CHARACTER:
        raise ValueError(f"spans of {LONGEST_CHARACTER} bytes or more were expected: {span_bytes}")
    raw = text.strip().encode()
    start = 0
    while start < len(raw):
        end = _cut(raw, start, span_bytes)
        piece = raw[start:end].decode().strip()
        following = _after_white_space(raw, end)
        last = following == len(raw)
        whole = start == 0 or not last or end - start >= shortest_tail * span_bytes
        if piece and whole:
            yield Span(piece, last)
        start = following


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


def _shuffled(items: Sequence[_Piece], key: str) -> list[_Piece]:
    ranks = sorted(range(len(items)), key=lambda index: _order(f"{key}/{index}"))
    return [items[rank] for rank in ranks]
