"""score: log loss and entropy of the human continuations, every decoding from one forward pass."""

import logging
from collections.abc import Mapping
from itertools import groupby

from prefect import task
from prefect.cache_policies import NO_CACHE
from tqdm import tqdm

from calibration.engine.decoding import Ending
from calibration.measurement import scored_part, tokens_in
from calibration.recipes import ScoresRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.networks import Network, load_network
from storage.parts import part_rows, progress_of
from storage.store import Store, open_store
from storage.verdicts import read_judged
from storage.weights import Checkpoint

LOG = logging.getLogger("calibration")


@task(task_run_name="score {model}", cache_policy=NO_CACHE, persist_result=False)
def score(
    recipes: Mapping[ScoresRecipe, str], *, model: str, checkpoint: Checkpoint, store: str
) -> list[str]:
    """Make the missing Scores of one model, titles given, loading it once; addresses."""
    place = open_store(store)
    missing = [recipe for recipe in recipes if not is_complete(place, recipe)]
    if missing:
        network = load_network(checkpoint, precision=missing[0].model.precision)
        for _, group in groupby(missing, key=lambda recipe: recipe.examples):
            titles = {recipe: recipes[recipe] for recipe in group}
            _score(titles, network, place, model, checkpoint.source)
    return [recipe.address for recipe in missing]


def _score(
    recipes: dict[ScoresRecipe, str],
    network: Network,
    place: Store,
    model: str,
    source: str | None,
) -> None:
    drafts = {recipe: Draft(place, recipe) for recipe in recipes}
    first = next(iter(recipes))
    suite = VERSIONS["examples"]
    examples = read_judged(place, first.examples, suite, table="examples")
    progress = {
        recipe: progress_of(draft, table="scores", rows=len(examples))
        for recipe, draft in drafts.items()
    }
    wanted = sorted({index for one in progress.values() for index in one.missing})
    ending = Ending(first.at_end, first.end_ids)
    decodings = [recipe.decoding for recipe in recipes]
    total = sum(tokens_in(part_rows(examples, index)["continuation_ids"]) for index in wanted)
    with tqdm(total=total, desc=f"score {model}", unit=" tokens", disable=None) as bar:
        for index in wanted:
            rows = part_rows(examples, index)
            parts = scored_part(rows, network, decodings=decodings, ending=ending)
            for recipe, part in zip(recipes, parts, strict=True):
                if index in progress[recipe].missing:
                    stored = drafts[recipe].write_table(part, table="scores", index=index)
                    progress[recipe].kept[index] = stored
            bar.update(tokens_in(rows["continuation_ids"]))
    facts = {
        "vocabulary": network.vocabulary,
        "parameters": network.parameters,
        "source": source,
    }
    # One pass served them all: each bears its share, so that seconds add up over a store.
    share = max(draft.seconds for draft in drafts.values()) / len(drafts)
    for recipe, title in recipes.items():
        files = list(progress[recipe].kept.values())
        drafts[recipe].seal(files, title=title, tokens=total, seconds=share, facts=facts)
    LOG.info("score %s: %d tokens, decodings: %d", model, total, len(decodings))
