"""fit_study: every series of a study side by side, and what they say together."""

import polars as pl
from prefect import task

from calibration.across_tables import TUNING
from calibration.recipes import StudyFitRecipe, SummaryRecipe
from calibration.statistics.across import across_series
from calibration.statistics.tuning import Tuned, pairs_of, tuning_rows
from calibration.tables import SERIES_TABLES, STUDY_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import Store, open_store
from storage.verdicts import read_judged


@task(
    task_run_name="fit study {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def fit_study(recipe: StudyFitRecipe, *, title: str, store: str) -> str:
    """Make the StudyFit of all series; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    tables = {table: _side_by_side(recipe, place, table=table) for table in SERIES_TABLES}
    level = recipe.fits[0].level  # a study has one
    across = across_series(tables["fits"], tables["points"], tables["ent_ce"], level=level)
    tables |= across._asdict()
    tables["tuning"] = _tuning(recipe, place, tables["ent_ce"], level=level)
    files = [draft.write_table(tables[table], table=table) for table in STUDY_TABLES]
    draft.seal(files, title=title)
    return recipe.address


def _side_by_side(recipe: StudyFitRecipe, place: Store, *, table: str) -> pl.DataFrame:
    return pl.concat(read_judged(place, one, VERSIONS["fits"], table=table) for one in recipe.fits)


def _tuning(
    recipe: StudyFitRecipe, place: Store, ent_ce: pl.DataFrame, *, level: float
) -> pl.DataFrame:
    measured = {
        (member.name, fit.dataset, fit.decoding.label): member.summary
        for fit in recipe.fits
        for member in fit.members
    }

    def examples(model: str, dataset: str, decoding: str) -> pl.DataFrame:
        summary: SummaryRecipe = measured[model, dataset, decoding]
        return read_judged(place, summary, VERSIONS["summaries"], table="examples")

    found = [TUNING.to_frame()]
    for pair in pairs_of(ent_ce):
        where = (pair["dataset"], pair["decoding"])
        base, chat = (examples(pair[name], *where) for name in ("base", "chat"))
        found.append(tuning_rows(Tuned(pair, base, chat), level=level))
    return pl.concat(found)
