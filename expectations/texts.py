"""What must be true of Texts: spans of human text, numbered in the order of their selection."""

import math
from typing import Literal

import polars as pl

from calibration.text import SHORTEST_PIECE
from expectations.rules import EXAMPLE, Rule, every_row, in_words, within
from expectations.sources import clusters_are_named, enough_clusters

VERSION: int = 3

LAST_YEAR = 9999  # what has more digits is a date, or a count of seconds
UNDECODABLE = "\ufffd"  # stands where bytes were not text: read under the wrong encoding


def texts_rules(
    *,
    span_bytes: int,
    examples: int,
    independent: Literal["passages"] | None,
    spans: Literal["first"] | None = None,
    shortest: int | None = None,
    longest_context: int | None = None,
) -> tuple[Rule, ...]:
    """The rules of a Texts table that was asked for `examples` spans of at most `span_bytes`.

    `independent` is passages where every span is its own cluster, None where whole texts are;
    `spans` is first where each text gives its beginning alone. `shortest` is the least bytes of a
    text, `longest_context` the most of a context; None for no bound.
    """
    # A span of a text that gives several does not tell how long the text is.
    whole = shortest if spans == "first" else None
    return (
        *_amount(examples),
        *_numbers(),
        clusters_are_named(),
        *([_passages_are_clusters()] if independent == "passages" else []),
        enough_clusters(),
        *_contents(),
        *_lengths(span_bytes),
        *([] if whole is None else [_whole_text_within(whole)]),
        *([] if longest_context is None else [_context_within(longest_context)]),
        *_origin(),
        _cut_where_full(span_bytes),
    )


def _amount(examples: int) -> tuple[Rule, ...]:
    return (
        Rule("some-texts", "there is a text to measure on", pl.len(), low=1),
        Rule(
            "no-more-than-asked", "there are no more texts than asked for", pl.len(), high=examples
        ),
        Rule(
            "as-many-as-asked",
            "there are as many texts as asked for",
            pl.len(),
            low=examples,
            severity="warn",
        ),
    )


def _numbers() -> tuple[Rule, ...]:
    position = pl.int_range(pl.len())
    return (
        every_row(
            "example-numbers-differ",
            "no two texts have the same example number",
            holds=pl.col("example").is_unique(),
            words=EXAMPLE,
        ),
        every_row(
            "numbered-in-order",
            "texts are numbered from 0 in the order of their rows",
            holds=pl.col("example") == position,
            words=in_words("{} stands in row {}", EXAMPLE, position),
        ),
    )


def _passages_are_clusters() -> Rule:
    return every_row(
        "passages-are-clusters",
        "every passage is a cluster of its own, since passages are taken as independent",
        holds=pl.col("cluster").is_unique(),
        words=EXAMPLE,
    )


def _contents() -> tuple[Rule, ...]:
    return (
        every_row(
            "text-not-empty",
            "every text has a visible character",
            holds=pl.col("text").str.contains(r"\S"),
            words=EXAMPLE,
        ),
        every_row(
            "context-present",
            "every text has a context, which may be empty but not missing",
            holds=pl.col("context").is_not_null(),
            words=EXAMPLE,
        ),
        every_row(
            "context-everywhere",
            "every text has something to answer, or none has: prompts are then of one form",
            holds=_has_context() | ~_has_context().any(),
            words=EXAMPLE,
        ),
        every_row(
            "text-decoded",
            "no text has a replacement character (U+FFFD), the mark of a wrong encoding",
            holds=~pl.col("text").str.contains(UNDECODABLE, literal=True),
            words=in_words(
                "{}: {} of them",
                EXAMPLE,
                pl.col("text").str.count_matches(UNDECODABLE, literal=True),
            ),
            severity="warn",
        ),
        every_row(
            "text-in-one-cluster",
            "no text stands in two clusters, which would count one source text twice",
            holds=pl.col("cluster").n_unique().over("text") == 1,
            words=in_words("{}: {}", EXAMPLE, pl.col("text").str.head(40)),
            severity="warn",
        ),
    )


def _has_context() -> pl.Expr:
    return pl.col("context").fill_null("").str.contains(r"\S")


def _lengths(span_bytes: int) -> tuple[Rule, ...]:
    length = pl.col("text").str.len_bytes()
    return (
        every_row(
            "bytes-counted",
            "bytes are the length of the text in UTF-8",
            holds=pl.col("bytes") == length,
            words=in_words("{}: {} stated, {} counted", EXAMPLE, pl.col("bytes"), length),
        ),
        every_row(
            "span-within-limit",
            f"no text is longer than its span of {span_bytes} bytes",
            holds=length <= span_bytes,
            words=in_words("{}: {} bytes", EXAMPLE, length),
        ),
    )


def _whole_text_within(shortest: int) -> Rule:
    length = pl.col("text").str.len_bytes()
    return every_row(
        "text-long-enough",
        f"no text that ends with its span has less than {shortest} bytes",
        holds=~pl.col("ends") | (length >= shortest),
        words=in_words("{}: {} bytes", EXAMPLE, length),
    )


def _context_within(longest: int) -> Rule:
    length = pl.col("context").str.len_bytes()
    return every_row(
        "context-within-limit",
        f"no context is longer than {longest} bytes",
        holds=length <= longest,
        words=in_words("{}: {} bytes", EXAMPLE, length),
    )


def _origin() -> tuple[Rule, ...]:
    year = pl.col("year")
    return (
        every_row(
            "year-is-a-year",
            f"a year has at most {len(str(LAST_YEAR))} digits, or is not known",
            holds=year.is_null() | within(year, -LAST_YEAR, LAST_YEAR),
            words=in_words("{}: {}", EXAMPLE, year),
        ),
        every_row(
            "end-known",
            "of every span it is known whether its text ends with it",
            holds=pl.col("ends").is_not_null(),
            words=EXAMPLE,
        ),
    )


def _cut_where_full(span_bytes: int) -> Rule:
    # Long white space before a cut is left out of the span, so that a short one is only odd.
    least = math.ceil(SHORTEST_PIECE * span_bytes)
    length = pl.col("text").str.len_bytes()
    return every_row(
        "cut-where-full",
        f"a span that its text goes on after has at least {least} bytes",
        holds=pl.col("ends") | (length >= least),
        words=in_words("{}: {} bytes", EXAMPLE, length),
        severity="warn",
    )
