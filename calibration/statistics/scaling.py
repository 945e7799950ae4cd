"""The power law y = A N^b over models of several sizes, with an interval for b that can be trusted.

Raw-scale generalised least squares with scatter between models: y ~ N(A e^{bx}, V + τ² diag(μ²)),
x = ln N centred. V is how texts make the values vary (and vary together), τ the standard
deviation of ln y around the law. y is never logged: it may be near zero or negative. Knows sizes
and values only, not what they are of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.statistics.arguments import SMALLEST, check_settings, checked_series
from calibration.statistics.best_curve import Curve, Observed, best_curve
from calibration.statistics.intervals import (
    LEVEL,
    critical_value,
    two_sided,
)
from calibration.statistics.ragged import Floats
from calibration.statistics.scatter import (
    heterogeneity,
    most_likely_scatter,
    restricted_criterion,
    scatter_interval,
)
from calibration.statistics.shrinkage import Sampling, sampling_of, text_degrees

MODELS_NEEDED = 3  # two models fix A and b and leave nothing to judge scatter by
REFRESHES = 3  # of the frozen mean; later ones were seen to change nothing


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted power law; what cannot be determined is None.

    Where `identified` is false, the amplitude cannot be told from zero at this level, or there are
    fewer than three models: then there is no exponent, and every value that needs one is None.
    """

    models: int
    level: float
    clusters: float | None
    reference_size: float  # the geometric mean size
    df: int  # models - 2
    identified: bool
    exponent: float | None = None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None  # of the exponent, scatter included, without sqrt(q)
    scatter: float | None = None  # τ, in units of ln y
    scatter_low: float | None = None
    scatter_high: float | None = None  # None too where it has no end below e² either way
    q: float | None = None  # weighted squared residuals a degree of freedom: about 1
    p_zero: float | None = None
    amplitude: float | None = None  # the fitted value at `reference_size`
    measurement_low: float | None = None  # for exactly these models: texts redrawn, models not
    measurement_high: float | None = None
    heterogeneity: float | None = None  # Cochran's Q: squared residuals by measurement alone
    p_heterogeneity: float | None = None
    i_squared: float | None = None
    # Covariance of (ln |amplitude|, exponent): between models (times q), and by measurement only.
    model_covariance: Floats | None = field(default=None, repr=False, compare=False)
    measurement_covariance: Floats | None = field(default=None, repr=False, compare=False)

    @property
    def half_width(self) -> float | None:
        """Half of the interval of the exponent."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def halving(self) -> float | None:
        """The factor of N that halves the quantity, 2^(-1/b)."""
        return _halving(self.exponent)

    @property
    def halving_low(self) -> float | None:
        """The factor at the steep end of the interval."""
        return _halving(self.low)

    @property
    def halving_high(self) -> float | None:
        """The factor at the flat end of the interval; None where no size may halve it."""
        return _halving(self.high)


def fit_power_law(
    size: Sequence[float] | Floats,
    ent_ce: Sequence[float] | Floats,
    covariance: Sequence[Sequence[float]] | Floats,
    *,
    level: float = LEVEL,
    clusters: float | None = None,
) -> PowerLawFit:
    """The exponent b of ent_ce = A size^b with its interval, p-value and scatter between models.

    `size` (K,) in any unit, `ent_ce` (K,) signed, `covariance` (K, K) of its sampling errors,
    `clusters` the number of source texts behind it, uneven ones counted as `effective_clusters`;
    None where the covariance is exact. The interval is b ± max(t_{K-2} SE sqrt(q), z SE(τ=0)), with
    t_{G-1-(K-2)} for z where clusters are few; the p-value is on the same scale, so that it lies
    below 1 - level exactly where the interval leaves out 0. Raises ValueError for values that are
    not finite, sizes that are not positive or all the same, or a covariance that is none.
    """
    sizes, values, errors = checked_series(size, ent_ce, covariance)
    check_settings(level, clusters)
    x = np.log(sizes)
    models, reference_size = len(sizes), float(np.exp(x.mean()))
    nothing = PowerLawFit(models, level, clusters, reference_size, models - 2, identified=False)
    if models < MODELS_NEEDED or not np.any(values):
        return nothing
    sampling = sampling_of(errors, values, clusters=clusters)
    measured = best_curve(Observed(x - x.mean(), values, sampling.trusted))
    curve = _with_scatter(measured)
    degrees, texts = models - 2, text_degrees(clusters, models)
    allowed = max(
        critical_value(level, degrees) ** 2 * curve.misfit / degrees,
        critical_value(level, texts) ** 2,
    )
    if not curve.bounded(allowed):
        return nothing
    return _with_interval(nothing, curve, measured=measured, sampling=sampling)


def _with_scatter(measured: Curve) -> Curve:
    """The best curve when models scatter too, the scatter estimated around it in turn."""
    curve = measured
    for _ in range(REFRESHES):
        scatter = most_likely_scatter(_criterion(curve, measured.observed))
        curve = best_curve(scattered(measured.observed, scatter=scatter, mean=curve.mean))
    return curve


def scattered(measured: Observed, *, scatter: float, mean: Floats) -> Observed:
    """The same values under V + τ² diag(μ²)."""
    widened = measured.covariance + scatter**2 * np.diag(mean**2)
    return Observed(measured.x, measured.values, widened)


def _criterion(curve: Curve, measured: Observed) -> Floats:
    return restricted_criterion(
        measured.x, measured.values, mean=curve.mean, sampling=measured.covariance
    )


def _with_interval(
    nothing: PowerLawFit, curve: Curve, *, measured: Curve, sampling: Sampling
) -> PowerLawFit:
    level, texts = nothing.level, text_degrees(nothing.clusters, nothing.models)
    q = curve.misfit / nothing.df
    between = curve.parameter_covariance
    by_texts = curve.measurement_covariance(sampling)
    error, exact_error = math.sqrt(between[1, 1]), math.sqrt(by_texts[1, 1])
    measurement = critical_value(level, texts) * exact_error
    half = max(critical_value(level, nothing.df) * error * math.sqrt(q), measurement)
    exponent = curve.exponent
    scatter = scatter_interval(_criterion(curve, measured.observed), level=level)
    spread = heterogeneity(measured.misfit, nothing.df, clusters=nothing.clusters)
    return PowerLawFit(
        models=nothing.models,
        level=level,
        clusters=nothing.clusters,
        reference_size=nothing.reference_size,
        df=nothing.df,
        identified=True,
        exponent=exponent,
        low=exponent - half,
        high=exponent + half,
        standard_error=error,
        scatter=scatter.value,
        scatter_low=scatter.low,
        scatter_high=scatter.high,
        q=q,
        p_zero=max(
            two_sided(exponent / max(error * math.sqrt(q), SMALLEST), nothing.df),
            two_sided(exponent / exact_error, texts),
        ),
        amplitude=curve.amplitude,
        measurement_low=exponent - measurement,
        measurement_high=exponent + measurement,
        heterogeneity=spread.q,
        p_heterogeneity=spread.p,
        i_squared=spread.i_squared,
        model_covariance=between * q,
        measurement_covariance=by_texts,
    )


def _halving(exponent: float | None) -> float | None:
    if exponent is None or exponent >= 0:
        return None
    logarithm = -math.log(2) / exponent
    return math.exp(logarithm) if logarithm < math.log(np.finfo(np.float64).max) else None
