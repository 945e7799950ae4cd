"""A measured exponent against a predicted one: whether they differ, and how surely they agree.

The measured exponent has two scales, as its interval has: how models scatter, on few degrees of
freedom, and how texts vary, on many; the wider one counts. The prediction has an interval that may
be lopsided. The two are taken to be independent. Knows numbers only, not where they come from.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from scipy import optimize, special

from calibration.statistics.arguments import SMALLEST
from calibration.statistics.intervals import LEVEL, critical_value, two_sided

RAREST: Final = 1e-100  # the least p-value that is told from 0; t has no quantiles much further out


class Scale(NamedTuple):
    """A standard error and its degrees of freedom; None where the normal is as good."""

    error: float
    degrees: float | None


class Prediction(NamedTuple):
    """A predicted exponent, and its errors towards either side of it; None where unknown."""

    value: float
    below: Scale | None
    above: Scale | None


class Against(NamedTuple):
    """The exponent minus the prediction, and what can be said of it; None where unknown."""

    difference: float
    low: float | None
    high: float | None
    p: float | None  # of no difference
    p_fixed: float  # the same, had the prediction no error
    margin: float | None  # the smallest at which the two would pass as equal


def scale_of(half_width: float, degrees: float | None, *, level: float = LEVEL) -> Scale:
    """The scale of a t interval, from its half, or from one side of it."""
    return Scale(half_width / critical_value(level, degrees), degrees)


def against(
    exponent: float, prediction: Prediction, *, scales: tuple[Scale, Scale], level: float = LEVEL
) -> Against:
    """d = `exponent` - prediction, with its interval, p-values and smallest margin of equivalence.

    Low end: d - sqrt(h² + u²), with h = max(t s) over the `scales` of the exponent and u how far
    the interval of the prediction reaches above it; the high end by how far it reaches below (Zou
    and Donner 2008, Stat. Med. 27). So it is never narrower than that of the exponent, and the same
    for a prediction without error. p is 1 - the level at which the interval ends at 0. Two
    one-sided tests of size 1 - level find the two equal within a margin where the interval of level
    2 level - 1 lies within ± the margin (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15).
    """
    difference = exponent - prediction.value
    p_fixed = max(
        two_sided(difference / max(error, SMALLEST), degrees) for error, degrees in scales
    )
    if prediction.below is None or prediction.above is None:
        return Against(difference, None, None, None, p_fixed, None)
    below, above = _reach(scales, prediction.above), _reach(scales, prediction.below)
    tail = 1 - level
    return Against(
        difference=difference,
        low=difference - below(tail),
        high=difference + above(tail),
        p=_p_value(difference, below if difference > 0 else above),
        p_fixed=p_fixed,
        margin=max(below(2 * tail) - difference, difference + above(2 * tail)),
    )


def _reach(scales: tuple[Scale, Scale], other: Scale) -> Callable[[float], float]:
    """How far the interval of the difference goes to one side, by what its two tails hold."""

    def reach(tail: float) -> float:
        return math.hypot(max(_half_width(one, tail) for one in scales), _half_width(other, tail))

    return reach


def _half_width(scale: Scale, tail: float) -> float:
    error, degrees = scale
    quantile = special.ndtri(tail / 2) if degrees is None else special.stdtrit(degrees, tail / 2)
    return float(-quantile) * error


def _p_value(difference: float, reach: Callable[[float], float]) -> float:
    """The tails of the interval that reaches just as far as the difference."""
    distance = abs(difference)
    if distance == 0:
        return 1.0
    if reach(RAREST) <= distance:
        return 0.0

    def beyond(log_tail: float) -> float:
        return reach(math.exp(log_tail)) - distance

    return math.exp(optimize.brentq(beyond, math.log(RAREST), 0.0, xtol=1e-9))
