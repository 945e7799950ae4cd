"""check: the verdict on one sealed table. What depends on a table reads it only through this."""

import polars as pl
from prefect import task

from calibration.errors import CheckFailed
from calibration.recipes import (
    Checked,
    ExamplesRecipe,
    FitRecipe,
    SamplesRecipe,
    ScoresRecipe,
    StudyFitRecipe,
    SummaryRecipe,
    TextsRecipe,
    VerdictRecipe,
)
from expectations import suites
from expectations.judge import failure_sentence
from storage.artifacts import is_complete, manifest_of, read_table
from storage.cache_policy import RecipePolicy
from storage.store import Store, open_store
from storage.verdicts import failure_of, write_verdict


@task(
    task_run_name="check {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def check(recipe: VerdictRecipe, *, title: str, store: str) -> str:
    """Make the Verdict of a table; its address. Raises CheckFailed when a rule is broken."""
    place = open_store(store)
    if not is_complete(place, recipe):
        verdict = _verdict(place, recipe.table)
        failure = failure_sentence(title, verdict)
        write_verdict(place, recipe, verdict, title=title, failure=failure)
    failure = failure_of(place, recipe)
    if failure is not None:
        raise CheckFailed(
            f"{failure}. What was made is kept at {recipe.table.address}, "
            "what depends on it is not made"
        )
    return recipe.address


def _verdict(place: Store, recipe: Checked) -> pl.DataFrame:
    def read(table: str, of: Checked = recipe) -> pl.DataFrame:
        return read_table(place, of, table)

    manifest = manifest_of(place, recipe)
    facts = manifest.facts if manifest else {}
    vocabulary = int(facts.get("vocabulary") or 0)
    match recipe:
        case TextsRecipe(span_bytes=span_bytes, examples=examples):
            texts = read("texts")
            return suites.texts_verdict(texts, span_bytes=span_bytes, examples=examples)
        case ExamplesRecipe(prompt=prompt, continuation=continuation):
            return suites.examples_verdict(
                read("examples"),
                prompt=prompt,
                continuation=continuation,
                vocabulary=vocabulary,
                left_out=int(facts.get("left_out") or 0),
            )
        case SamplesRecipe(at_end=at_end, end_ids=end_ids, model=model):
            return suites.samples_verdict(
                read("samples"),
                read("replay"),
                read("examples", recipe.examples),
                vocabulary=vocabulary,
                at_end=at_end,
                end_ids=end_ids,
                precision=model.precision,
            )
        case ScoresRecipe():
            return suites.scores_verdict(
                read("scores"),
                read("examples", recipe.examples),
                vocabulary=vocabulary,
            )
        case SummaryRecipe(samples=samples):
            return suites.summary_verdict(
                read("examples"),
                read("positions"),
                precision=samples.model.precision,
            )
        case FitRecipe() | StudyFitRecipe():
            return suites.fit_verdict(read("ent_ce"), read("fits"))
