"""A law under errors that belong to its own curve: what weighs each row, and the scatter.

The scatter around a law has a variance of τ² times the square of a yardstick: the curve itself
where it is relative, one number where it is constant. The curve is frozen while the law is fitted
and then taken anew, so that weights never come from noisy values.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from calibration.statistics.forms import Placed
from calibration.statistics.projection import (
    TINY,
    Problem,
    fitted,
    minimum,
    polished,
    projected,
    slopes,
)
from calibration.statistics.ragged import Floats
from calibration.statistics.table_checks import Table

REFRESHES = 4  # of the frozen curve; later ones were seen to change nothing
# τ from .01 %, which no table shows, to e^2 either way, in steps of 9 %; zero is tried too.
SCATTERS: Floats = np.concatenate([[0.0], np.geomspace(1e-4, 2.0, 113)])
EXACT = 1e-12  # of the mean square value: the variance that exact values are given
# Of the typical value: nearer to zero, a value's error does not shrink with it.
NEAR_ZERO = 1e-2

Scatter = Literal["relative", "constant"]


@dataclass(frozen=True)
class ErrorModel:
    """A law on its table, and what its errors are in proportion to."""

    placed: Placed
    scatter: Scatter
    typical: float  # size of a value: root mean square

    def yardstick(self, curve: Floats) -> Floats:
        """The error of each row at τ = 1.  # (n,)"""
        if self.scatter == "constant":
            return np.full(len(curve), self.typical)
        yardstick: Floats = np.maximum(np.abs(curve), NEAR_ZERO * self.typical)
        return yardstick

    def problem(self, table: Table, curve: Floats, tau: float) -> Problem:
        """The table's least squares under the errors that belong to a curve (n,)."""
        whitener = _whitener(table.sampling, self.yardstick(curve), tau)
        return Problem(self.placed, table.x, table.values, whitener)


@dataclass(frozen=True)
class Settled:
    """A fit whose weights belong to its own curve; τ is 1 where errors are not given."""

    problem: Problem
    theta: Floats
    tau: float
    misfit: float
    degrees: int


def settled(model: ErrorModel, table: Table) -> Settled:
    """The best fit to all rows of a table."""
    tau = 1.0 if table.sampling is None else 0.0
    problem = model.problem(table, table.values, tau)
    theta = minimum(problem)
    for _ in range(REFRESHES):
        curve = fitted(problem, theta, table.x)
        if table.sampling is not None:
            tau = _likeliest(model, problem, theta, sampling=table.sampling)
        problem = model.problem(table, curve, tau)
        theta = polished(problem, theta)
    theta = minimum(problem)  # once more over the whole box, under the final weights
    found = projected(problem, theta[None])
    degrees = len(table.values) - len(theta) - found.coefficients.shape[1]
    return Settled(problem, theta, tau, float(found.misfit[0]), degrees)


def _whitener(sampling: Floats | None, yardstick: Floats, tau: float) -> Floats:
    if sampling is None:
        return 1 / yardstick
    variance = tau**2 * yardstick**2 + EXACT * (yardstick**2).mean()
    if sampling.ndim == 1:
        whitener: Floats = 1 / np.sqrt(sampling + variance)
        return whitener
    inverse: Floats = np.linalg.inv(np.linalg.cholesky(sampling + np.diag(variance)))
    return inverse


def _likeliest(model: ErrorModel, problem: Problem, theta: Floats, *, sampling: Floats) -> float:
    """The τ of the grid with the largest restricted likelihood, the curve frozen."""
    curve = fitted(problem, theta, problem.x)
    yardstick = model.yardstick(curve)
    steep = slopes(problem, theta, problem.x)
    steep = steep / np.maximum(np.linalg.norm(steep, axis=0), TINY)
    columns = np.column_stack([steep, problem.values - curve])
    criteria = [
        _restricted(replace(problem, whitener=_whitener(sampling, yardstick, tau)), columns)
        for tau in SCATTERS
    ]
    return float(SCATTERS[int(np.argmin(criteria))])


def _restricted(problem: Problem, columns: Floats) -> float:
    """-2 ln of the restricted likelihood of slopes and, last, residuals, to a constant.

    ln|Σ| + ln|Jᵀ Σ⁻¹ J| + rᵀ Σ⁻¹ r, r without what the slopes explain: by the triangle of one QR,
    which does not cancel where one row carries the whole fit.
    """
    whitener = problem.whitener
    roots = whitener if whitener.ndim == 1 else np.diag(whitener)
    triangle = np.abs(np.diag(np.linalg.qr(problem.whitened(columns), mode="r")))
    logs = np.log(np.maximum(triangle[:-1], TINY)).sum() - np.log(roots).sum()
    return float(2 * logs + triangle[-1] ** 2)
