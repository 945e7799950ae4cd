"""sample: one model's own continuations, entropy measured in the same pass, then replayed."""

import logging
from collections.abc import Mapping

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE
from tqdm import tqdm

from calibration.engine.replay import replayed_rows
from calibration.measurement import Sizes, replayed_part, sampled_part, tokens_in
from calibration.recipes import SamplesRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.networks import Network, load_network
from storage.parts import part_rows, progress_of, read_parts
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
        sizes = np.array(read_vocabulary(checkpoint).lengths(range(network.vocabulary)))
        for recipe in missing:
            _sample(recipe, network, sizes, place, recipes[recipe], checkpoint.source)
    return [recipe.address for recipe in missing]


def _sample(
    recipe: SamplesRecipe,
    network: Network,
    sizes: Sizes,
    place: Store,
    title: str,
    source: str | None,
) -> None:
    draft = Draft(place, recipe)
    suite = VERSIONS["examples"]
    examples = read_judged(place, recipe.examples, suite, table="examples")
    files, missing = progress_of(draft, table="samples", rows=len(examples))
    tokens = 0
    total = sum(tokens_in(part_rows(examples, index)["continuation_ids"]) for index in missing)
    with tqdm(total=total, desc=f"sample {title}", unit=" tokens", disable=None) as bar:
        for index in missing:
            rows = part_rows(examples, index)
            part = sampled_part(rows, network, recipe, sizes=sizes, progress=bar.update)
            files[index] = draft.write_table(part, table="samples", index=index)
            tokens += tokens_in(part["tokens"])
    samples = read_parts(place, recipe, files.values())
    chosen = replayed_rows(recipe.digest, len(samples))
    replay = replayed_part(examples[chosen], samples[chosen], network, recipe)
    stored = [*files.values(), draft.write_table(replay, table="replay")]
    facts = {
        "vocabulary": network.vocabulary,
        "parameters": network.parameters,
        "source": source,
    }
    draft.seal(stored, title=title, tokens=tokens, facts=facts)
    LOG.info("sample %s: %d tokens, %.0f tokens/s", title, tokens, tokens / draft.seconds)
