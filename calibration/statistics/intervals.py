"""Intervals over independent clusters: critical values and the delete-one-cluster jackknife.

The cluster (the source text) is what is independent; its number G gives the degrees of freedom
G - 1. Where some clusters are much longer than others, a few of them decide, and G is what clusters
of one length would have to be to say as much. With one cluster no spread can be seen, so the
interval is undefined (nan) and never zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from calibration.statistics.ragged import Floats

LEVEL = 0.95  # what readers expect of an interval that states nothing else
FEW_CLUSTERS = (
    40  # below, intervals from uneven clusters were measured to cover up to .03 too little
)
NORMAL_CLUSTERS = 1000  # from here on t and normal critical values differ by less than .2 %


@dataclass(frozen=True)
class Interval:
    """A value with its standard error and the ends of its interval; nan where undefined."""

    value: float
    standard_error: float
    low: float
    high: float


@cache
def critical_value(level: float, degrees: float | None = None) -> float:
    """The two-sided critical value: of t with `degrees` of freedom, or of the normal without."""
    tail = (1 - level) / 2
    return float(stats.norm.isf(tail) if degrees is None else stats.t.isf(tail, degrees))


def two_sided(statistic: float, degrees: float | None = None) -> float:
    """The two-sided p-value of `statistic`, on the scale of `critical_value`."""
    tail = abs(statistic)
    return float(2 * (stats.norm.sf(tail) if degrees is None else stats.t.sf(tail, degrees)))


def effective_clusters(lengths: Floats) -> float:
    """(Σ n)² / Σ n²: how many clusters of equal length weigh as evenly as these.  # (clusters,)

    Never below 2 where there are 2. With 20 clusters whose lengths have a logarithmic standard
    deviation of .8, t_{G-1} covers .92 of nominal .95, this .935. Kish (1965), Survey Sampling.
    """
    squares = float((lengths**2).sum())
    if len(lengths) < 2 or squares == 0:
        return float(len(lengths))
    return max(2.0, float(lengths.sum()) ** 2 / squares)


def cluster_degrees(clusters: float | None) -> float | None:
    """Degrees of freedom of a mean over `clusters`; none where the normal is as good."""
    return None if clusters is None or clusters >= NORMAL_CLUSTERS else clusters - 1


def few_clusters(clusters: int) -> str | None:
    """A warning in words when there are too few clusters for an interval to be trusted."""
    if clusters >= FEW_CLUSTERS:
        return None
    return f"intervals are approximate below {FEW_CLUSTERS} source texts, found {clusters}"


def jackknife(
    sums: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    level: float = LEVEL,
    effective: float | None = None,
) -> Interval:
    """The value of `statistic` with its exact delete-one-cluster jackknife interval, t_{G-1}.

    `sums` are cluster sums, (clusters, columns). `statistic` maps totals (..., columns) to values
    (...). se² = (G-1)/G Σ_g (θ_(g) - mean θ_(.))². `effective` clusters count for t, all of them
    unless it is given. Without a finite value there is no interval.
    """
    clusters = len(sums)
    total = sums.sum(axis=0)
    value = float(statistic(total))
    if clusters < 2 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan, np.nan)
    without_one = statistic(total - sums)
    spread = ((without_one - without_one.mean()) ** 2).sum()
    error = float(np.sqrt((clusters - 1) / clusters * spread))
    half = critical_value(level, (effective or clusters) - 1) * error
    return Interval(value, error, value - half, value + half)
