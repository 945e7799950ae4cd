"""Calibrations in the store: fitted numbers as tables, and the distribution they make of a network.

A fitted temperature is a decoding of the network itself; every other method puts an adjusted model
in the network's place, under the plain decoding.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import polars as pl
import torch
from torch import Tensor

from calibration.calibrated_tables import HEAD
from calibration.engine.branching import BranchingLanguage
from calibration.engine.decoding import Decoding
from calibration.engine.foresight import Adjusted, Adjustment, Foresight
from calibration.engine.future import FutureEntropy as Foretelling
from calibration.engine.future import Head
from calibration.engine.language import Language
from calibration.fitting import Fitted, ahead
from calibration.measurement import written_out
from calibration.methods import FittedTemperature, OneStep
from calibration.recipes import CalibrationRecipe, SamplesRecipe, ScoresRecipe
from storage.drafts import Draft
from storage.manifests import StoredFile
from storage.store import Store
from storage.verdicts import read_judged

Recipe = TypeVar("Recipe", SamplesRecipe, ScoresRecipe)


class Way(NamedTuple):
    """How the table of a recipe is made: by a language, under a decoding that is written out."""

    language: Language
    decoding: Decoding

    def samples(self, recipe: SamplesRecipe) -> SamplesRecipe:
        """What the language is asked for."""
        return written_out(recipe, self.decoding)


def write_fitted(draft: Draft, fitted: Fitted) -> list[StoredFile]:
    """Store what was fitted, its numbers first."""
    tables = {"calibration": fitted.parameters, "diagnostics": fitted.diagnostics}
    if fitted.head is not None:
        tables["head"] = _table(fitted.head)
    return [draft.write_table(frame, table=name) for name, frame in tables.items()]


def ways_of(
    recipes: Iterable[Recipe], network: BranchingLanguage, *, store: Store, suite: int
) -> dict[Recipe, Way]:
    """How each of some recipes of one model is measured.

    Languages of one calibration are one object. Raises CheckFailed where one was refused.
    """
    known: dict[CalibrationRecipe | None, Way] = {}
    found = {}
    for recipe in recipes:
        calibration = recipe.calibration
        if calibration is None:
            found[recipe] = Way(network, recipe.decoding)
            continue
        if calibration not in known:
            known[calibration] = _way(calibration, network, store, suite)
        found[recipe] = known[calibration]
    return found


def _way(recipe: CalibrationRecipe, network: BranchingLanguage, store: Store, suite: int) -> Way:
    numbers = read_judged(store, recipe, suite, table="calibration")["value"].to_list()
    method, plain = recipe.method, Decoding()
    if isinstance(method, FittedTemperature):
        return Way(network, Decoding(temperature=numbers[0]))
    if isinstance(method, OneStep):
        foresight: Foresight = ahead(network, recipe, likeliest=method.likeliest, tail=method.tail)
        return Way(Adjusted(foresight, Adjustment("one-step", tuple(numbers), method.block)), plain)
    head = _head(read_judged(store, recipe, suite, table="head"), network.device)
    adjustment = Adjustment("future-entropy", tuple(numbers), method.block)
    return Way(Adjusted(Foretelling(network, head), adjustment), plain)


def _table(head: Head) -> pl.DataFrame:
    rows = [
        (name, list(array.shape), array.flatten().tolist())
        for name, array in head._asdict().items()
    ]
    return pl.DataFrame(rows, schema=HEAD, orient="row")


def _head(table: pl.DataFrame, device: torch.device) -> Head:
    arrays = {
        name: _array(shape, values, device)
        for name, shape, values in table.select("name", "shape", "values").iter_rows()
    }
    return Head(**arrays)


def _array(shape: list[int], values: list[float], device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device).view(shape)
