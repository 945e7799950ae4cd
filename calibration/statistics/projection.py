"""Variable projection: for every θ the best linear parameters, and the θ whose curve fits best.

Q(θ) = min_c Σ (whitened (y - Σ_j c_j φ_j(x; θ)))². θ is searched for on a grid over its whole box
and polished by Gauss-Newton steps, so that there are no starting values. Columns are made
orthogonal one after the other and never multiplied into normal equations, which would square how
nearly they are collinear. G is a number of θ tried at once, n of rows, p of linear parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.forms import Placed
from calibration.statistics.ragged import Floats

# Of the grid in each direction, by the number of directions: Q is smooth on the scale of
# 1 / (range of ln x), and the box is 30 or 60 of that wide.
STEPS = {0: 1, 1: 401, 2: 35}
STARTS = 3  # the best valleys of the grid that are polished
POLISHES = 60  # Gauss-Newton steps; most fits need fewer than ten
HALVINGS = 16
CONVERGED = 1e-13  # relative gain in Q that is rounding
DEPENDENT = 1e-11  # what is left of a column that the ones before it already span
BLOCK = 1 << 18  # numbers worked on at once: they fit the processor's cache
TINY = float(np.finfo(np.float64).tiny)
DIFFERENCE = 1e-5  # of the box: central differences lose as much to rounding as to curvature


@dataclass(frozen=True)
class Problem:
    """A law placed on rows, and what makes their errors independent and equal.

    `whitener` is (n,) for independent errors, or a matrix (n, n) with Wᵀ W = Σ⁻¹.
    """

    placed: Placed
    x: Floats  # (n, v)
    values: Floats  # (n,)
    whitener: Floats

    def whitened(self, columns: Floats) -> Floats:
        """Rows (..., n, p) under the covariance of the errors."""
        if self.whitener.ndim == 1:
            return columns * self.whitener[:, None]
        product: Floats = self.whitener @ columns
        return product

    @cached_property
    def grid(self) -> "Grid":
        """Q over the whole box of θ."""
        nodes, shape = mesh(self.placed.low, self.placed.high, STEPS)
        return Grid(nodes, projected(self, nodes).misfit.reshape(shape))


class Grid(NamedTuple):
    """θ on a grid, one a row, and Q in the grid's shape."""

    nodes: Floats  # (G, d)
    misfit: Floats


class Projected(NamedTuple):
    """The best linear parameters of each θ; a misfit is inf where columns are dependent."""

    misfit: Floats  # (G,)
    coefficients: Floats  # (G, p) of the scaled columns
    root: Floats  # (G, p, p) with root rootᵀ = (Φᵀ Σ⁻¹ Φ)⁻¹


