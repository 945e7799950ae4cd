"""summarize: samples and scores into sums per example and moments per position."""

import time

from prefect import task

from calibration.recipes import SummaryRecipe
from calibration.statistics.summaries import summary_examples, summary_positions
from expectations.suites import VERSIONS
from storage.artifacts import is_complete, seal, write_table
from storage.cache_policy import RecipePolicy
from storage.store import open_store
from storage.verdicts import read_judged


@task(
    task_run_name="summarize {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def summarize(recipe: SummaryRecipe, *, title: str, store: str) -> str:
    """Make the Summary of one model on one data set under one decoding; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    started = time.monotonic()
    samples, scores, examples = (
        read_judged(place, parent, VERSIONS[parent.KIND], table=parent.KIND)
        for parent in (recipe.samples, recipe.scores, recipe.samples.examples)
    )
    files = [
        write_table(place, recipe, summary_examples(samples, scores, examples), table="examples"),
        write_table(place, recipe, summary_positions(samples, scores), table="positions"),
    ]
    seal(place, recipe, files, title=title, seconds=time.monotonic() - started)
    return recipe.address
