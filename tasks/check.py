"""check: the verdict on one sealed table. What depends on a table reads it only through this."""

import polars as pl
from prefect import task

from calibration import recipes
from calibration.errors import CheckFailed
from calibration.tables import SERIES_TABLES, STUDY_TABLES
from calibration.theory_tables import THEORY_TABLES
from expectations import suites
from expectations.judge import failure_sentence
from storage.artifacts import is_complete, read_table
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.manifests import manifest_of
from storage.store import Store, open_store
from storage.verdicts import failure_of, write_verdict


@task(
    task_run_name="check {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def check(recipe: recipes.VerdictRecipe, *, title: str, store: str) -> str:
    """Make the Verdict of a table; its address. Raises CheckFailed when a rule is broken."""
    place = open_store(store)
    if not is_complete(place, recipe):
        draft = Draft(place, recipe)
        verdict = _verdict(place, recipe.table)
        write_verdict(draft, verdict, title=title, failure=failure_sentence(title, verdict))
    failure = failure_of(place, recipe)
    if failure is not None:
        kept = f"What was made is kept at {recipe.table.address}, what depends on it is not made"
        raise CheckFailed(f"{failure}. {kept}")
    return recipe.address


def _verdict(place: Store, recipe: recipes.Checked) -> pl.DataFrame:
    def read(table: str, of: recipes.Checked = recipe) -> pl.DataFrame:
        return read_table(place, of, table)

    facts = _facts(place, recipe)
    match recipe:
        case recipes.TextsRecipe(span_bytes=span_bytes, examples=examples, independent=independent):
            return suites.texts_verdict(
                read("texts"), span_bytes=span_bytes, examples=examples, independent=independent
            )
        case recipes.ExamplesRecipe(prompt=prompt, continuation=continuation):
            return suites.examples_verdict(
                read("examples"),
                prompt=prompt,
                continuation=continuation,
                unit=recipe.unit,
                text_end=recipe.text_end,
                vocabulary=facts.get("vocabulary"),
                left_out=facts.get("left_out", 0),
            )
        case recipes.SamplesRecipe(examples=source):
            tables = (read("samples"), read("replay"), read("examples", source))
            return suites.samples_verdict(
                *tables,
                vocabulary=facts["vocabulary"],
                unit=source.unit,
                at_end=recipe.at_end,
                end_ids=recipe.end_ids,
                precision=recipe.model.precision,
                decoding=recipe.decoding,
            )
        case recipes.ScoresRecipe(examples=source, decoding=decoding):
            human, ids, end = read("examples", source), facts["vocabulary"], source.text_end
            return suites.scores_verdict(
                read("scores"), human, vocabulary=ids, text_end=end, decoding=decoding
            )
        case recipes.SummaryRecipe(samples=samples):
            return suites.summary_verdict(
                read("examples"),
                read("positions"),
                **{name: read(name) for name in ("texts", "spread", "gate", "readings")},
                unit=samples.examples.unit,
                at_end=samples.at_end,
                precision=samples.model.precision,
                vocabulary=_facts(place, samples).get("vocabulary"),
                decoding=samples.decoding,
            )
        case recipes.FitRecipe() | recipes.StudyFitRecipe():
            held = SERIES_TABLES if isinstance(recipe, recipes.FitRecipe) else STUDY_TABLES
            return suites.fit_verdict(**{name: read(name) for name in held})
        case recipes.TheoryRecipe(entries=entries):
            named = list(dict.fromkeys(one.dataset for one in entries))
            tables_of = {name: read(name) for name in THEORY_TABLES}
            return suites.theory_verdict(**tables_of, datasets=named)


def _facts(place: Store, recipe: recipes.Checked) -> dict[str, int]:
    """The numbers that the manifest of an artifact states."""
    stated = manifest.facts if (manifest := manifest_of(place, recipe)) else {}
    return {name: int(value) for name, value in stated.items() if isinstance(value, int)}
