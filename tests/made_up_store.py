"""A finished study in a store without a model: summaries as given, everything else a stub."""

from collections.abc import Mapping, Sequence

import polars as pl

from calibration.expected import spread_facts
from calibration.lineage import Lineage
from calibration.recipes import (
    FitRecipe,
    Member,
    Recipe,
    ReportRecipe,
    StudyFitRecipe,
    SummaryRecipe,
    TheoryRecipe,
    VerdictRecipe,
)
from calibration.statistics.precision import components
from calibration.study import Study, parsed_study
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.local import LocalStore
from storage.roots import write_root
from storage.verdicts import write_verdict

PASSED = pl.DataFrame({"rule": ["all"], "passed": [True]})


def member(name: str, summary: SummaryRecipe) -> Member:
    return Member(name=name, parameters=100, non_embedding_parameters=80, summary=summary)


def put_study(
    store: LocalStore,
    members: Sequence[Member],
    tables: Mapping[SummaryRecipe, pl.DataFrame],
    *,
    name: str = "made-up",
) -> Study:
    """Put a study of one data set, `letters`, into a store: SUMMARY_EXAMPLES by recipe."""
    fit = FitRecipe(family="chains", dataset="letters", members=tuple(members))
    report = ReportRecipe(
        study=name,
        study_fit=StudyFitRecipe(fits=(fit,)),
        theory=TheoryRecipe(seed=0, entries=()),
    )
    study = study_of(name, [one.name for one in members])
    write_root(store, Lineage(study, (), report))
    _put(store, report, tables)
    for recipe, frame in tables.items():
        verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
        write_verdict(Draft(store, verdict), PASSED, title=f"{len(frame)} rows", failure=None)
    return study


def study_of(name: str, models: Sequence[str]) -> Study:
    """A study file's content with these names."""
    source = {"kind": "files", "path": "no/such/*.txt"}
    data = {"name": "letters", "source": source, "prompt": 4, "continuation": 8, "examples": 16}
    entries = [{"name": one, "path": "no/such/model", "family": "chains"} for one in models]
    return parsed_study({"name": name, "models": entries, "datasets": [data]}, "study.yaml")


def _put(store: LocalStore, recipe: Recipe, tables: Mapping[SummaryRecipe, pl.DataFrame]) -> None:
    for parent in recipe.parents:
        _put(store, parent, tables)
    if is_complete(store, recipe):
        return
    draft, facts = Draft(store, recipe), {}
    if isinstance(recipe, SummaryRecipe):
        file = draft.write_table(tables[recipe], table="examples")
        facts = spread_facts(components(tables[recipe]))
    else:
        file = draft.write_file("stub.txt", b"stub")
    draft.seal([file], title=f"a {recipe.KIND} artifact", facts=facts)
