"""A law fitted again without each of its models: whether one of them decides the exponent."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import MODELS_NEEDED, PowerLawFit, fit_power_law

ARITHMETIC = 4  # models: leaving one of so few out moves the exponent whatever the law


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
    sizes, numbers = np.asarray(size, dtype=np.float64), np.asarray(values, dtype=np.float64)
    models = len(sizes)
    if models <= MODELS_NEEDED:
        return []
    return [
        _without(whole, sizes, numbers, covariance, position=position)
        for position in range(models)
        if np.ptp(np.delete(sizes, position)) > 0
    ]


def _without(
    whole: PowerLawFit, sizes: Floats, values: Floats, covariance: Floats, *, position: int
) -> WithoutOne:
    rest = np.delete(np.arange(len(sizes)), position)
    fit = fit_power_law(
        sizes[rest],
        values[rest],
        covariance[np.ix_(rest, rest)],
        level=whole.level,
        clusters=whole.clusters,
    )
    if fit.exponent is None or whole.exponent is None or whole.half_width is None:
        return WithoutOne(position, fit, None, None)
    shift = fit.exponent - whole.exponent
    return WithoutOne(position, fit, shift, abs(shift) > whole.half_width)
