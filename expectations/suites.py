"""Which rules judge which table: one function a kind of artifact, each returning its verdict.

A verdict (schema VERDICT) has one row a rule. The version of a suite is part of the verdict's
recipe: a new rule judges again without remaking anything.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from calibration.recipes import AtEnd, Precision
from expectations import examples as examples_suite
from expectations import fits as fits_suite
from expectations import samples as samples_suite
from expectations import scores as scores_suite
from expectations import summaries as summaries_suite
from expectations import texts as texts_suite
from expectations.judge import judge
from expectations.replay import beside_samples, replay_rules
from expectations.rules import Case
from expectations.sources import attendance, beside, same_examples

VERSIONS: Final[dict[str, int]] = {
    "texts": texts_suite.VERSION,
    "examples": examples_suite.VERSION,
    "samples": samples_suite.VERSION,
    "scores": scores_suite.VERSION,
    "summaries": summaries_suite.VERSION,
    "fits": fits_suite.VERSION,
    "study-fits": fits_suite.VERSION,
}


def texts_verdict(texts: pl.DataFrame, *, span_bytes: int, examples: int) -> pl.DataFrame:
    """The verdict on TEXTS that were to be `examples` spans of at most `span_bytes`."""
    rules = texts_suite.texts_rules(span_bytes=span_bytes, examples=examples)
    return judge([Case(texts, rules)])


def examples_verdict(
    examples: pl.DataFrame,
    *,
    prompt: int,
    continuation: int,
    vocabulary: int | None,
    left_out: int,
) -> pl.DataFrame:
    """The verdict on EXAMPLES of one tokenizer, for which `left_out` spans gave no example.

    `prompt` and `continuation` are in tokens; every prompt has its length, a continuation may
    have less.
    """
    rules = examples_suite.examples_rules(
        prompt=prompt,
        continuation=continuation,
        vocabulary=vocabulary,
        left_out=left_out,
    )
    return judge([Case(examples, rules)])


def samples_verdict(
    samples: pl.DataFrame,
    replay: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    vocabulary: int,
    at_end: AtEnd,
    end_ids: Sequence[int],
    precision: Precision,
) -> pl.DataFrame:
    """The verdict on SAMPLES of EXAMPLES, the gate of their REPLAY included."""
    rules = samples_suite.samples_rules(vocabulary=vocabulary, at_end=at_end, end_ids=end_ids)
    gate = replay_rules(replay, samples, precision=precision)
    return judge(
        [
            Case(attendance(samples, examples), same_examples()),
            Case(beside(samples, examples), rules),
            Case(beside_samples(replay, samples), gate),
        ]
    )


def scores_verdict(
    scores: pl.DataFrame, examples: pl.DataFrame, *, vocabulary: int
) -> pl.DataFrame:
    """The verdict on SCORES of the human continuations of EXAMPLES."""
    rules = scores_suite.scores_rules(vocabulary=vocabulary)
    return judge(
        [
            Case(attendance(scores, examples), same_examples()),
            Case(beside(scores, examples), rules),
        ]
    )


def summary_verdict(
    summary_examples: pl.DataFrame, summary_positions: pl.DataFrame, *, precision: Precision
) -> pl.DataFrame:
    """The verdict on SUMMARY_EXAMPLES and SUMMARY_POSITIONS of one model under one decoding."""
    positions = summaries_suite.summary_position_rules(summary_examples, precision=precision)
    return judge(
        [
            Case(summary_examples, summaries_suite.summary_example_rules()),
            Case(summary_positions, positions),
        ]
    )


def fit_verdict(ent_ce: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """The verdict on FITS and the ENT_CE that they rest on, of one series or of several."""
    return judge(
        [
            Case(ent_ce, fits_suite.ent_ce_rules()),
            Case(fits_suite.beside_series(fits, ent_ce), fits_suite.fits_rules()),
        ]
    )
