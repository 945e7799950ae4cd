"""sample: one model's own continuations, entropy measured in the same pass, then replayed."""

import logging
import time
from collections.abc import Iterable, Mapping

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from calibration.batching import Pending, batches
from calibration.encoding import longest
from calibration.engine.memory import rows_that_fit
from calibration.engine.replay import replayed_rows
from calibration.errors import said_of_model
from calibration.measurement import Asked, continued, replayed_part, sampled_parts, tokens_in
from calibration.recipes import SamplesRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.growing import Facts, Growing
from storage.loading import load_network
from storage.memory import free_memory
from storage.networks import Network
from storage.progress import progress
from storage.store import Store, open_store
from storage.verdicts import read_judged
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

LOG = logging.getLogger("calibration")


@task(task_run_name="sample {model}", cache_policy=NO_CACHE, persist_result=False)
def sample(
    recipes: Mapping[SamplesRecipe, str], *, model: str, checkpoint: Checkpoint, store: str
) -> list[str]:
    """Make the missing Samples of one model, titles given, loading it once; addresses."""
    place = open_store(store)
    missing = [recipe for recipe in recipes if not is_complete(place, recipe)]
    if missing:
        network = load_network(checkpoint, precision=missing[0].model.precision)
        growing = {recipe: _begun(recipe, recipes[recipe], place) for recipe in missing}
        with said_of_model(model):
            _sample(growing, network, checkpoint, model=model)
    return [recipe.address for recipe in missing]


def _begun(recipe: SamplesRecipe, title: str, place: Store) -> Growing:
    draft = Draft(place, recipe)
    examples = read_judged(place, recipe.examples, VERSIONS["examples"], table="examples")
    return Growing(draft, continued(examples, draws=recipe.draws), table="samples", title=title)


def _sample(
    growing: Mapping[SamplesRecipe, Growing],
    network: Network,
    checkpoint: Checkpoint,
    *,
    model: str,
) -> None:
    facts = network.facts | {"source": checkpoint.source}
    sizes = np.array(read_vocabulary(checkpoint).lengths(range(network.vocabulary)))
    pending = [
        Pending(recipe, number, one.rows(number))
        for recipe, one in growing.items()
        for number in one.missing
    ]
    total = sum(tokens_in(part.examples["continuation_ids"]) for part in pending)
    _seal_whole(growing, network, facts)
    with progress("sample", model=model, total=total) as more:
        for batch in batches(pending, rows=_most_rows(growing.values(), network, checkpoint)):
            started = time.monotonic()
            asked = [Asked(part.examples, part.recipe) for part in batch]
            made = sampled_parts(asked, network, sizes=sizes, progress=more)
            seconds = (time.monotonic() - started) / len(batch)
            for part, samples in zip(batch, made, strict=True):
                tokens = tokens_in(samples["tokens"])
                growing[part.recipe].add(samples, part.number, tokens=tokens, seconds=seconds)
            _seal_whole({part.recipe: growing[part.recipe] for part in batch}, network, facts)


def _most_rows(growing: Iterable[Growing], network: Network, checkpoint: Checkpoint) -> int:
    return rows_that_fit(
        min(free_memory()[: checkpoint.gpus]),
        cache_bytes=network.cache_bytes,
        positions=max(longest(one.examples) for one in growing),
        vocabulary=network.vocabulary,
    )


def _seal_whole(growing: Mapping[SamplesRecipe, Growing], network: Network, facts: Facts) -> None:
    """Replay and seal those that lack no part."""
    for recipe, one in growing.items():
        if not one.missing:
            samples = one.table()
            chosen = replayed_rows(recipe.digest, len(samples))
            replay = replayed_part(one.examples[chosen], samples[chosen], network, recipe)
            one.seal(one.draft.write_table(replay, table="replay"), facts=facts)
            LOG.info("sample %s: %s", one.title, one.pace)
