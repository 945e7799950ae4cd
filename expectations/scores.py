"""What must be true of Scores: log loss and entropy of human continuations, teacher forced.

A truncation leaves tokens outside. Mixed with the distribution before it they stay possible; a pure
sampler (a mixture of 0) gives them no probability, and them alone an infinite log loss.
"""

import math

import polars as pl

from calibration.engine.decoding import Decoding
from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.steps import (
    END_PROBABILITY,
    LOG_ROUNDING,
    end_among_ends,
    entropies_in_range,
    same_length,
)

VERSION: int = 3


def scores_rules(*, vocabulary: int, text_end: int | None, decoding: Decoding) -> tuple[Rule, ...]:
    """The rules of Scores beside their examples (`sources.beside`), for that many ids.

    `text_end` is the id that human texts end with; None where their ends are not kept.
    """
    possible = (
        (_infinite_outside_alone(),)
        if decoding.is_pure
        # An infinite mean is no worse than guessing; it says nothing.
        else (_human_token_possible(), _better_than_uniform(vocabulary))
    )
    return (
        Rule("some-scores", "there is a continuation scored", pl.len(), low=1),
        *_lengths(),
        _loss_in_range(),
        *possible,
        _inside_known(decoding),
        entropies_in_range("entropy", vocabulary),
        END_PROBABILITY,
        *([] if text_end is None else [_end_scored(text_end)]),
    )


def _end_scored(text_end: int) -> Rule:
    ended = pl.col("continuation_ids").list.last() == text_end
    return end_among_ends(-pl.col("log_loss").list.last(), ended=ended)


def _lengths() -> tuple[Rule, ...]:
    length, human = pl.col("log_loss").list.len(), pl.col("continuation_ids").list.len()
    return (
        same_length("one-value-a-step", ("log_loss", "entropy", "end_probability", "inside")),
        every_row(
            "scored-to-the-end",
            "every token of the human continuation is scored, and no other",
            holds=length == human,
            words=in_words("{}: {} scored of {}", EXAMPLE, length, human),
        ),
    )


def _loss_in_range() -> Rule:
    return every_step(
        "log-loss-in-range",
        "every log loss is a number, and not negative",
        column="log_loss",
        holds=lambda loss: (loss == math.inf) | within(loss, -LOG_ROUNDING, None),
    )


def _human_token_possible() -> Rule:
    return every_step(
        "human-token-possible",
        "no human token has probability zero, which would make the log loss infinite",
        column="log_loss",
        holds=lambda loss: ~loss.is_infinite(),
    )


def _infinite_outside_alone() -> Rule:
    """The pure sampler's: what it does not allow, and nothing else, is impossible."""
    finite = pl.col("log_loss").list.eval(pl.element().is_finite())
    as_inside = finite.list.eval(pl.element().fill_null(value=False)) == pl.col("inside")
    outside = pl.col("inside").list.eval(~pl.element()).list.sum()
    infinite = pl.col("log_loss").list.eval(pl.element().is_infinite()).list.sum()
    return every_row(
        "infinite-outside-alone",
        "a human token has an infinite log loss if and only if it is outside what is allowed",
        holds=as_inside,
        words=in_words("{}: {} infinite, {} outside", EXAMPLE, infinite, outside),
    )


def _inside_known(decoding: Decoding) -> Rule:
    all_of_them = not decoding.truncations
    return every_step(
        "inside-known",
        "every human token is one that the decoding allows"
        if all_of_them
        else "every human token is one that the decoding allows, or it is not",
        column="inside",
        holds=lambda inside: inside if all_of_them else inside.is_not_null(),
    )


def _better_than_uniform(vocabulary: int) -> Rule:
    return Rule(
        "better-than-uniform",
        "the mean log loss is no worse than that of guessing all ids alike (log V)",
        pl.col("log_loss").list.explode().mean(),
        high=math.log(vocabulary),
        severity="warn",
    )
