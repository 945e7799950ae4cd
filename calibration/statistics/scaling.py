"""The power law y = A N^b over models of several sizes, with an interval for b that can be trusted.

Raw-scale generalised least squares with scatter between models: y ~ N(A e^{bx}, V + τ² diag(μ²)),
x = ln N centred. V is how texts make the values vary (and vary together), τ the standard
deviation of ln y around the law. y is never logged: it may be near zero or negative. Given b, A is
linear, so that b is profiled on a grid and polished: no starting values. Knows sizes and values
only, not what they are of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.statistics.intervals import (
    LEVEL,
    cluster_degrees,
    critical_value,
    two_sided,
)
from calibration.statistics.ragged import Floats

MODELS_NEEDED = 3  # two models fix A and b and leave nothing to judge scatter by
REFRESHES = 3  # of the frozen mean; later ones were seen to change nothing
# At b = ±30 / (range of ln size) the smallest and the largest model differ by e^30: infinity.
EXPONENT_LIMIT = 30.0
EXPONENT_STEPS = 401  # the profile is smooth on the scale of 1 / (range of ln size)
POLISHES, POLISH_STEPS = 5, 65  # each narrows the bracket 32 times, down to rounding
# τ from .1 %, which no study can see, to e^2 either way, in steps of 7 %; zero is tried too.
SCATTERS: Floats = np.concatenate([[0.0], np.geomspace(1e-3, 2.0, 113)])
# No measured variance is known to one part in a million; keeps a V of few texts invertible.
RIDGE = 1e-6
FLOOR = 1e-12  # of the mean square value: the variance that exact values are given
SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted power law; what cannot be determined is None.

    Where `identified` is false, the amplitude cannot be told from zero at this level, or there are
    fewer than three models: then there is no exponent, and every value that needs one is None.
    """

    models: int
    level: float
    clusters: int | None
    reference_size: float  # the geometric mean size
    df: int  # models - 2
    identified: bool
    exponent: float | None = None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None  # of the exponent, scatter included, without sqrt(q)
    scatter: float | None = None
    q: float | None = None  # weighted squared residuals a degree of freedom: about 1
    p_zero: float | None = None
    amplitude: float | None = None  # the fitted value at `reference_size`
    measurement_low: float | None = None  # for exactly these models: texts redrawn, models not
    measurement_high: float | None = None
    # Covariance of (ln |amplitude|, exponent): between models (times q), and by measurement only.
    model_covariance: Floats | None = field(default=None, repr=False, compare=False)
    measurement_covariance: Floats | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class _Curve:
    """The best curve under one covariance, and the covariance it was fitted under."""

    exponent: float
    mean: Floats
    misfit: float
    covariance: Floats


def fit_power_law(
    size: Sequence[float] | Floats,
    ent_ce: Sequence[float] | Floats,
    covariance: Sequence[Sequence[float]] | Floats,
    *,
    level: float = LEVEL,
    clusters: int | None = None,
) -> PowerLawFit:
    """The exponent b of ent_ce = A size^b with its interval, p-value and scatter between models.

    `size` (K,) in any unit, `ent_ce` (K,) signed, `covariance` (K, K) of its sampling errors,
    `clusters` the number of source texts behind it. The interval is b ± max(t_{K-2} SE sqrt(q),
    z SE(τ=0)), with t_{G-1} for z where clusters are few; the p-value is on the same scale, so
    that it is below 1 - level exactly where the interval leaves out 0. Raises ValueError for
    values that are not finite, sizes that are not positive or all the same, or a covariance that
    is none.
    """
    sizes, values, sampling = _checked(size, ent_ce, covariance)
    _check_settings(level, clusters)
    x = np.log(sizes)
    models, reference_size = len(sizes), float(np.exp(x.mean()))
    nothing = PowerLawFit(models, level, clusters, reference_size, models - 2, identified=False)
    if models < MODELS_NEEDED or not np.any(values):
        return nothing
    x = x - x.mean()
    sampling = _invertible(sampling, values)
    curve = _best_curve(x, values, sampling)
    scatter = 0.0
    for _ in range(REFRESHES):
        scatter = _scatter(x, values, curve.mean, sampling)
        curve = _best_curve(x, values, sampling + scatter**2 * np.diag(curve.mean**2))
    if not _identified(x, values, curve, level=level, clusters=clusters):
        return nothing
    return _with_interval(nothing, x, curve, sampling=sampling, scatter=scatter)


