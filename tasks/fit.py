"""fit: one series of models, their EntCE, drift and static parts, and the law over their sizes."""

import time

from prefect import task

from calibration.recipes import FitRecipe, Member
from calibration.statistics.series import Measured, fit_series
from expectations.suites import VERSIONS
from storage.artifacts import is_complete, seal, write_table
from storage.cache_policy import RecipePolicy
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
    started = time.monotonic()
    measured = [_measured(recipe, member, place) for member in recipe.members]
    series = fit_series(measured, x=recipe.x, level=recipe.level)
    files = [
        write_table(place, recipe, frame, table=table)
        for table, frame in (
            ("ent_ce", series.ent_ce),
            ("curves", series.curves),
            ("fits", series.fits),
            ("bands", series.bands),
        )
    ]
    seal(place, recipe, files, title=title, seconds=time.monotonic() - started)
    return recipe.address


def _measured(recipe: FitRecipe, member: Member, place: Store) -> Measured:
    examples, positions = (
        read_judged(place, member.summary, VERSIONS["summaries"], table=table)
        for table in ("examples", "positions")
    )
    return Measured(
        name=member.name,
        family=recipe.family,
        parameters=member.parameters,
        non_embedding_parameters=member.non_embedding_parameters,
        tokens=member.tokens,
        dataset=recipe.dataset,
        decoding=recipe.decoding.label,
        summary_examples=examples,
        summary_positions=positions,
    )
