"""What must be true of Rescores: generated texts read by other weights than those that made them.

Whether the other weights agree with the sampler is what such a study measures, so no rule asks.
"""

import math

import polars as pl

from calibration.engine.decoding import Decoding
from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.steps import (
    END_PROBABILITY,
    LOG_ROUNDING,
    entropies_in_range,
    same_length,
)

VERSION: int = 1


def beside_texts(rescores: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Row by row, with the `sampled_example` and `sampled_cluster` of the text and its `steps`.

    Null where one of the two tables has no such row.
    """
    texts = samples.select(
        sampled_example="example",
        sampled_cluster="cluster",
        steps=pl.col("tokens").list.len(),
    )
    return pl.concat([rescores, texts], how="horizontal")


def rescores_rules(*, vocabulary: int, decoding: Decoding) -> tuple[Rule, ...]:
    """The rules of Rescores beside the texts they are of (`beside_texts`), for that many ids."""
    steps, values = pl.col("steps"), pl.col("entropy").list.len()
    return (
        Rule("some-rescores", "there is a text read again", pl.len(), low=1),
        every_row(
            "same-texts",
            "the rows are those of the samples, in their order",
            holds=(pl.col("example") == pl.col("sampled_example"))
            & (pl.col("cluster") == pl.col("sampled_cluster")),
            words=in_words("{}, in the samples {}", EXAMPLE, pl.col("sampled_example")),
        ),
        same_length("one-value-a-step", ("entropy", "log_prob", "end_probability")),
        every_row(
            "read-to-the-end",
            "every token of the text is read, and no other",
            holds=values == steps,
            words=in_words("{}: {} read of {}", EXAMPLE, values, steps),
        ),
        entropies_in_range("entropy", vocabulary),
        _log_prob_in_range(decoding),
        END_PROBABILITY,
    )


def _log_prob_in_range(decoding: Decoding) -> Rule:
    or_outside = ", or is outside what the decoding allows" if decoding.is_pure else ""
    return every_step(
        "token-possible",
        f"every token has a probability above 0 and at most 1{or_outside}",
        column="log_prob",
        holds=lambda log_prob: (
            within(log_prob, None, LOG_ROUNDING)
            | (pl.lit(value=decoding.is_pure) & (log_prob == -math.inf))
        ),
    )
