"""What must be true of the spread of texts: quantiles of their entropy, stretch by stretch.

One summary's, or those of several models side by side, told apart by their labels.
"""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from calibration.tables import SUMMARY_SPREAD
from expectations.rules import Rule, every_row, in_words, within
from expectations.summaries import SIDES, SUM_ROUNDING

QUANTILES = tuple(name for name in SUMMARY_SPREAD if name.startswith("q"))


def spread_rules(*, labels: Sequence[str], positions: int | None) -> tuple[Rule, ...]:
    """The rules of SUMMARY_SPREAD, or of SPREAD with its labels.

    `positions` is the number of steps that the texts were summed over; None where it varies.
    """
    first, last = pl.col("first"), pl.col("last")
    stretch = in_words(
        ", ".join("{}" for _ in (*labels, "side")) + ": {} to {}",
        *(pl.col(name) for name in (*labels, "side")),
        first,
        last,
    )
    before = last.shift(1).over([*labels, "side"]).fill_null(0)
    sides = pl.struct(*labels, "side").n_unique().cast(pl.Int64)
    measured = pl.struct(*labels).n_unique().cast(pl.Int64) if labels else pl.lit(1)
    furthest = within(last, 1, positions)
    quantiles = [pl.col(name) for name in QUANTILES]
    rises = [within(higher - lower, -SUM_ROUNDING, None) for lower, higher in pairwise(quantiles)]
    return (
        Rule(
            "spread-of-both-sides",
            "the spread is given of own and of human texts: sides lacking",
            2 * measured - sides,
            low=0,
            high=0,
        ),
        every_row(
            "spread-side-known",
            f"every spread is of texts that are {' or '.join(SIDES)}",
            holds=pl.col("side").is_in(SIDES),
            words=stretch,
        ),
        every_row(
            "spread-contiguous",
            "stretches count steps from 1 without a gap"
            + ("" if positions is None else f", to {positions} at most"),
            holds=(first == before + 1) & (last >= first) & furthest,
            words=stretch,
        ),
        every_row(
            "spread-in-order",
            "quantiles of entropy are finite, not negative, and rise",
            holds=within(quantiles[0], 0, None) & pl.all_horizontal(rises),
            words=in_words("{}: {}, {}, {}, {}, {}", stretch, *quantiles),
        ),
    )
