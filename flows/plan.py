"""What a run would do: every artifact of a study with its state. Makes nothing, starts nothing."""

from typing import NamedTuple, get_args

from calibration.cost import tokens_of
from calibration.lineage import Lineage
from calibration.recipes import Checked, Recipe, VerdictRecipe
from expectations.suites import VERSIONS
from storage.artifacts import State, state_of
from storage.store import Store


class Planned(NamedTuple):
    """One artifact of a study."""

    kind: str
    title: str
    address: str
    state: State
    tokens: int  # that a network would read or write for it, at most


def planned(lineage: Lineage, store: Store) -> list[Planned]:
    """Every artifact of a study, parents first, each table followed by its verdict."""
    titles = _titles(lineage)
    found = []
    for recipe in lineage.recipes():
        title = titles[recipe.address]
        found.append(_planned(recipe, title, store))
        if isinstance(recipe, get_args(Checked)):
            verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
            found.append(_planned(verdict, f"{recipe.KIND} of {title}", store))
    return found


def _planned(recipe: Recipe, title: str, store: Store) -> Planned:
    state = state_of(store, recipe)
    tokens = 0 if state == "complete" else tokens_of(recipe)
    return Planned(recipe.KIND, title, recipe.address, state, tokens)


def _titles(lineage: Lineage) -> dict[str, str]:
    study_fit = lineage.report.study_fit
    titles = {lineage.report.address: lineage.study.name, study_fit.address: lineage.study.name}
    for series in study_fit.fits:
        where = f"{series.dataset} at {series.decoding.label}"
        titles[series.address] = f"{series.family} on {where}"
    for one in lineage.measurements:
        titles |= {recipe.address: one.title for recipe in (one.samples, one.scores, one.summary)}
    for examples, one in lineage.examples().items():
        titles[examples.address] = f"{one.dataset.name} for {one.model.name}"
    return titles | {texts.address: data.name for texts, data in lineage.texts().items()}
