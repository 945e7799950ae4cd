"""Every set of parameters that fits about as well as the best, and what it spans.

The region is {θ: Q(θ) - Q_min ≤ allowed}. A linear parameter c_j at θ may leave its best value
ĉ_j(θ) by s_j(θ) sqrt(allowed - Q(θ) + Q_min) and stay as good, so that the ends of its profile
likelihood are the extremes of that over the region, and no parameter has to be fitted again and
again. The same holds for everything that is linear given θ, the fitted curve itself included.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.statistics.projection import TINY, Problem, jacobian, mesh, projected
from calibration.statistics.ragged import Floats
from calibration.statistics.table_checks import Rows

MARGIN = 1.3  # of the ellipse of the curvature at the best fit: room for a region that is bent
WIDENINGS = 12  # doublings of the box around the region before it counts as without end
STEPS = {0: 1, 1: 97, 2: 31}  # of the grid over the region in each direction
# Each narrows what is searched for an end 2.5 times: to 1e-4 of the width.
ZOOMS, ZOOM = 8, 2.5
ZOOM_STEPS = np.linspace(-1.5, 1.5, 5)


class Unbounded(ValueError):
    """The region has no end: `directions` are the θ that run to the edge of their box.

    None of them does where the linear parameters run away, as C and A of C + A x^b around b = 0.
    """

    def __init__(self, directions: tuple[int, ...]) -> None:
        super().__init__(f"a region with an end was expected, found none along {directions}")
        self.directions = directions


@dataclass(frozen=True)
class Region:
    """The θ that fit about as well, as points that cover them, and coordinates to search in.

    θ = `best` + `axes` z, with z of about the same extent in every direction.
    """

    problem: Problem
    best: Floats  # (d,)
    axes: Floats  # (d, d)
    limit: float  # the largest Q that is inside
    points: Floats  # (G, d), in z
    spacing: Floats  # (d,) between points, in z

    def theta(self, points: Floats) -> Floats:
        """Points in z (G, d) as θ."""
        theta: Floats = self.best + points @ self.axes.T
        return theta

    def spread(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Room sqrt(limit - Q) at points (G, d) in z, nan outside; and ĉ and its root there."""
        found = projected(self.problem, self.theta(points))
        room = self.limit - found.misfit
        inside = np.where(room >= 0, room, np.nan)
        return np.sqrt(inside), found.coefficients, found.root


# What is sought the ends of: θ (G, d), ĉ (G, p), root (G, p, p) to centres and scales (G, F).
Sought = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]


