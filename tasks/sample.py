"""sample: one model's own continuations, entropy measured in the same pass, then replayed."""

import logging
import time
from collections.abc import Mapping
from functools import partial

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from calibration.batching import Pending, batches
from calibration.encoding import longest
from calibration.engine.replay import replayed_rows
from calibration.errors import said_of_model
from calibration.measurement import Asked, continued, replayed_part, sampled_parts, tokens_in
from calibration.recipes import SamplesRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.calibrations import Way, ways_of
from storage.drafts import Draft
from storage.growing import Facts, Growing
from storage.loading import load_network, rows_together
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
            _sample(growing, network, checkpoint, place=place, model=model)
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
    place: Store,
    model: str,
) -> None:
    facts = network.facts | {"source": checkpoint.source}
    sizes = np.array(read_vocabulary(checkpoint).lengths(range(network.vocabulary)))
    ways = ways_of(growing, network, store=place, suite=VERSIONS["calibrations"])
    pending = [
        Pending(recipe, number, one.rows(number))
        for recipe, one in growing.items()
        for number in one.missing
    ]
    total = sum(tokens_in(part.examples["continuation_ids"]) for part in pending)
    _seal_whole(growing, ways, facts)
    positions = max(longest(one.examples) for one in growing.values())
    rows = partial(rows_together, network, positions=positions, gpus=checkpoint.gpus)
    with progress("sample", model=model, total=total) as more:
        for batch in batches(pending, rows=lambda one: rows(candidates=one.candidates)):
            started = time.monotonic()
            way = ways[batch[0].recipe]
            asked = [Asked(part.examples, ways[part.recipe].samples(part.recipe)) for part in batch]
            made = sampled_parts(asked, way.language, sizes=sizes, progress=more)
            seconds = (time.monotonic() - started) / len(batch)
            for part, samples in zip(batch, made, strict=True):
                tokens = tokens_in(samples["tokens"])
                growing[part.recipe].add(samples, part.number, tokens=tokens, seconds=seconds)
            _seal_whole({part.recipe: growing[part.recipe] for part in batch}, ways, facts)


def _seal_whole(
    growing: Mapping[SamplesRecipe, Growing], ways: Mapping[SamplesRecipe, Way], facts: Facts
) -> None:
    """Replay and seal those that lack no part."""
    for recipe, one in growing.items():
        if not one.missing:
            samples = one.table()
            chosen = replayed_rows(recipe.digest, len(samples))
            language, asked = ways[recipe].language, ways[recipe].samples(recipe)
            replay = replayed_part(one.examples[chosen], samples[chosen], language, asked)
            one.seal(one.draft.write_table(replay, table="replay"), facts=facts)
            LOG.info("sample %s: %s", one.title, one.pace)
