"""The least value of a convex function of one number, from its slope and its curvature."""

from collections.abc import Callable
from typing import Final, NamedTuple

TOLERANCE: Final = 1e-10  # of the slope: a log loss is then at its least to its last digits
STEPS: Final = 200  # halvings alone would come to the last bit in fewer
FARTHEST: Final = 1e6  # beyond, only a limit at infinity is left to be found


class Slope(NamedTuple):
    """The first and the second derivative at a point."""

    slope: float
    curvature: float


def least(
    derivatives: Callable[[float], Slope], *, start: float = 0.0, tolerance: float = TOLERANCE
) -> float:
    """Where a convex function is least, by Newton's steps kept inside what the slopes allow.

    The search ends where the slope is within `tolerance` of 0. Raises ValueError where the slope
    has one sign out to a million: the function is then least at infinity.
    """
    low, high, point = -FARTHEST, FARTHEST, start
    for _ in range(STEPS):
        here = derivatives(point)
        if abs(here.slope) <= tolerance:
            return point
        low, high = (point, high) if here.slope < 0 else (low, point)
        if high - low <= 1e-15 * max(1.0, abs(point)):
            return point
        point = _next(point, here, low, high)
        if abs(point) > 0.99 * FARTHEST:
            break
    raise ValueError(
        f"a least value at a finite number was expected, found a slope of one sign out to {point:g}"
    )


def _next(point: float, here: Slope, low: float, high: float) -> float:
    """Newton's step, at most a few units long; where it leaves the interval, half way instead."""
    reach = 2.0 * max(1.0, abs(point))  # where a curve is flat its steps have no end
    step = -here.slope / here.curvature if here.curvature > 0 else -here.slope * float("inf")
    there = point + max(-reach, min(reach, step))
    return there if low < there < high else (low + high) / 2
