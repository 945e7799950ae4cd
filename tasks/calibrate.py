"""calibrate: what the decodings of one model fit, on texts that are not measured."""

import logging
from collections.abc import Mapping

import numpy as np
import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from calibration.encoding import longest
from calibration.engine.metered import Metered
from calibration.errors import said_of_model
from calibration.fitting import Work, fitted
from calibration.fitting_work import tokens_to_fit
from calibration.measurement import Sizes, tokens_in
from calibration.recipes import CalibrationRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.calibrations import write_fitted
from storage.drafts import Draft
from storage.loading import load_network, rows_together
from storage.networks import Network
from storage.progress import progress
from storage.store import open_store
from storage.verdicts import read_judged
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

LOG = logging.getLogger("calibration")


@task(task_run_name="calibrate {model}", cache_policy=NO_CACHE, persist_result=False)
def calibrate(
    recipes: Mapping[CalibrationRecipe, str], *, model: str, checkpoint: Checkpoint, store: str
) -> list[str]:
    """Make the missing Calibrations of one model, titles given, loading it once; addresses."""
    place = open_store(store)
    missing = [recipe for recipe in recipes if not is_complete(place, recipe)]
    if missing:
        network = load_network(checkpoint, precision=missing[0].model.precision)
        with said_of_model(model):
            sizes = np.array(read_vocabulary(checkpoint).lengths(range(network.vocabulary)))
            for recipe in missing:
                draft = Draft(place, recipe)
                _calibrate(draft, recipe, network, checkpoint, sizes=sizes, title=recipes[recipe])
    return [recipe.address for recipe in missing]


def _calibrate(
    draft: Draft,
    recipe: CalibrationRecipe,
    network: Network,
    checkpoint: Checkpoint,
    *,
    sizes: Sizes,
    title: str,
) -> None:
    if network.rereads and recipe.method.kind != "temperature":
        LOG.warning(
            "calibrate %s: this network is no plain decoder, so that a text is read again for each "
            "token that is tried: expect as many times the work as a text has tokens",
            title,
        )
    examples = read_judged(draft.store, recipe.examples, VERSIONS["examples"], table="examples")
    rows = rows_together(network, positions=longest(examples), gpus=checkpoint.gpus)
    with progress("calibrate", model=title, total=_expected(recipe, examples)) as more:
        found = fitted(
            Work(
                recipe,
                examples,
                Metered(network, more),
                sizes=sizes,
                rows=rows,
                told=lambda words: LOG.info("calibrate %s: %s", title, words),
            )
        )
    facts = network.facts | {
        "source": checkpoint.source,
        "texts": len(examples),
        "clusters": examples["cluster"].n_unique(),
        "human_tokens": tokens_in(examples["continuation_ids"]),
    }
    draft.seal(write_fitted(draft, found), title=title, facts=facts)
    LOG.info("calibrate %s: fitted in %.0f s", title, draft.seconds)


def _expected(recipe: CalibrationRecipe, examples: pl.DataFrame) -> int:
    """Tokens that a fit takes, as a rule: more where a temperature is hard to find."""
    lengths = [tokens_in(examples[ids]) for ids in ("prompt_ids", "continuation_ids")]
    prompt, continuation = (round(total / len(examples)) for total in lengths)
    return tokens_to_fit(
        recipe.method, examples=len(examples), prompt=prompt, continuation=continuation
    )
