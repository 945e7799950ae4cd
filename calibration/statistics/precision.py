"""The standard error of EntCE that a study can expect, and what would bring it to a target.

What one example adds to EntCE is its influence value ψ. Examples of one source text share a part
of it: ψ = cluster effect + example effect, with standard deviations s_c and s_e, so that
se² = s_c²/G + s_e²/n for n examples from G source texts. An example's own part averages over its
steps and falls as 1/sqrt(steps); what a text shares does not. Nats a step of the unit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.statistics.ent_ce import COLUMNS, ENT_CE, defined, influence
from calibration.statistics.intervals import LEVEL, critical_value
from calibration.statistics.ragged import Floats

HALF_WIDTH = 0.01  # nats: a fifth of the EntCE of .05 that is the least the paper reports
FEWEST_CLUSTERS = 2  # with one, no spread between texts can be seen


class Variances(NamedTuple):
    """What two values of one cluster share, and what each has alone."""

    between: float
    within: float


@dataclass(frozen=True)
class Components:
    """Standard deviations of an example's influence on EntCE, for continuations of `steps`."""

    cluster: float
    example: float
    steps: float

    def after(self, steps: float) -> "Components":
        """The same for continuations of another length."""
        return Components(self.cluster, self.example * math.sqrt(self.steps / steps), steps)

    def standard_error(self, clusters: float, examples: float) -> float:
        """sqrt(s_c²/G + s_e²/n)."""
        return math.sqrt(self.cluster**2 / clusters + self.example**2 / examples)


@dataclass(frozen=True)
class Needed:
    """What gives intervals of a half-width: more examples of the same texts, or more texts."""

    examples: int | None  # None where no number of them does
    clusters: int  # with as many examples a text as now


def variance_components(values: Floats, clusters: NDArray[np.generic]) -> Variances | None:
    """Variances between and within clusters by one-way unbalanced analysis of variance.

    E[MS within] = σ²_w and E[MS between] = σ²_w + n0 σ²_b, n0 = (n - Σ n_g²/n)/(G-1); a negative
    estimate is 0. Where every cluster has one value the two cannot be told apart, and all counts
    as between clusters: then more values of the same clusters are not taken to help. None with
    fewer than two clusters.
    """
    _, index, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    total, groups = len(values), len(sizes)
    if groups < FEWEST_CLUSTERS:
        return None
    means = np.bincount(index, weights=values) / sizes
    squares_between = float((sizes * (means - values.mean()) ** 2).sum())
    mean_square = squares_between / (groups - 1)
    if total == groups:
        return Variances(mean_square, 0.0)
    within = float(((values - means[index]) ** 2).sum()) / (total - groups)
    size = (total - float((sizes**2).sum()) / total) / (groups - 1)
    return Variances(max(0.0, (mean_square - within) / size), within)


def components(summary_examples: pl.DataFrame) -> Components | None:
    """What a measurement says of a study of the same texts.

    SUMMARY_EXAMPLES, read at their last horizon. None with one source text, or where there is no
    EntCE (an infinite log loss).
    """
    sums = defined(summary_examples.select(pl.col(COLUMNS).list.last()).to_numpy())
    values = influence(sums, ENT_CE)
    found = variance_components(values, summary_examples["cluster"].to_numpy())
    if found is None or not np.isfinite(values).all():
        return None
    steps = float(summary_examples["horizons"][0][-1])
    return Components(math.sqrt(found.between), math.sqrt(found.within), steps)


def half_width(error: float, clusters: float, *, level: float = LEVEL) -> float:
    """That of the interval of a standard error over `clusters`, t_{G-1}; nan with fewer than two.

    Uneven clusters count as `effective_clusters`, as in the interval that is expected.
    """
    if clusters < FEWEST_CLUSTERS:
        return math.nan
    return critical_value(level, clusters - 1) * error


def needed(
    spread: Components,
    *,
    clusters: int,
    examples: int,
    effective: float | None = None,
    target: float = HALF_WIDTH,
    level: float = LEVEL,
) -> Needed:
    """The fewest examples of the same source texts, and the fewest source texts, for `target`.

    `effective` is how many even ones the `clusters` count for, all of them unless it is given; more
    texts are taken to be as uneven.
    """
    evenness = 1.0 if effective is None else effective / clusters

    def reached(texts: int) -> bool:
        error = spread.standard_error(texts, texts * examples / clusters)
        return half_width(error, max(evenness * texts, FEWEST_CLUSTERS), level=level) <= target

    return Needed(
        examples=_examples_needed(spread, clusters, evenness * clusters, target, level),
        clusters=_first(reached),
    )


def _examples_needed(
    spread: Components, clusters: int, effective: float, target: float, level: float
) -> int | None:
    if effective < FEWEST_CLUSTERS:
        return None
    error = target / critical_value(level, effective - 1)
    left = error**2 - spread.cluster**2 / clusters
    if left <= 0:
        return None
    return max(clusters, math.ceil(spread.example**2 / left))


def _first(reached: Callable[[int], bool]) -> int:
    """The least number from FEWEST_CLUSTERS on at which something monotone holds."""
    high = FEWEST_CLUSTERS
    while not reached(high):
        high *= 2
    low = max(FEWEST_CLUSTERS, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return high
