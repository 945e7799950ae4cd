"""What must be true of Scores: log loss and entropy of human continuations, teacher forced."""

import math

import polars as pl

from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.steps import (
    END_PROBABILITY,
    LOG_ROUNDING,
    end_among_ends,
    entropies_in_range,
    same_length,
)

VERSION: int = 2


def scores_rules(*, vocabulary: int, text_end: int | None) -> tuple[Rule, ...]:
    """The rules of Scores beside their examples (`sources.beside`), for that many ids.

    `text_end` is the id that human texts end with; None where their ends are not kept.
    """
    return (
        Rule("some-scores", "there is a continuation scored", pl.len(), low=1),
        *_lengths(),
        *_losses(),
        entropies_in_range("entropy", vocabulary),
        END_PROBABILITY,
        _better_than_uniform(vocabulary),
        *([] if text_end is None else [_end_scored(text_end)]),
    )


def _end_scored(text_end: int) -> Rule:
    ended = pl.col("continuation_ids").list.last() == text_end
    return end_among_ends(-pl.col("log_loss").list.last(), ended=ended)


def _lengths() -> tuple[Rule, ...]:
    length, human = pl.col("log_loss").list.len(), pl.col("continuation_ids").list.len()
    return (
        same_length("one-value-a-step", ("log_loss", "entropy", "end_probability")),
        every_row(
            "scored-to-the-end",
            "every token of the human continuation is scored, and no other",
            holds=length == human,
            words=in_words("{}: {} scored of {}", EXAMPLE, length, human),
        ),
    )


def _losses() -> tuple[Rule, ...]:
    return (
        every_step(
            "human-token-possible",
            "no human token has probability zero, which would make the log loss infinite",
            column="log_loss",
            holds=lambda loss: ~loss.is_infinite(),
        ),
        every_step(
            "log-loss-in-range",
            "every log loss is a number, and not negative",
            column="log_loss",
            holds=lambda loss: loss.is_infinite() | within(loss, -LOG_ROUNDING, None),
        ),
    )


def _better_than_uniform(vocabulary: int) -> Rule:
    return Rule(
        "better-than-uniform",
        "the mean log loss is no worse than that of guessing all ids alike (log V)",
        pl.col("log_loss").list.explode().mean(),
        high=math.log(vocabulary),
        severity="warn",
    )
