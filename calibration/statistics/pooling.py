"""Exponents of several series whose models scatter alike: τ² is pooled, slopes are not.

A series of three to five models says almost nothing about its own scatter, and its interval pays
for that. Where the series of a study may be taken to scatter alike, all of them together say how
much. That is an assumption; the interval it buys stands beside the series' own, never in its place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from calibration.statistics.arguments import checked_series
from calibration.statistics.best_curve import Curve, Observed, best_curve
from calibration.statistics.intervals import LEVEL, critical_value
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import REFRESHES, scattered
from calibration.statistics.scatter import most_likely_scatter, restricted_criterion
from calibration.statistics.shrinkage import Sampling, sampling_of, text_degrees

SERIES_NEEDED = 2  # one series has nothing to share its scatter with


@dataclass(frozen=True)
class Points:
    """One series of three models or more: sizes (K,), values (K,), covariance (K, K)."""

    dataset: str
    sizes: Floats
    values: Floats
    covariance: Floats
    clusters: float | None


@dataclass(frozen=True)
class PooledFit:
    """The exponent of one series under the scatter of all."""

    exponent: float
    standard_error: float
    low: float
    high: float
    scatter: float
    df: float
    series: int  # that the scatter was estimated from


class _Measured(NamedTuple):
    """A series with its sampling covariance and its best curve under that alone."""

    points: Points
    sampling: Sampling
    curve: Curve

    def critical(self, level: float) -> float:
        return critical_value(level, text_degrees(self.points.clusters, len(self.points.sizes)))


def fit_pooled(series: Sequence[Points], *, level: float = LEVEL) -> list[PooledFit | None]:
    """The exponent of each series with an interval under one τ, in the order given.

    τ maximises the product of the series' restricted likelihoods, refreshed as for one series.
    The interval is b ± max(t SE sqrt(q), z SE(τ=0)): SE of the series under the common τ, q the
    weighted squared residuals of all series a degree of freedom, and t with Σ(K_s - 2) / (number
    of data sets) degrees of freedom, since the same models on several data sets scatter together.
    A series whose amplitude cannot be told from 0 by measurement says nothing of scatter and is
    left out: None; so are all where fewer than two are left.
    """
    measured = {
        position: found
        for position, points in enumerate(series)
        if (found := _measured(points)) is not None
        and found.curve.bounded(found.critical(level) ** 2)
    }
    fits: list[PooledFit | None] = [None] * len(series)
    if len(measured) < SERIES_NEEDED:
        return fits
    pooled = _pooled(list(measured.values()), level=level)
    for position, fit in zip(measured, pooled, strict=True):
        fits[position] = fit
    return fits


def _measured(points: Points) -> _Measured | None:
    sizes, values, covariance = checked_series(points.sizes, points.values, points.covariance)
    if not np.any(values):
        return None
    x = np.log(sizes)
    sampling = sampling_of(covariance, values, clusters=points.clusters)
    return _Measured(points, sampling, best_curve(Observed(x - x.mean(), values, sampling.trusted)))


def _pooled(series: Sequence[_Measured], *, level: float) -> list[PooledFit | None]:
    curves, scatter = [one.curve for one in series], 0.0
    for _ in range(REFRESHES):
        scatter = most_likely_scatter(
            np.sum([_criterion(*pair) for pair in zip(series, curves, strict=True)], axis=0)
        )
        curves = [
            best_curve(scattered(one.curve.observed, scatter=scatter, mean=curve.mean))
            for one, curve in zip(series, curves, strict=True)
        ]
    freedom = sum(len(curve.mean) - 2 for curve in curves)
    common = _Common(
        scatter=scatter,
        q=sum(curve.misfit for curve in curves) / freedom,
        df=freedom / len({one.points.dataset for one in series}),
        series=len(series),
    )
    return [
        _pooled_fit(one, curve, common, level=level)
        for one, curve in zip(series, curves, strict=True)
    ]


class _Common(NamedTuple):
    """What all series share."""

    scatter: float
    q: float
    df: float
    series: int


def _criterion(one: _Measured, curve: Curve) -> Floats:
    return restricted_criterion(
        one.curve.observed.x,
        one.curve.observed.values,
        mean=curve.mean,
        sampling=one.sampling.trusted,
    )


def _pooled_fit(one: _Measured, curve: Curve, common: _Common, *, level: float) -> PooledFit | None:
    texts, models = one.critical(level), critical_value(level, common.df)
    if not curve.bounded(max(models**2 * common.q, texts**2)):
        return None
    error = math.sqrt(curve.parameter_covariance[1, 1] * common.q)
    exact = math.sqrt(curve.measurement_covariance(one.sampling)[1, 1])
    half = max(models * error, texts * exact)
    return PooledFit(
        exponent=curve.exponent,
        standard_error=half / models,
        low=curve.exponent - half,
        high=curve.exponent + half,
        scatter=common.scatter,
        df=common.df,
        series=common.series,
    )
