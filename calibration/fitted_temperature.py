"""The temperature at which a model is calibrated on some texts: where its EntCE is 0.

EntCE grows with the temperature, and is measured as a study measures it. Own texts at several
temperatures share their random numbers, so that what differs between them is the temperature, but
each text leaves its neighbour at some step, after which chance is back: so a line is drawn through
a few temperatures close to the root, and its zero taken. Where no line reaches its zero, the
temperature is one that was measured, with an EntCE that chance explains.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from calibration.errors import ModelError
from calibration.statistics.intervals import Interval

Measure = Callable[[Sequence[float]], list[Interval]]

# The first that are tried; most networks are calibrated between .9 and 1.1.
FIRST: Final = (0.8, 1.0, 1.25)
FARTHEST: Final = 4.0  # and its inverse: beyond, a network is wrong in other ways
# Around the root: close enough for a line, which on the ladder is wrong by .002 nats at the ends,
# and far enough apart to tell its slope of 3 nats from chance of .01.
AROUND: Final = (0.97, 0.985, 1.0, 1.015, 1.03)
TRIES: Final = 3  # of lines, each around the zero of the last
# Then of single temperatures, each half way between two sides .1 apart or less: to .0004.
HALVINGS: Final = 8


class Measured(NamedTuple):
    """EntCE at a temperature."""

    temperature: float
    ent_ce: Interval


class Root(NamedTuple):
    """Where EntCE is 0, and what was measured on the way."""

    temperature: float
    standard_error: float  # of the EntCE there over the slope; nan with one cluster
    path: tuple[Measured, ...]


def root(measure: Measure) -> Root:
    """The temperature at which EntCE is 0; `measure` gives EntCE at several temperatures.

    Raises ModelError where EntCE has one sign from 1/4 to 4, or is 0 nowhere that was tried.
    """
    path = _bracketed(measure)
    centre = _between(path)
    for _ in range(TRIES):
        tried = [centre * share for share in AROUND]
        path += [Measured(*pair) for pair in zip(tried, measure(tried), strict=True)]
        line = path[-len(AROUND) :]
        slope, there = _zero(line, otherwise=_between(path))
        if slope > 0 and tried[0] <= there <= tried[-1]:
            nearest = min(line, key=lambda one: abs(one.temperature - there))
            return Root(there, _error(nearest, slope), tuple(path))
        centre = there
    return _closed_in(measure, path)


def _closed_in(measure: Measure, path: list[Measured]) -> Root:
    """The first temperature between the two sides whose EntCE is within its error of 0."""
    for _ in range(HALVINGS):
        below, above = _sides(path)
        there = (below.temperature + above.temperature) / 2
        (found,) = measure([there])
        path.append(Measured(there, found))
        if not abs(found.value) > found.standard_error:  # which is nan with one cluster
            return Root(there, _error(path[-1], _line(path)[0]), tuple(path))
    raise ModelError(
        f"a temperature at which EntCE is 0 was expected near {there:.3g}, found an EntCE of "
        f"{found.value:+.3f} nats there, with an error of {found.standard_error:.3f}: give the "
        "data set's `calibration` more texts, or leave `{kind: temperature, fit: ent_ce}` out for "
        "this model"
    )


def _error(there: Measured, slope: float) -> float:
    return there.ent_ce.standard_error / slope if slope > 0 else float("nan")


def _bracketed(measure: Measure) -> list[Measured]:
    """Temperatures on both sides of the root, in order."""
    path = [Measured(*pair) for pair in zip(FIRST, measure(FIRST), strict=True)]
    while not path[0].ent_ce.value <= 0 <= path[-1].ent_ce.value:
        step = FIRST[-1] if path[-1].ent_ce.value < 0 else FIRST[0]
        one = (path[-1] if step > 1 else path[0]).temperature * step
        if not 1 / FARTHEST <= one <= FARTHEST:
            raise ModelError(
                "a temperature at which EntCE is 0 was expected between "
                f"{1 / FARTHEST:g} and {FARTHEST:g}, found an EntCE of "
                f"{path[0].ent_ce.value:+.3f} nats at {path[0].temperature:.3g} and of "
                f"{path[-1].ent_ce.value:+.3f} at {path[-1].temperature:.3g}: leave "
                "`{kind: temperature, fit: ent_ce}` out for this model"
            )
        (found,) = measure([one])
        path = sorted([*path, Measured(one, found)], key=_temperature)
    return path


def _between(path: Sequence[Measured]) -> float:
    """The zero of the chord between the two on either side of it, which are closest."""
    below, above = _sides(path)
    if below is above:
        return below.temperature
    share = -below.ent_ce.value / (above.ent_ce.value - below.ent_ce.value)
    return below.temperature + share * (above.temperature - below.temperature)


def _sides(path: Sequence[Measured]) -> tuple[Measured, Measured]:
    """The closest two of which EntCE is 0 or less, then more; the highest twice where it is 0."""
    below = max((one for one in path if one.ent_ce.value <= 0), key=_temperature)
    above = [one for one in path if one.ent_ce.value > 0 and one.temperature > below.temperature]
    return below, min(above, key=_temperature, default=below)


def _zero(line: Sequence[Measured], *, otherwise: float) -> tuple[float, float]:
    """Slope and zero of the line of least squares; where it does not rise, the other zero."""
    slope, constant = _line(line)
    if slope <= 0:
        return slope, otherwise
    # A line that hardly rises says nothing of places far away.
    there = np.clip(-constant / slope, line[0].temperature / 1.25, line[-1].temperature * 1.25)
    return slope, float(there)


def _line(path: Sequence[Measured]) -> tuple[float, float]:
    """Slope and constant of the line of least squares."""
    temperatures = [one.temperature for one in path]
    slope, constant = np.polyfit(temperatures, [one.ent_ce.value for one in path], 1)
    return float(slope), float(constant)


def _temperature(one: Measured) -> float:
    return one.temperature
