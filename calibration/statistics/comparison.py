"""Two measurements side by side: differences with intervals, paired over the texts they share.

Positive means that the second is larger. Where the texts are shared, what a text does to both
cancels; where they are not, the two errors add. Takes SUMMARY_EXAMPLES at their last horizon, nats
a step of their unit. Knows no models and no studies.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from calibration.statistics.ent_ce import (
    COLUMNS,
    DRIFT,
    ENT_CE,
    LOG_LOSS,
    STATIC,
    Quantity,
    Ratio,
    cluster_lengths,
    cluster_totals,
    defined,
)
from calibration.statistics.intervals import (
    LEVEL,
    Interval,
    critical_value,
    effective_clusters,
    jackknife,
)
from calibration.statistics.ragged import Floats

COMPARED: dict[str, Quantity | Ratio] = {
    "ent_ce": ENT_CE,
    "drift": DRIFT,
    "static": STATIC,
    "log_loss": LOG_LOSS,
}
# Of the texts of the side that has fewer: with less in common, pairing throws most of both away.
SHARED_ENOUGH = 0.5


@dataclass(frozen=True)
class Difference:
    """One quantity on each side, and second - first; nan where undefined.

    A log loss may be infinite, and then has no difference.
    """

    quantity: str
    first: float
    second: float
    difference: Interval


@dataclass(frozen=True)
class Comparison:
    """Two measurements compared; `shared` counts the source texts that both have."""

    clusters_first: int
    clusters_second: int
    shared: int
    paired: bool
    differences: tuple[Difference, ...]


def comparison(first: pl.DataFrame, second: pl.DataFrame, *, level: float = LEVEL) -> Comparison:
    """Differences second - first of every quantity of COMPARED.

    Paired: over the shared source texts alone, the jackknife of the difference, t_{G-1}. Unpaired,
    where too few are shared: over all texts, se² = se_1² + se_2² of the two jackknifes, and the
    degrees of freedom of Welch and Satterthwaite. G counts uneven texts as `effective_clusters`,
    the fewer of the two sides where they are paired.
    """
    sides = [cluster_totals(one) for one in (first, second)]
    counts = [len(one) for one in sides]
    shared = sides[0].join(sides[1], on="cluster", how="semi").select("cluster")
    paired = len(shared) >= max(2, SHARED_ENOUGH * min(counts))
    if paired:
        sides = [one.join(shared, on="cluster", how="semi").sort("cluster") for one in sides]
    totals = [one.select(COLUMNS).to_numpy() for one in sides]
    sums = [defined(one) for one in totals]
    interval = _paired if paired else _unpaired
    return Comparison(
        clusters_first=counts[0],
        clusters_second=counts[1],
        shared=len(shared),
        paired=paired,
        differences=tuple(
            Difference(
                name,
                float(quantity.of(totals[0].sum(axis=0))),
                float(quantity.of(totals[1].sum(axis=0))),
                interval(sums[0], sums[1], quantity, level),
            )
            for name, quantity in COMPARED.items()
        ),
    )


def _paired(first: Floats, second: Floats, quantity: Quantity | Ratio, level: float) -> Interval:
    width = first.shape[1]

    def difference(totals: Floats) -> Floats:
        result: Floats = quantity.of(totals[..., width:]) - quantity.of(totals[..., :width])
        return result

    effective = min(_effective(first), _effective(second))
    return jackknife(np.hstack([first, second]), difference, level=level, effective=effective)


def _unpaired(first: Floats, second: Floats, quantity: Quantity | Ratio, level: float) -> Interval:
    texts = np.array([_effective(first), _effective(second)])
    one, other = (
        jackknife(sums, quantity.of, level=level, effective=effective)
        for sums, effective in zip((first, second), texts, strict=True)
    )
    value = other.value - one.value
    variances = np.array([one.standard_error**2, other.standard_error**2])
    error = float(np.sqrt(variances.sum()))
    if not error > 0:  # nothing varies, or a side has one text and no spread
        return Interval(value, error, value - error, value + error)
    degrees = error**4 / float((variances**2 / (texts - 1)).sum())
    half = critical_value(level, degrees) * error
    return Interval(value, error, value - half, value + half)


def _effective(sums: Floats) -> float:
    return effective_clusters(cluster_lengths(sums))
