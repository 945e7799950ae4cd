"""encode: texts under one tokenizer, as prompts and continuations."""

import logging

from prefect import task

from calibration.encoding import encoded
from calibration.errors import TextError
from calibration.recipes import ExamplesRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import open_store
from storage.verdicts import read_judged
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

LOG = logging.getLogger("calibration")


@task(
    task_run_name="encode {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def encode(recipe: ExamplesRecipe, *, title: str, checkpoint: Checkpoint, store: str) -> str:
    """Make the Examples of some texts with the tokenizer of a checkpoint; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    texts = read_judged(place, recipe.texts, VERSIONS["texts"], table="texts")
    vocabulary = read_vocabulary(checkpoint)
    found = encoded(texts, vocabulary, recipe)
    if found.examples.is_empty():
        raise TextError(
            f"{title}: texts of more than {recipe.prompt} {recipe.unit} that their tokens spell "
            f"were expected, found {found.why}: bring longer texts, or ask for a shorter `prompt`"
        )
    facts = {
        "too_short": found.too_short,
        "altered": found.altered,
        "not_whole": found.not_whole,
        "left_out": found.left_out,
        "vocabulary": len(vocabulary),
        **vocabulary.added(recipe.form).facts,
    }
    draft.seal([draft.write_table(found.examples, table="examples")], title=title, facts=facts)
    LOG.info(
        "encode %s: %d examples, %d left out%s",
        title,
        len(found.examples),
        found.left_out,
        f" ({found.why})" if found.left_out else "",
    )
    return recipe.address
