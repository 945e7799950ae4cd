"""fit_study: every series of a study side by side, and what they say together."""

import polars as pl
from prefect import task

from calibration.recipes import StudyFitRecipe
from calibration.statistics.across import across_series
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
    across = across_series(tables["fits"], tables["points"], level=level)
    tables |= across._asdict()
    files = [draft.write_table(tables[table], table=table) for table in STUDY_TABLES]
    draft.seal(files, title=title)
    return recipe.address


def _side_by_side(recipe: StudyFitRecipe, place: Store, *, table: str) -> pl.DataFrame:
    return pl.concat(read_judged(place, one, VERSIONS["fits"], table=table) for one in recipe.fits)
