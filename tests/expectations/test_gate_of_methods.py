"""The gate on calibrated distributions: they are distributions like any other."""

from typing import Final

import numpy as np
import polars as pl
import pytest
import torch
from gate import END, broken
from small_recipes import CALIBRATION, SAMPLES, changed
from tiny import VOCABULARY, short_prompts, tiny_network

from calibration.edges import edge_difference
from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjusted, Adjustment, Foresight
from calibration.engine.future import FutureEntropy as Foretelling
from calibration.engine.future import Head
from calibration.engine.language import Language
from calibration.engine.lookahead import OneStepAhead
from calibration.methods import FittedTemperature, FutureEntropy, OneStep
from storage.networks import Network

STEPS, ROWS = 40, 80
ONE_STEP = OneStep(kind="one_step")
FUTURE = FutureEntropy(kind="future_entropy")
TEMPERATURE = FittedTemperature(kind="temperature", fit="ent_ce")
BOTH_PLAIN: Final = Decoding(), Decoding()


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    return short_prompts(ROWS, steps=STEPS)


def ahead(network: Network, alpha: float, *, seed: int = 0) -> Language:
    ending = Ending("continue", (END,))
    foresight = OneStepAhead(network, reach=Reach(6, 4), seed=seed, ending=ending)
    return Adjusted(foresight, Adjustment("one-step", (alpha,)))


def foretelling(network: Network, alpha: float) -> Language:
    generator = torch.Generator().manual_seed(3)
    shapes = ((32,), (32,), (4, 32), (4,), (VOCABULARY, 4), (VOCABULARY,))
    head = Head(*(torch.randn(shape, generator=generator).abs() for shape in shapes))
    foresight: Foresight = Foretelling(network, head)
    return Adjusted(foresight, Adjustment("future-entropy", (alpha,)))


@pytest.mark.parametrize("alpha", [-1.0, 0.3, 2.0])
def test_looking_one_step_ahead_passes(
    network: Network, examples: pl.DataFrame, alpha: float
) -> None:
    language = ahead(network, alpha)
    assert broken(examples, (language, language), BOTH_PLAIN, ONE_STEP) == set()


def test_a_predicted_future_passes(network: Network, examples: pl.DataFrame) -> None:
    language = foretelling(network, 0.2)
    assert broken(examples, (language, language), BOTH_PLAIN, FUTURE) == set()


def test_another_sample_of_the_tail_is_another_distribution(
    network: Network, examples: pl.DataFrame
) -> None:
    languages = ahead(network, 1.0), ahead(network, 1.0, seed=1)
    named = broken(examples, languages, BOTH_PLAIN, ONE_STEP)
    assert "few-at-the-edge" in named


def test_texts_scored_without_their_foresight_are_refused(
    network: Network, examples: pl.DataFrame
) -> None:
    for language, method in ((ahead(network, 1.0), ONE_STEP), (foretelling(network, 0.2), FUTURE)):
        assert "first-step-agrees" in broken(examples, (language, network), BOTH_PLAIN, method)


def test_only_what_tries_tokens_has_an_edge() -> None:
    assert edge_difference(ONE_STEP, "float32") == 1e-4
    assert edge_difference(ONE_STEP, "bfloat16") > 1e-4
    assert edge_difference(FUTURE, "float32") == np.inf
    assert edge_difference(TEMPERATURE, "float32") == np.inf


def test_a_recipe_says_how_many_tokens_are_tried_and_which_network_it_wants() -> None:
    asked = {
        method: changed(SAMPLES, calibration=changed(CALIBRATION, method=method))
        for method in (ONE_STEP, FUTURE, TEMPERATURE)
    }
    assert asked[ONE_STEP].candidates == 72
    assert asked[FUTURE].candidates == asked[TEMPERATURE].candidates == SAMPLES.candidates == 0
    assert asked[TEMPERATURE].adjusted is None
    assert asked[ONE_STEP].adjusted == asked[ONE_STEP].calibration
