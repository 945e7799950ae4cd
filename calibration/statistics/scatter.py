"""How far models lie from a law beyond what their measurement explains: τ, Cochran's Q and I².

τ is the standard deviation of ln y around the law, estimated by restricted likelihood with the
fitted mean frozen; its interval is the set of τ that the likelihood ratio does not refuse.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from calibration.statistics.arguments import SMALLEST
from calibration.statistics.ragged import Floats

# τ from .1 %, which no study can see, to e^2 either way, in steps of 7 %; zero is tried too.
SCATTERS: Floats = np.concatenate([[0.0], np.geomspace(1e-3, 2.0, 113)])


class Scatter(NamedTuple):
    """τ with the ends of its interval; `high` is None where it lies beyond e² either way."""

    value: float
    low: float
    high: float | None


class Heterogeneity(NamedTuple):
    """Q, its p-value, and I²: the share of the spread around the law that is not measurement."""

    q: float
    p: float
    i_squared: float


def restricted_criterion(x: Floats, values: Floats, *, mean: Floats, sampling: Floats) -> Floats:
    """-2 ln restricted likelihood of each τ of SCATTERS, up to a constant.  # (scatters,)

    y ~ N(μ + J δ, V + τ² diag(μ²)) with J = [μ, μx]: Patterson and Thompson (1971), Biometrika 58.
    """
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
    criterion: Floats = 2 * log_factors + 2 * log_triangle + (residual**2).sum(axis=(1, 2))
    return criterion


def most_likely_scatter(criterion: Floats) -> float:
    """The τ of SCATTERS with the largest restricted likelihood."""
    return float(SCATTERS[np.argmin(criterion)])


def scatter_interval(criterion: Floats, *, level: float) -> Scatter:
    """τ and every τ whose likelihood ratio is within the χ² quantile of one degree of freedom.

    A few models say little: with one degree of freedom the interval often begins at 0 and has no
    upper end.
    """
    inside = np.flatnonzero(criterion - criterion.min() <= stats.chi2.ppf(level, 1))
    first, last = int(inside[0]), int(inside[-1])
    return Scatter(
        value=most_likely_scatter(criterion),
        low=float(SCATTERS[first]),
        high=float(SCATTERS[last]) if last < len(SCATTERS) - 1 else None,
    )


def heterogeneity(q: float, df: int, *, clusters: float | None) -> Heterogeneity:
    """Cochran's Q of `df` degrees of freedom, its p-value and I² = max(0, (Q - df)/Q).

    Under no scatter Q is χ². A V of few clusters is itself uncertain: Q is then Hotelling's T² of
    G - 1 degrees of freedom, (G - df) / (df (G - 1)) Q ~ F(df, G - df). p is nan with G ≤ df.
    """
    share = max(0.0, 1 - df / q) if q > 0 else 0.0
    if clusters is None:
        return Heterogeneity(q, float(stats.chi2.sf(q, df)), share)
    if clusters <= df:
        return Heterogeneity(q, float("nan"), share)
    ratio = (clusters - df) / (df * (clusters - 1)) * q
    return Heterogeneity(q, float(stats.f.sf(ratio, df, clusters - df)), share)
