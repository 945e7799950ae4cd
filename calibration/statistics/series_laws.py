"""The laws of one series: each quantity over size, without each model, and at shorter lengths.

Whatever keeps a law from being fitted, or from being believed, is a warning in words. Knows models
by their names and sizes, not how they were measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.statistics.horizons import HorizonSums, shared_lengths
from calibration.statistics.intervals import few_clusters
from calibration.statistics.leaving_out import (
    ARITHMETIC,
    WithoutOne,
    WithoutSome,
    leave_one_out,
    without_some,
)
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import MODELS_NEEDED, PowerLawFit, fit_power_law
from calibration.statistics.series_values import (
    FITTED,
    NAMES,
    OF_ALL_STEPS,
    SeriesValues,
    series_values,
)


@dataclass(frozen=True)
class Sizes:
    """What the laws are over: the size of each model by name, None where it is not known."""

    name: str
    of: dict[str, int | None]

    @property
    def numbers(self) -> Floats:
        return np.array(list(self.of.values()), dtype=np.float64)

    @property
    def models(self) -> list[str]:
        return list(self.of)


@dataclass(frozen=True)
class QuantityLaw:
    """The fit of one quantity; `law` is missing where there was nothing to fit."""

    quantity: str
    steps: int
    values: SeriesValues
    law: PowerLawFit | None
    without: tuple[WithoutOne, ...]
    warnings: tuple[str, ...]
    without_distilled: WithoutSome | None = None  # there is one where some but not all are


def series_laws(
    sizes: Sizes,
    measured: Sequence[HorizonSums],
    *,
    distilled: Sequence[int] = (),
    warnings: tuple[str, ...],
    level: float,
) -> list[QuantityLaw]:
    """The law of every quantity of FITTED, in that order; `warnings` hold for all of them.

    `distilled` are the positions of the models that another model taught.
    """
    return [
        _law(quantity, sizes, measured, warnings, distilled=distilled, level=level)
        for quantity in FITTED
    ]


def laws_by_length(
    sizes: Sizes, measured: Sequence[HorizonSums], *, level: float
) -> list[QuantityLaw]:
    """The laws of EntCE and drift of the first t steps, for a few t up to all.

    The slope of drift is of the first steps already, whatever the length.
    """
    return [
        _fitted(quantity, sizes, [one.up_to(steps) for one in measured], level=level)
        for quantity in OF_ALL_STEPS
        for steps in shared_lengths(measured)
    ]


def _law(
    quantity: str,
    sizes: Sizes,
    measured: Sequence[HorizonSums],
    warnings: tuple[str, ...],
    *,
    distilled: Sequence[int],
    level: float,
) -> QuantityLaw:
    found = _fitted(quantity, sizes, measured, level=level)
    values, law = found.values, found.law
    without: tuple[WithoutOne, ...] = ()
    untaught: WithoutSome | None = None
    if law is not None:
        series = (law, sizes.numbers, values.values, values.covariance)
        without = tuple(leave_one_out(*series)) if law.identified else ()
        untaught = without_some(*series, positions=distilled)
    return QuantityLaw(
        quantity=quantity,
        steps=found.steps,
        values=values,
        law=law,
        without=without,
        warnings=(
            *found.warnings,
            *warnings,
            *_value_warnings(quantity, sizes, values),
            *_flags(sizes, without),
            *_flag_of_distilled(untaught),
        ),
        without_distilled=untaught,
    )


def _fitted(
    quantity: str, sizes: Sizes, measured: Sequence[HorizonSums], *, level: float
) -> QuantityLaw:
    steps = int(max(one.steps[-1] for one in measured))
    values = series_values(quantity, measured, level=level)
    obstacle = _obstacle(quantity, sizes, measured, values)
    if obstacle is not None:
        return QuantityLaw(quantity, steps, values, None, (), (obstacle,))
    law = fit_power_law(
        sizes.numbers,
        values.values,
        values.covariance,
        level=level,
        clusters=values.effective_clusters,
    )
    unidentified = f"no exponent: the amplitude of {NAMES[quantity]} cannot be told from 0"
    warnings = () if law.identified else (unidentified,)
    return QuantityLaw(quantity, steps, values, law, (), warnings)


def _obstacle(
    quantity: str, sizes: Sizes, measured: Sequence[HorizonSums], values: SeriesValues
) -> str | None:
    """Why no law can be fitted, in words; None when one can."""
    infinite = [
        name
        for name, one in zip(sizes.models, measured, strict=True)
        if quantity == "ent_ce" and not one.has_log_loss
    ]
    without_size = [name for name, size in sizes.of.items() if size is None]
    undefined = [
        name
        for name, value in zip(sizes.models, values.values, strict=True)
        if not math.isfinite(value)
    ]
    if infinite:
        return (
            "no exponent: EntCE needs a finite log loss, which human tokens outside what the "
            f"decoding allows take from {', '.join(infinite)}: drift needs none, and a `mixture` "
            "above 0 gives one"
        )
    if len(sizes.of) < MODELS_NEEDED:
        return (
            f"no exponent: {MODELS_NEEDED} models are needed for an interval, found {len(sizes.of)}"
        )
    if without_size:
        return f"no exponent: {sizes.name} is not known for {', '.join(without_size)}"
    if undefined:
        return f"no exponent: nothing finite was measured of {', '.join(undefined)}"
    if values.clusters < 2:
        return (
            f"no exponent: 2 source texts are needed for a standard error, found {values.clusters}"
        )
    if np.ptp(sizes.numbers) == 0:
        return f"no exponent: all models have the same {sizes.name}"
    return None


def _value_warnings(quantity: str, sizes: Sizes, values: SeriesValues) -> tuple[str, ...]:
    few = few_clusters(values.clusters)
    below = [name for name, value in zip(sizes.models, values.values, strict=True) if value <= 0]
    warnings = [] if few is None else [few]
    if below:
        warnings.append(f"{NAMES[quantity]} is not above 0 for {', '.join(below)}")
    return tuple(warnings)


def _flag_of_distilled(without: WithoutSome | None) -> tuple[str, ...]:
    if without is None or without.shift is None or not without.flagged:
        return ()
    return (
        f"without the distilled models the exponent moves by {without.shift:+.2f}, more than half "
        "of its interval",
    )


def _flags(sizes: Sizes, without: Sequence[WithoutOne]) -> tuple[str, ...]:
    """What leaving a model out says, in words."""
    few = len(sizes.of) <= ARITHMETIC
    caution = f"; of {len(sizes.of)} models that is arithmetic, not evidence" if few else ""
    moved = [
        f"without {sizes.models[one.position]} the exponent moves by {one.shift:+.2f}, more than "
        f"half of its interval{caution}"
        for one in without
        if one.flagged and one.shift is not None
    ]
    lost = [sizes.models[one.position] for one in without if one.flagged is None]
    if lost:
        moved.append(f"no exponent can be determined without {' or without '.join(lost)}{caution}")
    return tuple(moved)