def projected(problem: Problem, theta: Floats) -> Projected:
    """Q, ĉ and the root of its covariance at each θ (G, d); Q is inf outside the box."""
    placed, block = problem.placed, max(1, BLOCK // len(problem.values))
    inside = np.clip(theta, placed.low, placed.high)  # far outside, columns overflow
    parts = [
        _projected(problem, inside[start : start + block]) for start in range(0, len(theta), block)
    ]
    misfit, coefficients, root = (np.concatenate(part) for part in zip(*parts, strict=True))
    outside = (inside != theta).any(axis=1)
    return Projected(np.where(outside, np.inf, misfit), coefficients, root)


def minimum(problem: Problem) -> Floats:
    """The θ (d,) with the least misfit in its box, wherever that lies."""
    nodes, misfit = problem.grid
    starts = np.flatnonzero(_valleys(misfit))
    best = starts[np.argsort(misfit.ravel()[starts], kind="stable")[:STARTS]]
    ends = [polished(problem, nodes[start]) for start in best]
    misfits = projected(problem, np.array(ends)).misfit
    return ends[int(np.argmin(misfits))]


def polished(problem: Problem, theta: Floats) -> Floats:
    """The bottom of the valley of Q in which θ (d,) lies."""
    if len(theta) == 0:
        return theta
    misfit = float(projected(problem, theta[None]).misfit[0])
    for _ in range(POLISHES):
        stepped, reached = _downhill(problem, theta, misfit)
        gain, theta, misfit = misfit - reached, stepped, reached
        if gain <= CONVERGED * misfit:
            return theta
    return theta


def fitted(problem: Problem, theta: Floats, at: Floats) -> Floats:
    """The curve of θ (d,) with its best linear parameters, at x (m, v).  # (m,)"""
    found = projected(problem, theta[None])
    curve: Floats = problem.placed.columns(theta[None], at)[0] @ found.coefficients[0]
    return curve


def slopes(problem: Problem, theta: Floats, at: Floats) -> Floats:
    """∂μ/∂θ, then ∂μ/∂c of the scaled columns, at x (m, v).  # (m, d + p)"""
    coefficients = projected(problem, theta[None]).coefficients[0]
    step = np.diag(DIFFERENCE * (problem.placed.high - problem.placed.low))
    columns = problem.placed.columns(np.concatenate([theta + step, theta - step]), at)
    curves = (columns @ coefficients).reshape(2, len(theta), len(at))
    searched = (curves[0] - curves[1]).T / (2 * np.diag(step))
    return np.concatenate([searched, problem.placed.columns(theta[None], at)[0]], axis=1)


def jacobian(problem: Problem, theta: Floats) -> Floats:
    """The slopes at the problem's own rows, under the covariance of the errors.  # (n, d + p)"""
    return problem.whitened(slopes(problem, theta, problem.x))


def mesh(low: Floats, high: Floats, counts: Mapping[int, int]) -> tuple[Floats, tuple[int, ...]]:
    """The nodes of a grid over a box, one a row, and its shape; `counts` by directions."""
    steps = counts[len(low)]
    axes = [np.linspace(start, end, steps) for start, end in zip(low, high, strict=True)]
    if not axes:
        return np.zeros((1, 0)), (1,)
    grids = np.meshgrid(*axes, indexing="ij")
    return np.stack([grid.ravel() for grid in grids], axis=1), grids[0].shape


def _projected(problem: Problem, theta: Floats) -> Projected:
    columns = problem.whitened(problem.placed.columns(theta, problem.x))
    count, width = len(columns), columns.shape[2]
    left = np.tile(problem.whitened(problem.values[:, None])[:, 0], (count, 1))
    basis: list[Floats] = []
    triangle: Floats = np.zeros((count, width, width))
    along = np.zeros((count, width))
    singular = np.zeros(count, dtype=np.bool_)
    for number in range(width):
        column = np.ascontiguousarray(columns[:, :, number])
        before = _length(column)
        for earlier, unit in enumerate(basis):
            triangle[:, earlier, number] = _inner(unit, column)
            column = column - triangle[:, earlier, number, None] * unit
        length = _length(column)
        singular |= ~(length > DEPENDENT * before)
        length = np.where(singular, 1.0, length)
        triangle[:, number, number] = length
        basis.append(column / length[:, None])
        along[:, number] = _inner(basis[-1], left)
        left = left - along[:, number, None] * basis[-1]
    root = np.linalg.inv(triangle).astype(np.float64)
    misfit = np.where(singular, np.inf, _inner(left, left))
    return Projected(misfit, (root @ along[:, :, None])[:, :, 0], root)


def _inner(one: Floats, other: Floats) -> Floats:
    products: Floats = np.einsum("gn,gn->g", one, other)
    return products


def _length(columns: Floats) -> Floats:
    length: Floats = np.sqrt(_inner(columns, columns))
    return length


def _valleys(misfit: Floats) -> NDArray[np.bool_]:
    """Where no neighbour on the grid, along its axes, is lower."""
    lowest = np.isfinite(misfit)
    for axis in range(misfit.ndim):
        padding = [(1, 1) if one == axis else (0, 0) for one in range(misfit.ndim)]
        around = np.pad(misfit, padding, constant_values=np.inf)
        size = misfit.shape[axis]
        lowest &= misfit <= around.take(range(size), axis=axis)
        lowest &= misfit <= around.take(range(2, size + 2), axis=axis)
    return lowest


def _downhill(problem: Problem, theta: Floats, misfit: float) -> tuple[Floats, float]:
    """A Gauss-Newton step in the box, halved until Q falls; θ itself where it does not."""
    steep = jacobian(problem, theta)
    scale = np.maximum(np.linalg.norm(steep, axis=0), TINY)
    residual = problem.values - fitted(problem, theta, problem.x)
    whitened = problem.whitened(residual[:, None])[:, 0]
    solution, *_ = np.linalg.lstsq(steep / scale, whitened, rcond=None)
    step = (solution / scale)[: len(theta)]
    tried = theta + step * 0.5 ** np.arange(HALVINGS)[:, None]
    tried = np.clip(tried, problem.placed.low, problem.placed.high)
    misfits = projected(problem, tried).misfit
    best = int(np.argmin(misfits))
    return (tried[best], float(misfits[best])) if misfits[best] < misfit else (theta, misfit)
