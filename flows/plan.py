"""What a run would do, why, and what it would take. Makes nothing, starts nothing, writes nothing.

Everything is told from one catalogue; only what was begun and not finished is listed besides.
"""

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple, get_args

from calibration.changes import Comparison, Form, change_words
from calibration.cost import Work, tokens_of, work_of
from calibration.estimates import UNKNOWN, Estimate, Estimates, estimates
from calibration.lineage import Lineage
from calibration.paces import Network, Pace, pace_kind
from calibration.planned import Plan, Planned
from calibration.recipes import (
    CalibrationRecipe,
    Checked,
    Recipe,
    SamplesRecipe,
    ScoresRecipe,
    VerdictRecipe,
)
from calibration.report.wording import listed
from calibration.titles import Label, labels, verdict_title
from expectations.suites import VERSIONS
from flows.precision import expected_precision
from storage.catalogue import Catalogue, catalogue
from storage.standing import Standing, standing
from storage.store import Store

FormOf = Callable[[str], Form | None]
NewestFirst = Sequence[str]


class _Wanted(NamedTuple):
    """One artifact that a study wants."""

    recipe: Recipe
    label: Label
    standing: Standing

    @property
    def name(self) -> tuple[str, str]:
        """What a person calls it: its kind and title."""
        return self.recipe.KIND, self.label.title


def plan(lineage: Lineage, store: Store, *, probed: Iterable[Pace] = ()) -> Plan:
    """What a run of a study on a store would do; probes of this machine support its estimates."""
    with _without_collections():
        return _plan(lineage, store, probed)


def _plan(lineage: Lineage, store: Store, probed: Iterable[Pace]) -> Plan:
    known = catalogue(store)
    wanted = list(_wanted(lineage, known, store))
    form_of = _forms([one.recipe for one in wanted], known)
    reasons = _reasons(wanted, known, form_of)
    earlier = known.artifacts.values() if reasons else ()  # nothing to make needs no guess
    guesses = estimates(earlier, form_of, probed=probed)
    work, sizes = _work(wanted), parameters_of(lineage)
    artifacts = []
    for one in wanted:
        address = one.recipe.address
        estimate = _estimate(one, guesses, work, sizes)
        tokens = work[address].tokens if address in work else _to_fit(one)
        artifacts.append(_planned(one, reasons.get(address), tokens, estimate))
    precision = expected_precision(lineage, known, form_of)
    return Plan(lineage.study.name, store.location, tuple(artifacts), tuple(precision))


@contextmanager
def _without_collections() -> Iterator[None]:
    """No search for cycles meanwhile.

    There are none among recipes, and to look through a hundred thousand of them again and again
    takes a sixth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def parameters_of(lineage: Lineage) -> dict[str, int]:
    """The size of every model of a study, by its weights."""
    return {
        member.summary.samples.model.weights: member.parameters
        for series in lineage.report.study_fit.fits
        for member in series.members
    }


def _wanted(lineage: Lineage, known: Catalogue, store: Store) -> Iterator[_Wanted]:
    """Every artifact of a study, parents first, each table followed by its verdict."""
    found = labels(lineage)
    for recipe in lineage.recipes():
        label = found[recipe.address]
        yield _Wanted(recipe, label, standing(recipe, known, store))
        if isinstance(recipe, get_args(Checked)):
            verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
            judged = label._replace(title=verdict_title(recipe, label.title))
            yield _Wanted(verdict, judged, standing(verdict, known, store))


def _forms(recipes: Iterable[Recipe], known: Catalogue) -> FormOf:
    """The canonical form of every artifact that is wanted or there."""
    wanted = {recipe.address: recipe for recipe in recipes}

    @cache
    def form_of(address: str) -> Form | None:
        if address in wanted:
            return wanted[address].canonical
        found = known.artifacts.get(address)
        return json.loads(found.recipe) if found else None

    return form_of


def _reasons(wanted: Sequence[_Wanted], known: Catalogue, form_of: FormOf) -> dict[str, str]:
    """Why each artifact would be made, or might be, by address."""
    comparison, relatives = Comparison(form_of), _relatives(wanted, known)
    found: dict[str, str] = {}
    first: dict[str, list[str]] = {}  # kinds that are made before each artifact, by address
    for one in wanted:
        address, state = one.recipe.address, one.standing
        if state.state == "complete":
            before = [kind for parent in state.parents for kind in first[parent]]
            first[address] = list(dict.fromkeys(before))
            if before:
                found[address] = f"depends on {listed(first[address])}, which will be made first"
            continue
        first[address] = [one.recipe.KIND]
        if isinstance(one.recipe, VerdictRecipe) and first[one.recipe.table.address]:
            found[address] = "its table is made first"
        else:
            others = relatives.get(one.name, [])
            found[address] = _reason(state, address, others, comparison)
    return found


def _reason(state: Standing, address: str, others: NewestFirst, comparison: Comparison) -> str:
    if state.fault is not None:
        return state.fault
    if state.state == "partial":
        return f"{state.parts_made} of {state.parts} parts made"
    return change_words(comparison.nearest(address, others)) if others else "never made"


def _relatives(
    wanted: Iterable[_Wanted], known: Catalogue
) -> Mapping[tuple[str, str], NewestFirst]:
    """What people call by the name of something that is to be made."""
    names = {one.name for one in wanted if one.standing.state != "complete"}
    alike = [one for one in known.artifacts.values() if (one.kind, one.title) in names]
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in sorted(alike, key=lambda one: one.made_at, reverse=True):
        found[one.kind, one.title].append(one.address)
    return found


def _work(wanted: Iterable[_Wanted]) -> dict[str, Work]:
    """What networks must do for what is not complete, by address."""
    return work_of(
        {
            one.recipe: one.standing.rows
            for one in wanted
            if isinstance(one.recipe, SamplesRecipe | ScoresRecipe)
            and one.standing.state != "complete"
        }
    )


def _to_fit(one: _Wanted) -> int:
    """Tokens that are read or written to fit a decoding."""
    fits = isinstance(one.recipe, CalibrationRecipe) and one.standing.state != "complete"
    return tokens_of(one.recipe) if fits else 0


def _estimate(
    one: _Wanted, guesses: Estimates, work: Mapping[str, Work], sizes: Mapping[str, int]
) -> Estimate:
    recipe = one.recipe
    if one.standing.state == "complete":
        return UNKNOWN
    if isinstance(recipe, SamplesRecipe | ScoresRecipe):
        model = recipe.model
        network = Network(model.weights, model.precision, sizes[model.weights])
        fitted = recipe.calibration
        kind = pace_kind(recipe.KIND, fitted.method.kind if fitted else None)
        return guesses.of_network(kind, network, steps=work[recipe.address].steps)
    return guesses.of_kind(recipe.KIND)


def _planned(one: _Wanted, why: str | None, tokens: int, estimate: Estimate) -> Planned:
    state = one.standing
    return Planned(
        one.recipe.KIND,
        one.label.title,
        one.recipe.address,
        one.label.model,
        state.state,
        state.parts,
        state.parts_made,
        why,
        tokens,
        estimate,
    )
