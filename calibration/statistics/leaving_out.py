"""A law fitted again without some of its models: whether they decide the exponent."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import MODELS_NEEDED, PowerLawFit, fit_power_law

DISTILLED = "all distilled models"  # what a table says was left out, in the place of a name
ARITHMETIC = 4  # models: leaving one of so few out moves the exponent whatever the law


class WithoutSome(NamedTuple):
    """What is left without some models; `fit` is None where too few are, or all of one size."""

    models: int  # that are left
    fit: PowerLawFit | None
    shift: float | None
    flagged: bool | None  # the exponent moves by more than half of the interval of all models


class WithoutOne(NamedTuple):
    """The fit without the model at `position`; `flagged` is None where either has no exponent."""

    position: int
    fit: PowerLawFit
    shift: float | None
    flagged: bool | None  # the exponent moves by more than half of the interval of all models


def leave_one_out(
    whole: PowerLawFit,
    size: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    covariance: Floats,
) -> list[WithoutOne]:
    """The fit of all models but one, for each of them; nothing where too few would be left.

    `whole` is the fit of all. Its interval is symmetric, so that a shift of more than half of it
    takes the exponent out of it.
    """
    every = [
        (position, without_some(whole, size, values, covariance, positions=[position]))
        for position in range(len(size))
    ]
    return [
        WithoutOne(position, one.fit, one.shift, one.flagged)
        for position, one in every
        if one is not None and one.fit is not None
    ]


def without_some(
    whole: PowerLawFit,
    size: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    covariance: Floats,
    *,
    positions: Sequence[int],
) -> WithoutSome | None:
    """The fit of all models but those at `positions`; None where these are none, or all.

    `whole` is the fit of all.
    """
    sizes, numbers = np.asarray(size, dtype=np.float64), np.asarray(values, dtype=np.float64)
    rest = np.delete(np.arange(len(sizes)), positions)
    if not 0 < len(rest) < len(sizes):
        return None
    if len(rest) < MODELS_NEEDED or np.ptp(sizes[rest]) == 0:
        return WithoutSome(len(rest), None, None, None)
    fit = fit_power_law(
        sizes[rest],
        numbers[rest],
        covariance[np.ix_(rest, rest)],
        level=whole.level,
        clusters=whole.clusters,
    )
    if fit.exponent is None or whole.exponent is None or whole.half_width is None:
        return WithoutSome(len(rest), fit, None, None)
    shift = fit.exponent - whole.exponent
    return WithoutSome(len(rest), fit, shift, abs(shift) > whole.half_width)
