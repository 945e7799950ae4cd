"""fit_study: every series of a study side by side."""

import polars as pl
from prefect import task

from calibration.recipes import StudyFitRecipe
from calibration.tables import SERIES_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import open_store
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
    files = []
    for table in SERIES_TABLES:
        frames = [read_judged(place, one, VERSIONS["fits"], table=table) for one in recipe.fits]
        files.append(draft.write_table(pl.concat(frames), table=table))
    draft.seal(files, title=title)
    return recipe.address
