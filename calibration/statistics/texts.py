"""Texts one by one: what tells a loop and a derailed text from the others, and how texts spread.

Loops of low entropy and derailed texts of high entropy can average to a calibrated mean, so means
are read beside these. Steps after a text's end do not count here. Nats a step of the unit.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from calibration.statistics.ragged import Floats, padded
from calibration.statistics.repetition import LONGEST, distinct_ngrams
from calibration.statistics.stepwise import with_draws
from calibration.tables import SUMMARY_SPREAD, SUMMARY_TEXTS

BINS = 10  # of a window: enough to see a trend, wide enough that a text's mean is steady
QUANTILES = {name: int(name[1:]) / 100 for name in SUMMARY_SPREAD if name.startswith("q")}
LOW, HIGH = 0.05, 0.95  # of human texts: with fewer outside, a share of few texts says nothing
SIDES = {"generated": "entropy", "human": "teacher_entropy"}


def summary_texts(
    stepwise: pl.DataFrame, samples: pl.DataFrame, examples: pl.DataFrame, years: pl.DataFrame
) -> pl.DataFrame:
    """One row a generated text: mean entropies and loss, distinct n-grams of both sides.

    STEPWISE, SAMPLES and EXAMPLES of the same examples and TEXTS (for the years) give
    SUMMARY_TEXTS.
    """
    grams = (
        with_draws(samples)
        .select("example", "draw", generated="tokens")
        .join(examples.select("example", human="continuation_ids"), on="example")
    )
    distinct = pl.DataFrame(
        [
            [example, draw, *distinct_ngrams(generated), *distinct_ngrams(human)]
            for example, draw, generated, human in grams.iter_rows()
        ],
        schema={
            "example": pl.Int32(),
            "draw": pl.Int32(),
            **{
                f"distinct_{n}_{side}": pl.Float64()
                for side in SIDES
                for n in range(1, LONGEST + 1)
            },
        },
        orient="row",
    )
    means = stepwise.select(
        "cluster",
        "example",
        "draw",
        entropy=_mean("entropy", "generated"),
        teacher_entropy=_mean("teacher_entropy", "human"),
        log_loss=_mean("log_loss", "human"),
    )
    joined = means.join(distinct, on=["example", "draw"])
    dated = joined.join(years.select("example", "year"), on="example")
    return dated.sort("example", "draw").select(list(SUMMARY_TEXTS))


def summary_spread(stepwise: pl.DataFrame) -> pl.DataFrame:
    """Quantiles over texts of their mean entropy, in ten stretches of the window.

    STEPWISE gives SUMMARY_SPREAD. A text is counted in the stretches it reaches.
    """
    longest = int(stepwise["log_loss"].list.len().max())  # type: ignore[arg-type]
    edges = np.unique(np.rint(np.linspace(0, longest, BINS + 1)).astype(int))
    rows = [row for side in SIDES for row in _spread_rows(stepwise, side, edges.tolist())]
    return pl.DataFrame(rows, schema=SUMMARY_SPREAD, orient="row")


def outlying_shares(summary_texts: pl.DataFrame) -> tuple[float, float]:
    """The shares of own texts with a mean entropy below and above nearly all human texts.

    SUMMARY_TEXTS gives (looping, derailed): below the 5th and above the 95th percentile of the
    same model's entropies on the human texts; 0.05 each where both are spread alike.
    """
    human = summary_texts["teacher_entropy"].to_numpy()
    low, high = np.quantile(human, [LOW, HIGH])
    own = summary_texts["entropy"].to_numpy()
    return float((own < low).mean()), float((own > high).mean())


def _mean(name: str, side: str) -> pl.Expr:
    # A step after the end holds no token, and zeros.
    return pl.col(name).list.sum() / pl.col(f"tokens_{side}").list.eval(pl.element() > 0).list.sum()


def _spread_rows(
    stepwise: pl.DataFrame, side: str, edges: list[int]
) -> Iterator[tuple[object, ...]]:
    for start, stop in pairwise(edges):
        means = _means_between(stepwise, side, start, stop)
        if len(means):
            quantiles = np.quantile(means, list(QUANTILES.values())).tolist()
            yield side, start + 1, stop, *quantiles


def _means_between(stepwise: pl.DataFrame, side: str, start: int, stop: int) -> Floats:
    width = stop - start
    values = padded(stepwise[SIDES[side]].list.slice(start, width), width)
    real = padded(stepwise[f"tokens_{side}"].list.slice(start, width), width) > 0
    counts = real.sum(axis=1)
    means: Floats = values.sum(axis=1)[counts > 0] / counts[counts > 0]
    return means
