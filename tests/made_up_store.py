"""A finished study in a store without a model: summaries as given, everything else a stub."""

from collections.abc import Mapping, Sequence

import polars as pl

from calibration.lineage import Lineage
from calibration.recipes import (
    FitRecipe,
    Member,
    Recipe,
    ReportRecipe,
    StudyFitRecipe,
    SummaryRecipe,
    VerdictRecipe,
)
from calibration.study import Study, parsed_study
from expectations.suites import VERSIONS
from storage.artifacts import is_complete, seal, write_file, write_table
from storage.roots import write_root
from storage.store import Store
from storage.verdicts import write_verdict

PASSED = pl.DataFrame({"rule": ["all"], "passed": [True]})


def member(name: str, summary: SummaryRecipe) -> Member:
    return Member(name=name, parameters=100, non_embedding_parameters=80, summary=summary)


def put_study(
    store: Store,
    members: Sequence[Member],
    tables: Mapping[SummaryRecipe, pl.DataFrame],
    *,
    name: str = "made-up",
) -> Study:
    """Put a study of one data set, `letters`, into a store: SUMMARY_EXAMPLES by recipe."""
    fit = FitRecipe(family="chains", dataset="letters", members=tuple(members))
    report = ReportRecipe(study=name, study_fit=StudyFitRecipe(fits=(fit,)))
    study = study_of(name, [one.name for one in members])
    write_root(store, Lineage(study, (), report))
    _put(store, report, tables)
    for recipe, frame in tables.items():
        verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
        write_verdict(store, verdict, PASSED, title=f"{len(frame)} rows", failure=None)
    return study


def study_of(name: str, models: Sequence[str]) -> Study:
    """A study file's content with these names."""
    source = {"kind": "files", "path": "no/such/*.txt"}
    data = {"name": "letters", "source": source, "prompt": 4, "continuation": 8, "examples": 16}
    entries = [{"name": one, "path": "no/such/model", "family": "chains"} for one in models]
    return parsed_study({"name": name, "models": entries, "datasets": [data]}, "study.yaml")


def _put(store: Store, recipe: Recipe, tables: Mapping[SummaryRecipe, pl.DataFrame]) -> None:
    for parent in recipe.parents:
        _put(store, parent, tables)
    if is_complete(store, recipe):
        return
    if isinstance(recipe, SummaryRecipe):
        file = write_table(store, recipe, tables[recipe], table="examples")
    else:
        file = write_file(store, recipe, "stub.txt", b"stub")
    seal(store, recipe, [file], title=f"a {recipe.KIND} artifact", seconds=0.0)
