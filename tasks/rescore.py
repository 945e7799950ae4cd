"""rescore: one model's generated texts, read by its weights in another precision."""

import logging
import time
from collections.abc import Mapping

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from calibration.errors import said_of_model
from calibration.measurement import continued, rescored_part, tokens_in
from calibration.recipes import RescoresRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.growing import Growing
from storage.loading import load_network
from storage.networks import Network
from storage.progress import progress
from storage.store import Store, open_store
from storage.verdicts import read_judged
from storage.weights import Checkpoint

LOG = logging.getLogger("calibration")


@task(task_run_name="rescore {model}", cache_policy=NO_CACHE, persist_result=False)
def rescore(
    recipes: Mapping[RescoresRecipe, str], *, model: str, checkpoint: Checkpoint, store: str
) -> list[str]:
    """Make the missing Rescores of one model, titles given, loading it once; addresses."""
    place = open_store(store)
    missing = [recipe for recipe in recipes if not is_complete(place, recipe)]
    if missing:
        network = load_network(checkpoint, precision=missing[0].model.precision)
        for recipe in missing:
            growing = _begun(recipe, recipes[recipe], place)
            with said_of_model(model):
                _rescore(growing, recipe, network, model=model)
            growing.seal(facts=network.facts | {"source": checkpoint.source})
            LOG.info("rescore %s: %s", growing.title, growing.pace)
    return [recipe.address for recipe in missing]


def _begun(recipe: RescoresRecipe, title: str, place: Store) -> Growing:
    """Rows of the prompts beside the texts that were made of them."""
    samples, examples = (
        read_judged(place, parent, VERSIONS[parent.KIND], table=parent.KIND)
        for parent in (recipe.samples, recipe.samples.examples)
    )
    prompts = continued(examples, draws=recipe.samples.draws).select("prompt_ids")
    rows = pl.concat([samples, prompts], how="horizontal")
    return Growing(Draft(place, recipe), rows, table="rescores", title=title)


def _rescore(growing: Growing, recipe: RescoresRecipe, network: Network, *, model: str) -> None:
    parts = {index: growing.rows(index) for index in sorted(growing.missing)}
    total = sum(tokens_in(rows["tokens"]) for rows in parts.values())
    with progress("rescore", model=model, total=total) as more:
        for index, rows in parts.items():
            started, tokens = time.monotonic(), tokens_in(rows["tokens"])
            part = rescored_part(rows, rows, network, recipe.samples)
            growing.add(part, index, tokens=tokens, seconds=time.monotonic() - started)
            more(tokens)
