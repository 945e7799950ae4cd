"""theorize: the texts of a study, counted and put beside the simplified theory."""

from collections.abc import Iterator

from prefect import task

from calibration.recipes import TheoryEntry, TheoryRecipe
from calibration.theory import Counted, counted_tokens, counted_words, theory_tables
from calibration.theory_tables import THEORY_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import Store, open_store
from storage.verdicts import read_judged


@task(
    task_run_name="theorize {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def theorize(recipe: TheoryRecipe, *, title: str, store: str) -> str:
    """Make the Theory of a study's texts; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    counted = [text for entry in recipe.entries for text in _counted(entry, place)]
    tables = theory_tables(counted, seed=recipe.seed)
    files = [draft.write_table(getattr(tables, table), table=table) for table in THEORY_TABLES]
    draft.seal(files, title=title)
    return recipe.address


def _counted(entry: TheoryEntry, place: Store) -> Iterator[Counted]:
    if entry.tokenizer is None:
        source = entry.examples.texts
        texts = read_judged(place, source, VERSIONS["texts"], table="texts")
        yield counted_words(texts, dataset=entry.dataset, assumes=entry.assumes)
        return
    examples = read_judged(place, entry.examples, VERSIONS["examples"], table="examples")
    yield from counted_tokens(
        examples, dataset=entry.dataset, tokenizer=entry.tokenizer, assumes=entry.assumes
    )