def band(fit: PowerLawFit, sizes: Sequence[float] | Floats) -> pl.DataFrame:
    """The fitted line at `sizes` with its pointwise interval: columns size, fitted, low, high.

    By the delta method, on the scale of the exponent's own interval. It is the interval of the
    line, not of a new model. Raises ValueError where the fit has no exponent.
    """
    if (
        fit.exponent is None
        or fit.amplitude is None
        or fit.model_covariance is None
        or fit.measurement_covariance is None
    ):
        raise ValueError("a fit with an exponent was expected, found one that is not identified")
    at = _positive(_numbers(sizes, "size"))
    x = np.log(at / fit.reference_size)
    fitted = fit.amplitude * np.exp(fit.exponent * x)
    gradient = np.stack([np.ones_like(x), x])
    half = np.abs(fitted) * np.maximum(
        critical_value(fit.level, fit.df) * _deviation(fit.model_covariance, gradient),
        critical_value(fit.level, cluster_degrees(fit.clusters))
        * _deviation(fit.measurement_covariance, gradient),
    )
    return pl.DataFrame({"size": at, "fitted": fitted, "low": fitted - half, "high": fitted + half})


def _best_curve(x: Floats, values: Floats, covariance: Floats) -> _Curve:
    """The least-squares curve under `covariance`, wherever on the grid of exponents it lies."""
    whitener = np.linalg.inv(np.linalg.cholesky(covariance))
    grid = _exponent_grid(x)
    spacing = float(grid[1] - grid[0])
    exponent = float(grid[np.argmin(_misfits(grid, x, values, whitener))])
    for _ in range(POLISHES):
        fine = exponent + np.linspace(-spacing, spacing, POLISH_STEPS)
        exponent = float(fine[np.argmin(_misfits(fine, x, values, whitener))])
        spacing = float(fine[1] - fine[0])
    mean = _curve_means(np.array([exponent]), x, values, whitener)[0]
    misfit = float(((whitener @ (values - mean)) ** 2).sum())
    return _Curve(exponent, mean, misfit, covariance)


def _exponent_grid(x: Floats) -> Floats:
    return np.linspace(-EXPONENT_LIMIT, EXPONENT_LIMIT, EXPONENT_STEPS) / np.ptp(x)


def _curve_means(exponents: Floats, x: Floats, values: Floats, whitener: Floats) -> Floats:
    """The curve of each exponent with its best amplitude.  # (exponents, K)"""
    powers = exponents[:, None] * x
    shapes = np.exp(powers - powers.max(axis=1, keepdims=True))
    whitened = shapes @ whitener.T
    amplitudes = whitened @ (whitener @ values) / (whitened**2).sum(axis=1)
    means: Floats = amplitudes[:, None] * shapes
    return means


def _misfits(exponents: Floats, x: Floats, values: Floats, whitener: Floats) -> Floats:
    """Q(b) = rᵀ Σ⁻¹ r with the best amplitude of each exponent.  # (exponents,)"""
    residuals = values - _curve_means(exponents, x, values, whitener)
    squares: Floats = ((residuals @ whitener.T) ** 2).sum(axis=1)
    return squares


def _scatter(x: Floats, values: Floats, mean: Floats, sampling: Floats) -> float:
    """The τ of the grid with the largest restricted likelihood, `mean` frozen."""
    if np.abs(mean).max() < SMALLEST:
        return 0.0
    covariances = sampling + SCATTERS[:, None, None] ** 2 * np.diag(mean**2)
    factors = np.linalg.cholesky(covariances)
    columns = np.stack([mean, mean * x, values - mean], axis=1)
    whitened = np.linalg.solve(factors, np.broadcast_to(columns, (len(SCATTERS), *columns.shape)))
    # By QR and not by JᵀΣ⁻¹J, whose determinant cancels where one model carries the whole mean.
    basis, triangle = np.linalg.qr(whitened[:, :, :2])
    residual = whitened[:, :, 2:]
    residual = residual - basis @ (np.swapaxes(basis, 1, 2) @ residual)
    diagonals = (np.diagonal(matrix, axis1=1, axis2=2) for matrix in (factors, triangle))
    log_factors, log_triangle = (
        np.log(np.maximum(np.abs(diagonal), SMALLEST)).sum(axis=1) for diagonal in diagonals
    )
    criterion = 2 * log_factors + 2 * log_triangle + (residual**2).sum(axis=(1, 2))
    return float(SCATTERS[np.argmin(criterion)])


def _identified(
    x: Floats, values: Floats, curve: _Curve, *, level: float, clusters: int | None
) -> bool:
    """Whether {b: Q(b) - Q_min ≤ max(t² q, z²)} is bounded; if not, A cannot be told from 0."""
    whitener = np.linalg.inv(np.linalg.cholesky(curve.covariance))
    grid = _exponent_grid(x)
    ends = _misfits(grid[[0, -1]], x, values, whitener)
    degrees = len(values) - 2
    allowed = max(
        critical_value(level, degrees) ** 2 * curve.misfit / degrees,
        critical_value(level, cluster_degrees(clusters)) ** 2,
    )
    return bool(ends.min() - curve.misfit > allowed and abs(curve.exponent) < grid[-1])


