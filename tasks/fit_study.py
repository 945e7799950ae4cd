"""fit_study: every series of a study side by side, and what they say together."""

import polars as pl
from prefect import task

from calibration.across_tables import TUNING
from calibration.beside_temperatures import CALIBRATED, Beside, beside_temperatures, tables_held
from calibration.recipes import StudyFitRecipe, SummaryRecipe
from calibration.statistics.across import across_series
from calibration.statistics.equal_ent_ce import calibrated_row, gain
from calibration.statistics.tuning import Tuned, pairs_of, tuning_rows
from calibration.tables import SERIES_TABLES
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
    fitted = [_calibrated(one, place, level=level) for one in beside_temperatures(recipe)]
    if fitted:
        tables[CALIBRATED] = pl.concat(fitted)
    files = [draft.write_table(tables[table], table=table) for table in tables_held(recipe)]
    draft.seal(files, title=title)
    return recipe.address


def _side_by_side(recipe: StudyFitRecipe, place: Store, *, table: str) -> pl.DataFrame:
    return pl.concat(read_judged(place, one, VERSIONS["fits"], table=table) for one in recipe.fits)


def _tuning(
    recipe: StudyFitRecipe, place: Store, ent_ce: pl.DataFrame, *, level: float
) -> pl.DataFrame:
    measured = recipe.summaries()
    found = [TUNING.to_frame()]
    for pair in pairs_of(ent_ce):
        where = (pair["dataset"], pair["decoding"])
        base, chat = (_examples(measured[pair[name], *where], place) for name in ("base", "chat"))
        found.append(tuning_rows(Tuned(pair, base, chat), level=level))
    return pl.concat(found)


def _calibrated(beside: Beside, place: Store, *, level: float) -> pl.DataFrame:
    path = [_examples(one, place) for one in beside.temperatures]
    found = gain(_examples(beside.own, place), path, level=level)
    return calibrated_row(beside.labels, found)


def _examples(summary: SummaryRecipe, place: Store) -> pl.DataFrame:
    return read_judged(place, summary, VERSIONS["summaries"], table="examples")
