"""ingest: the texts of one data set, selected without looking at any tokenizer."""

import logging
from pathlib import Path

from prefect import task

from calibration.expected import CLUSTERS
from calibration.recipes import TextsRecipe
from calibration.study import DatasetEntry
from calibration.text import selected
from storage.apart import left_out, require_some_left
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import open_store
from storage.texts import read_texts

LOG = logging.getLogger("calibration")


@task(
    task_run_name="ingest {dataset.name}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def ingest(recipe: TextsRecipe, *, dataset: DatasetEntry, root: str, store: str) -> str:
    """Make the Texts of a data set; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    reading = read_texts(dataset, Path(root), recipe)
    texts = selected(reading.texts, recipe, without=left_out(place, recipe))
    require_some_left(texts, recipe, name=dataset.name)
    clusters = texts["cluster"].n_unique()
    files = [draft.write_table(texts, table="texts")]
    draft.seal(files, title=dataset.name, facts={CLUSTERS: clusters, **reading.facts})
    LOG.info(
        "ingest %s: %d texts from %d clusters%s", dataset.name, len(texts), clusters, reading.words
    )
    return recipe.address
