"""The columns that laws are linear in, and the search for what they are not linear in.

A law is y = Σ_j c_j φ_j(x; θ) with at most two nonlinear parameters θ. Placed on a table it knows
the box to search θ in and its columns, scaled so that nothing overflows: the column as people write
it is exp(log_scale) times the one given here. G is a number of θ tried at once, n of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from calibration.statistics.best_curve import EXPONENT_LIMIT
from calibration.statistics.ragged import Floats

# An exponent this near 0 bends by less than any data could show, and its column is a constant.
SMALLEST_EXPONENT = 1e-2
# Of the limit of an exponent: a column that bends so little is a constant.
FLAT = 1e-3
# A shift from a thousandth of the smallest x, where it changes nothing, to a thousand times the
# largest, where the law is a straight line.
SHIFT_RANGE = 1e3
SHIFTS = 25  # at which a shifted power is looked at for being flat
# ln of D_l over (geometric mean of D)^b: from no bend at all to a constant.
BEND_LIMIT = 10.0


CIRCLE = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)


@dataclass(frozen=True)
class Placed:
    """A law on the x of one table: the box of θ, its columns, and θ as people write it."""

    low: Floats  # (d,)
    high: Floats  # (d,)
    columns: Callable[[Floats, Floats], Floats]  # θ (G, d), x (n, v) -> (G, n, p)
    log_scale: Callable[[Floats], Floats]  # θ (G, d) -> (G, p)
    written: Callable[[Floats], Floats]  # θ (G, d) -> (G, d)
    flat: Floats  # (m, d): θ at which the column is all but constant
    endless: bool = False  # beside a constant, coefficients grow without end where it is flat


def power(x: Floats) -> Placed:
    """x^b, with θ = b of either sign."""
    centre, limit = _centre(x), _limit(x)
    return Placed(
        low=-limit,
        high=limit,
        columns=lambda theta, at: _powers(theta, np.log(at) - centre),
        log_scale=lambda theta: theta * centre,
        written=_as_it_is,
        flat=FLAT * np.array([-limit, limit]),
    )


def product(x: Floats) -> Placed:
    """Π x_i^{b_i}, with θ = (b_1, b_2) of either sign."""
    centre, limit = _centre(x), _limit(x)
    return Placed(
        low=-limit,
        high=limit,
        columns=lambda theta, at: np.exp(theta @ (np.log(at) - centre).T)[:, :, None],
        log_scale=lambda theta: (theta @ centre)[:, None],
        written=_as_it_is,
        flat=FLAT * limit * CIRCLE,
    )


def falling_powers(x: Floats) -> Placed:
    """x_1^-a and x_2^-b, with θ = (a, b) positive."""
    centre, limit = _centre(x), _limit(x)
    return Placed(
        low=SMALLEST_EXPONENT * limit / EXPONENT_LIMIT,
        high=limit,
        columns=lambda theta, at: _powers(-theta, np.log(at) - centre),
        log_scale=lambda theta: -theta * centre,
        written=_as_it_is,
        flat=np.zeros((0, 2)),
    )


def exponential(x: Floats) -> Placed:
    """e^{bx}, with θ = b of either sign."""
    centre = x.mean(axis=0)
    limit = EXPONENT_LIMIT / np.ptp(x, axis=0)
    return Placed(
        low=-limit,
        high=limit,
        columns=lambda theta, at: _powers(theta, at - centre),
        log_scale=lambda theta: theta * centre,
        written=_as_it_is,
        flat=FLAT * np.array([-limit, limit]),
    )


def shifted_power(x: Floats) -> Placed:
    """(x + B)^b, with θ = (ln(B + smallest x), b), so that x + B > 0 at every row."""
    smallest, largest = float(x.min()), float(x.max())
    limit = float(_limit(x)[0])

    def logs(theta: Floats, at: Floats) -> Floats:
        shifted: Floats = np.log(at[:, 0] - smallest + np.exp(theta[:, :1]))
        return shifted

    def centre(theta: Floats) -> Floats:
        middle: Floats = logs(theta, x).mean(axis=1, keepdims=True)
        return middle

    shifts = np.linspace(np.log(smallest / SHIFT_RANGE), np.log(largest * SHIFT_RANGE), SHIFTS)
    return Placed(
        low=np.array([shifts[0], -limit]),
        high=np.array([shifts[-1], limit]),
        columns=lambda theta, at: np.exp(theta[:, 1:] * (logs(theta, at) - centre(theta)))[
            :, :, None
        ],
        log_scale=lambda theta: theta[:, 1:] * centre(theta),
        written=lambda theta: np.stack([np.exp(theta[:, 0]) - smallest, theta[:, 1]], axis=1),
        flat=np.array([[shift, side * FLAT * limit] for shift in shifts for side in (-1.0, 1.0)]),
    )


def bent_power(x: Floats) -> Placed:
    """1 / (D_l + D^b), with θ = (ln D_l - b ln(geometric mean of D), b), b positive."""
    centre, limit = float(_centre(x)[0]), float(_limit(x)[0])

    def columns(theta: Floats, at: Floats) -> Floats:
        powers = np.exp(theta[:, 1:] * (np.log(at[:, 0]) - centre))
        bent: Floats = 1 / (np.exp(theta[:, :1]) + powers)
        return bent[:, :, None]

    return Placed(
        low=np.array([-BEND_LIMIT, SMALLEST_EXPONENT * limit / EXPONENT_LIMIT]),
        high=np.array([BEND_LIMIT, limit]),
        columns=columns,
        log_scale=lambda theta: -theta[:, 1:] * centre,
        written=lambda theta: np.stack(
            [np.exp(theta[:, 0] + theta[:, 1] * centre), theta[:, 1]], axis=1
        ),
        flat=np.zeros((0, 2)),
    )


def straight(x: Floats) -> Placed:
    """1 and x."""
    return _without_search(lambda at: at[:, :1])


def logarithm(x: Floats) -> Placed:
    """1 and ln x."""
    return _without_search(lambda at: np.log(at[:, :1]))


def with_constant(form: Callable[[Floats], Placed]) -> Callable[[Floats], Placed]:
    """The form with a column of ones before the others."""

    def placed(x: Floats) -> Placed:
        inner = form(x)

        def columns(theta: Floats, at: Floats) -> Floats:
            ones = np.ones((len(theta), len(at), 1))
            return np.concatenate([ones, inner.columns(theta, at)], axis=2)

        def log_scale(theta: Floats) -> Floats:
            return np.concatenate([np.zeros((len(theta), 1)), inner.log_scale(theta)], axis=1)

        return replace(inner, columns=columns, log_scale=log_scale, endless=len(inner.flat) > 0)

    return placed


def _without_search(column: Callable[[Floats], Floats]) -> Placed:
    nothing = np.zeros(0)

    def columns(theta: Floats, at: Floats) -> Floats:
        design = np.concatenate([np.ones((len(at), 1)), column(at)], axis=1)
        return np.broadcast_to(design, (len(theta), *design.shape))

    return Placed(
        low=nothing,
        high=nothing,
        columns=columns,
        log_scale=lambda theta: np.zeros((len(theta), 2)),
        written=_as_it_is,
        flat=np.zeros((0, 0)),
    )


def _powers(exponents: Floats, logs: Floats) -> Floats:
    """e^{exponent × log}, column by column: (G, p) and (n, p) to (G, n, p)."""
    columns: Floats = np.exp(exponents[:, None, :] * logs[None, :, :])
    return columns


def _centre(x: Floats) -> Floats:
    middle: Floats = np.log(x).mean(axis=0)
    return middle


def _limit(x: Floats) -> Floats:
    limit: Floats = EXPONENT_LIMIT / np.ptp(np.log(x), axis=0)
    return limit


def _as_it_is(theta: Floats) -> Floats:
    return theta
