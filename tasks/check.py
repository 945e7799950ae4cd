"""check: the verdict on one sealed table. What depends on a table reads it only through this."""

from typing import Any

import polars as pl
from prefect import task

from calibration import recipes
from calibration.beside_temperatures import tables_held
from calibration.errors import CheckFailed
from calibration.prompts import Added
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
        case recipes.TextsRecipe():
            asked = recipe.model_dump(include=set(suites.TEXTS_ASKED))
            return suites.texts_verdict(read("texts"), **asked)
        case recipes.ExamplesRecipe():
            asked = recipe.model_dump(include=set(suites.EXAMPLES_ASKED))
            counted = {"vocabulary": facts.get("vocabulary"), "left_out": facts.get("left_out", 0)}
            return suites.examples_verdict(
                read("examples"), **asked, **counted, added=Added.stated(facts)
            )
        case recipes.CalibrationRecipe(method=method):
            fitted = [read(name) for name in suites.calibration_tables(method)]
            return suites.calibration_verdict(fitted, method, vocabulary=facts["vocabulary"])
        case recipes.SamplesRecipe(examples=source):
            tables = (read("samples"), read("replay"), read("examples", source))
            asked = {name: getattr(recipe, name) for name in suites.SAMPLES_ASKED}
            asked |= {"unit": source.unit, "precision": recipe.model.precision}
            return suites.samples_verdict(*tables, vocabulary=facts["vocabulary"], **asked)
        case recipes.RescoresRecipe(samples=samples):
            again, texts = read("rescores"), read("samples", samples)
            ids, decoding = facts["vocabulary"], samples.decoding
            return suites.rescores_verdict(again, texts, vocabulary=ids, decoding=decoding)
        case recipes.ScoresRecipe(examples=source, decoding=decoding):
            human, ids, end = read("examples", source), facts["vocabulary"], source.text_end
            return suites.scores_verdict(
                read("scores"), human, vocabulary=ids, text_end=end, decoding=decoding
            )
        case recipes.SummaryRecipe(samples=samples):
            asked = {name: getattr(samples, name) for name in suites.SUMMARIES_ASKED}
            asked |= {name: read(name) for name in ("texts", "spread", "gate", "readings")}
            return suites.summary_verdict(
                read("examples"),
                read("positions"),
                **asked,
                unit=samples.examples.unit,
                precision=recipe.scores.model.precision,
                vocabulary=_facts(place, samples).get("vocabulary"),
                losses=recipe.alignment,
            )
        case recipes.FitRecipe() | recipes.StudyFitRecipe():
            return suites.fit_verdict(**{name: read(name) for name in tables_held(recipe)})
        case recipes.TheoryRecipe(entries=entries):
            named = list(dict.fromkeys(one.dataset for one in entries))
            tables_of = {name: read(name) for name in THEORY_TABLES}
            return suites.theory_verdict(**tables_of, datasets=named)


def _facts(place: Store, recipe: recipes.Checked) -> dict[str, Any]:
    """What the manifest of an artifact states."""
    return dict(manifest.facts) if (manifest := manifest_of(place, recipe)) else {}
