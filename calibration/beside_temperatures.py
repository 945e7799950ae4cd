"""Which measurements stand beside a fitted decoding: the temperatures of its model and data set.

And the tables of a fit, which has one more where a decoding is fitted.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from calibration.engine.decoding import Decoding
from calibration.methods import FittedTemperature, Method
from calibration.recipes import FitRecipe, StudyFitRecipe, SummaryRecipe
from calibration.tables import SERIES_TABLES, STUDY_TABLES

CALIBRATED: Final = "calibrated"  # the table that a study's fit holds where a decoding is fitted


class Beside(NamedTuple):
    """One fitted decoding of one model on one data set, and the temperatures beside it."""

    labels: dict[str, str]  # model, dataset, decoding, unit and kind, as CALIBRATED has them
    own: SummaryRecipe
    temperatures: tuple[SummaryRecipe, ...]


def beside_temperatures(recipe: StudyFitRecipe) -> Iterator[Beside]:
    """Every fitted decoding of a study; a fitted temperature is a temperature to all but itself."""
    for fit in recipe.fits:
        if isinstance(fit.decoding, Decoding):
            continue
        for member in fit.members:
            examples = member.summary.samples.examples
            yield Beside(
                {
                    "model": member.name,
                    "dataset": fit.dataset,
                    "decoding": fit.decoding.label,
                    "unit": examples.unit,
                    "kind": fit.decoding.kind,
                },
                member.summary,
                tuple(_temperatures(recipe, fit, member.name)),
            )


def tables_held(recipe: FitRecipe | StudyFitRecipe) -> tuple[str, ...]:
    """The names of the tables of a fit."""
    if isinstance(recipe, FitRecipe):
        return SERIES_TABLES
    fitted = any(not isinstance(fit.decoding, Decoding) for fit in recipe.fits)
    return (*STUDY_TABLES, CALIBRATED) if fitted else STUDY_TABLES


def _temperatures(recipe: StudyFitRecipe, fit: FitRecipe, model: str) -> Iterator[SummaryRecipe]:
    for other in recipe.fits:
        if other is not fit and other.dataset == fit.dataset and _is_temperature(other.decoding):
            yield from (one.summary for one in other.members if one.name == model)


def _is_temperature(asked: Decoding | Method) -> bool:
    if isinstance(asked, Decoding):
        return asked.truncation is None
    return isinstance(asked, FittedTemperature)
