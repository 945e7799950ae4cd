"""The values that a law is fitted to: one quantity of every model of a series, and how they vary.

EntCE and drift are of all steps that were measured, the slope of drift of the first of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from calibration.statistics.drift_slope import DriftSlope
from calibration.statistics.ent_ce import (
    DRIFT,
    ENT_CE,
    Quantity,
    cluster_lengths,
    influence,
    paired_covariance,
)
from calibration.statistics.horizons import HorizonSums
from calibration.statistics.intervals import Interval, effective_clusters, jackknife
from calibration.statistics.ragged import Floats

OF_ALL_STEPS: Final = {"ent_ce": ENT_CE, "drift": DRIFT}
SLOPE: Final = "drift_slope"
FITTED: Final = (*OF_ALL_STEPS, SLOPE)
NAMES: Final = {"ent_ce": "EntCE", "drift": "drift", SLOPE: "drift slope"}  # as people write them


class Statistic(Protocol):
    """A smooth function of cluster sums, with what each cluster adds to it."""

    def select(self, measured: HorizonSums) -> Floats:
        """The sums it needs.  # (clusters, ...)"""

    def of(self, totals: Floats) -> Floats:
        """Its value at totals of such sums, which may have axes before."""

    def influence(self, sums: Floats) -> Floats:
        """The influence of each cluster.  # (clusters,)"""


@dataclass(frozen=True)
class OfAllSteps:
    """A quantity over every step up to the last horizon."""

    quantity: Quantity

    def select(self, measured: HorizonSums) -> Floats:
        last: Floats = measured.sums[:, -1]
        return last

    def of(self, totals: Floats) -> Floats:
        return self.quantity.of(totals)

    def influence(self, sums: Floats) -> Floats:
        return influence(sums, self.quantity)


@dataclass(frozen=True)
class SeriesValues:
    """One quantity of K models: values with intervals, nan where undefined, and covariance."""

    intervals: tuple[Interval, ...]
    covariance: Floats  # (K, K)
    clusters: int  # of the model that has the fewest
    effective_clusters: float  # as many of equal length say as much

    @property
    def values(self) -> list[float]:
        return [one.value for one in self.intervals]


def series_values(quantity: str, measured: Sequence[HorizonSums], *, level: float) -> SeriesValues:
    """One of FITTED for each model, nats a step (a step, for the slope), over shared texts."""
    statistics = [_statistic(quantity, one) for one in measured]
    sums = [of.select(one) for of, one in zip(statistics, measured, strict=True)]
    effective = [effective_clusters(cluster_lengths(one.sums[:, -1])) for one in measured]
    every = list(zip(statistics, sums, effective, strict=True))
    return SeriesValues(
        intervals=tuple(
            jackknife(rows, of.of, level=level, effective=texts) for of, rows, texts in every
        ),
        covariance=paired_covariance(
            [one.clusters for one in measured], [of.influence(rows) for of, rows, _ in every]
        ),
        clusters=min(len(one.clusters) for one in measured),
        effective_clusters=min(effective),
    )


def _statistic(quantity: str, measured: HorizonSums) -> Statistic:
    if quantity == SLOPE:
        return DriftSlope(measured.steps)
    return OfAllSteps(OF_ALL_STEPS[quantity])
