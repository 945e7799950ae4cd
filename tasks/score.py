"""score: log loss and entropy of the human continuations, every decoding from one forward pass."""

import logging
import time
from collections.abc import Hashable, Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from calibration.engine.decoding import Ending
from calibration.errors import said_of_model
from calibration.measurement import scored_part, tokens_in
from calibration.recipes import ScoresRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.calibrations import Way, ways_of
from storage.drafts import Draft
from storage.growing import Growing
from storage.loading import load_network
from storage.progress import progress
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
        ways = ways_of(missing, network, store=place, suite=VERSIONS["calibrations"])
        for group in read_together(missing):
            growing = _begun({recipe: recipes[recipe] for recipe in group}, place)
            with said_of_model(model):
                _score(growing, ways, model=model)
            for one in growing.values():
                one.seal(facts=network.facts | {"source": checkpoint.source})
                LOG.info("score %s: %s", one.title, one.pace)
    return [recipe.address for recipe in missing]


def read_together(recipes: Sequence[ScoresRecipe]) -> list[list[ScoresRecipe]]:
    """Recipes that one network reads on the same examples, wherever in the study they stand."""
    groups: dict[Hashable, list[ScoresRecipe]] = {}
    for recipe in recipes:
        groups.setdefault((recipe.examples, recipe.adjusted), []).append(recipe)
    return list(groups.values())


def _begun(titles: Mapping[ScoresRecipe, str], place: Store) -> dict[ScoresRecipe, Growing]:
    drafts = {recipe: Draft(place, recipe) for recipe in titles}
    examples = next(iter(titles)).examples
    rows = read_judged(place, examples, VERSIONS["examples"], table="examples")
    return {
        recipe: Growing(draft, rows, table="scores", title=titles[recipe])
        for recipe, draft in drafts.items()
    }


def _score(
    growing: Mapping[ScoresRecipe, Growing], ways: Mapping[ScoresRecipe, Way], *, model: str
) -> None:
    first, one = next(iter(growing.items()))
    language, ending = ways[first].language, Ending(first.at_end, first.end_ids)
    wanted = sorted(set().union(*(each.missing for each in growing.values())))
    total = sum(tokens_in(one.rows(index)["continuation_ids"]) for index in wanted)
    with progress("score", model=model, total=total) as more:
        for index in wanted:
            rows, started = one.rows(index), time.monotonic()
            lacking = {recipe: each for recipe, each in growing.items() if index in each.missing}
            decodings = [ways[recipe].decoding for recipe in lacking]
            parts = scored_part(rows, language, decodings=decodings, ending=ending)
            # One pass served them all: each bears its share, so that seconds add up over a store.
            seconds = (time.monotonic() - started) / len(parts)
            tokens = tokens_in(rows["continuation_ids"])
            for each, part in zip(lacking.values(), parts, strict=True):
                each.add(part, index, tokens=tokens, seconds=seconds)
            more(tokens)