def region(problem: Problem, best: Floats, *, allowed: float) -> Region:
    """The region around the best θ (d,). Raises Unbounded where it has no end in the box."""
    limit = float(projected(problem, best[None]).misfit[0]) + allowed
    placed = problem.placed
    if placed.endless and (projected(problem, placed.flat).misfit <= limit).any():
        raise Unbounded(())
    axes = _axes(problem, best)
    reach = MARGIN * np.sqrt(allowed) * np.ones(len(best))
    for _ in range(WIDENINGS):
        points, shape = mesh(-reach, reach, STEPS)
        theta = best + points @ axes.T
        inside = (projected(problem, theta).misfit <= limit).reshape(shape)
        if not inside.any():  # narrower than the grid: only exact values are so
            inside.flat[inside.size // 2] = True
        _require_inside_box(problem, theta, inside)
        cut = _cut(inside) if len(best) else np.zeros(0, dtype=np.bool_)
        if not cut.any():
            _require_one_valley(problem, best, axes=axes, reach=reach, limit=limit)
            spacing = 2 * reach / np.maximum(np.array(shape[: len(best)]) - 1, 1)
            return Region(problem, best, axes, limit, points[inside.ravel()], spacing)
        reach = np.where(cut, 2 * reach, reach)
    raise Unbounded(tuple(range(len(best))))


def ends(found: Region, sought: Sought) -> Floats:
    """The least and the greatest of each thing sought over the region.  # (F, 2)"""
    centres, scales, room = _at(found, found.points, sought)
    lows, highs = centres - scales * room, centres + scales * room
    best = np.concatenate([np.nanargmin(lows, axis=0), np.nanargmax(highs, axis=0)])
    count = centres.shape[1]
    values = np.concatenate([np.nanmin(lows, axis=0), np.nanmax(highs, axis=0)])
    middle, spacing = found.points[best], found.spacing
    for _ in range(ZOOMS if len(found.best) else 0):
        middle, values = _zoomed(found, sought, middle=middle, values=values, spacing=spacing)
        spacing = spacing / ZOOM
    extremes: Floats = values.reshape(2, count).T
    return extremes


def envelope(found: Region, sought: Sought) -> Floats:
    """As `ends`, to the spacing of the region's points: enough for what is drawn.  # (F, 2)"""
    centres, scales, room = _at(found, found.points, sought)
    low, high = (
        np.nanmin(centres - scales * room, axis=0),
        np.nanmax(centres + scales * room, axis=0),
    )
    return np.stack([low, high], axis=1)


def _at(found: Region, points: Floats, sought: Sought) -> tuple[Floats, Floats, Floats]:
    room, coefficients, root = found.spread(points)
    centres, scales = sought(found.theta(points), coefficients, root)
    return centres, scales, room[:, None]


def _zoomed(
    found: Region, sought: Sought, *, middle: Floats, values: Floats, spacing: Floats
) -> tuple[Floats, Floats]:
    """Better ends near where the last ones were found: lows first, then highs."""
    directions = len(found.best)
    window = np.stack(np.meshgrid(*[ZOOM_STEPS] * directions, indexing="ij"), axis=-1)
    offsets = window.reshape(-1, directions) * spacing
    points = (middle[:, None, :] + offsets).reshape(-1, directions)
    centres, scales, room = _at(found, points, sought)
    each, count = len(offsets), centres.shape[1]
    sign = np.repeat([-1.0, 1.0], count)
    which = np.tile(np.arange(count), 2)
    own = np.arange(2 * count)
    reached = (sign * centres[:, which] + scales[:, which] * room).reshape(2 * count, each, -1)
    reached = np.nan_to_num(reached[own, :, own], nan=-np.inf)
    best = np.argmax(reached, axis=1)
    better = reached[own, best] > sign * values
    moved = points.reshape(2 * count, each, directions)[own, best]
    return (
        np.where(better[:, None], moved, middle),
        np.where(better, sign * reached[own, best], values),
    )


def _axes(problem: Problem, best: Floats) -> Floats:
    """The root of the covariance of θ by the curvature at the best fit.  # (d, d)"""
    if len(best) == 0:
        return np.zeros((0, 0))
    slopes = jacobian(problem, best)
    scale = np.maximum(np.linalg.norm(slopes, axis=0), TINY)
    inverse = np.linalg.pinv(slopes / scale)[: len(best)] / scale[: len(best), None]
    # By the triangle of a QR: the product would not be positive definite to rounding.
    root: Floats = np.linalg.qr(inverse.T).R.T
    return root


def _cut(inside: Rows) -> Rows:
    """In which directions the region touches the edge of the grid."""
    axes = range(inside.ndim)
    return np.array([inside.take([0, -1], axis=axis).any() for axis in axes])


def _require_inside_box(problem: Problem, theta: Floats, inside: Rows) -> None:
    """Raises Unbounded where a point of the region has a neighbour beyond the box of θ."""
    placed = problem.placed
    near = _widened(inside).ravel()
    beyond = ((theta < placed.low) | (theta > placed.high)) & near[:, None]
    if beyond.any():
        raise Unbounded(tuple(int(one) for one in np.flatnonzero(beyond.any(axis=0))))


def _widened(inside: Rows) -> Rows:
    """The points of the region and their neighbours along the axes."""
    wide = inside.copy()
    for axis in range(inside.ndim):
        for shift in (-1, 1):
            rolled = np.roll(inside, shift, axis=axis)
            rolled_over = [slice(None)] * inside.ndim
            rolled_over[axis] = slice(-1, None) if shift == -1 else slice(0, 1)
            rolled[tuple(rolled_over)] = False
            wide |= rolled
    return wide


def _require_one_valley(
    problem: Problem, best: Floats, *, axes: Floats, reach: Floats, limit: float
) -> None:
    """Raises Unbounded where the grid over the whole box has as good a fit elsewhere."""
    if len(best) == 0:
        return
    nodes, misfit = problem.grid
    good = nodes[misfit.ravel() <= limit]
    away = np.abs(np.linalg.solve(axes, (good - best).T).T) > reach
    if away.any():
        raise Unbounded(tuple(range(len(best))))