def _with_interval(
    nothing: PowerLawFit, x: Floats, curve: _Curve, *, sampling: Floats, scatter: float
) -> PowerLawFit:
    q = curve.misfit / nothing.df
    between = _parameter_covariance(x, curve.mean, curve.covariance)
    measured = _parameter_covariance(x, curve.mean, sampling)
    error, exact_error = math.sqrt(between[1, 1]), math.sqrt(measured[1, 1])
    texts = cluster_degrees(nothing.clusters)
    measurement = critical_value(nothing.level, texts) * exact_error
    half = max(critical_value(nothing.level, nothing.df) * error * math.sqrt(q), measurement)
    exponent = curve.exponent
    return PowerLawFit(
        models=nothing.models,
        level=nothing.level,
        clusters=nothing.clusters,
        reference_size=nothing.reference_size,
        df=nothing.df,
        identified=True,
        exponent=exponent,
        low=exponent - half,
        high=exponent + half,
        standard_error=error,
        scatter=scatter,
        q=q,
        p_zero=max(
            two_sided(exponent / max(error * math.sqrt(q), SMALLEST), nothing.df),
            two_sided(exponent / exact_error, texts),
        ),
        amplitude=float(curve.mean[0] * np.exp(-exponent * x[0])),
        measurement_low=exponent - measurement,
        measurement_high=exponent + measurement,
        model_covariance=between * q,
        measurement_covariance=measured,
    )


def _parameter_covariance(x: Floats, mean: Floats, covariance: Floats) -> Floats:
    """(Jᵀ Σ⁻¹ J)⁻¹ with J = [μ, μx]: of (ln |A|, b).  # (2, 2)"""
    jacobian = np.stack([mean, mean * x], axis=1)
    inverse: Floats = np.linalg.inv(jacobian.T @ np.linalg.solve(covariance, jacobian))
    return inverse


def _deviation(covariance: Floats, gradient: Floats) -> Floats:
    deviation: Floats = np.sqrt(np.einsum("is,ij,js->s", gradient, covariance, gradient))
    return deviation


def _invertible(sampling: Floats, values: Floats) -> Floats:
    ridge = RIDGE * np.diag(sampling) + FLOOR * (values**2).mean()
    widened: Floats = sampling + np.diag(ridge)
    return widened


def _checked(
    size: Sequence[float] | Floats,
    ent_ce: Sequence[float] | Floats,
    covariance: Sequence[Sequence[float]] | Floats,
) -> tuple[Floats, Floats, Floats]:
    sizes, values = _positive(_numbers(size, "size")), _numbers(ent_ce, "value")
    if len(sizes) == 0 or len(sizes) != len(values):
        raise ValueError(
            f"one value a size was expected, found {len(values)} values and {len(sizes)} sizes"
        )
    if len(sizes) > 1 and np.ptp(sizes) == 0:
        raise ValueError(f"at least two different sizes were expected, found only {sizes[0]:g}")
    return sizes, values, _covariance(covariance, len(sizes))


def _check_settings(level: float, clusters: int | None) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level between 0 and 1 was expected, found {level:g}")
    if clusters is not None and clusters < 2:
        raise ValueError(f"at least 2 clusters were expected, found {clusters}")


def _numbers(values: Sequence[float] | Floats, what: str) -> Floats:
    """One-dimensional finite numbers, or a sentence that says which is not."""
    for position, value in enumerate(values, start=1):
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and np.isfinite(value)):
            raise ValueError(f"a finite {what} was expected, found {value} at position {position}")
    return np.array(values, dtype=np.float64)


def _positive(sizes: Floats) -> Floats:
    for position, size in enumerate(sizes, start=1):
        if size <= 0:
            raise ValueError(f"a positive size was expected, found {size:g} at position {position}")
    return sizes


def _covariance(covariance: Sequence[Sequence[float]] | Floats, models: int) -> Floats:
    shape = np.shape(covariance)
    if shape != (models, models):
        raise ValueError(f"a covariance of shape {(models, models)} was expected, found {shape}")
    matrix: NDArray[np.float64] = np.stack([_numbers(row, "covariance") for row in covariance])
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0.0):
        raise ValueError("a symmetric covariance was expected, found one that is not")
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] < -1e-9 * max(abs(eigenvalues[-1]), SMALLEST):
        raise ValueError(
            f"a covariance without negative variance was expected, found {eigenvalues[0]:g}"
        )
    return matrix
