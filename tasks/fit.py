"""fit: one series of models, their EntCE, drift and static parts, and the law over their sizes."""

from dataclasses import fields

from prefect import task

from calibration.engine.decoding import Decoding
from calibration.recipes import FitRecipe, Member
from calibration.statistics.measured import Measured, Summary
from calibration.statistics.series import fit_series
from calibration.tables import SERIES_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import Store, open_store
from storage.verdicts import read_judged


@task(
    task_run_name="fit {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def fit(recipe: FitRecipe, *, title: str, store: str) -> str:
    """Make the Fit of one series; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    measured = [_measured(recipe, member, place) for member in recipe.members]
    series = fit_series(measured, x=recipe.x, level=recipe.level)
    files = [draft.write_table(getattr(series, table), table=table) for table in SERIES_TABLES]
    draft.seal(files, title=title)
    return recipe.address


def _measured(recipe: FitRecipe, member: Member, place: Store) -> Measured:
    tables = {
        field.name: read_judged(place, member.summary, VERSIONS["summaries"], table=field.name)
        for field in fields(Summary)
    }
    plain = recipe.decoding if isinstance(recipe.decoding, Decoding) else None
    return Measured(
        name=member.name,
        family=recipe.family,
        parameters=member.parameters,
        non_embedding_parameters=member.non_embedding_parameters,
        tokens=member.tokens,
        trained_until=member.trained_until,
        distilled=member.distilled,
        chat=member.chat,
        base=member.base,
        dataset=recipe.dataset,
        decoding=recipe.decoding.label,
        temperature=plain.temperature if plain else None,
        truncation=plain.truncation if plain else None,
        mixture=plain.mixture if plain else None,
        unit=member.summary.samples.examples.unit,
        at_end=member.summary.samples.at_end,
        summary=Summary(**tables),
    )
