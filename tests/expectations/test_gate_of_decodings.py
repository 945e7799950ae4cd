"""The gate on a network that looks at its whole context: sampled, replayed, compared."""

import exact_decoding
import numpy as np
import polars as pl
import pytest
from exact_decoding import EVERY_KIND
from gate import END, broken, samples_of
from tiny import short_prompts, tiny_network

from calibration.engine.decoding import Decoding, Ending
from storage.networks import Network

STEPS, ROWS = 40, 100


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    return short_prompts(ROWS, steps=STEPS)


@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_every_kind_of_decoding_passes(
    network: Network, examples: pl.DataFrame, decoding: Decoding
) -> None:
    assert broken(examples, (network, network), (decoding, decoding)) == set()


@pytest.mark.parametrize(
    ("sampled", "replayed"),
    [
        (Decoding(top_k=10, mixture=0.01), Decoding()),
        (Decoding(top_p=0.8, mixture=0), Decoding()),
        (Decoding(typical=0.8, mixture=0.01), Decoding(typical=0.8, mixture=0.1)),
        (Decoding(0.9, min_p=0.1, mixture=0.01), Decoding(1.0, min_p=0.1, mixture=0.01)),
    ],
    ids=["top-k scored raw", "top-p scored raw", "another mixture", "another temperature"],
)
def test_what_is_sampled_under_one_and_scored_under_another_is_refused(
    network: Network, examples: pl.DataFrame, sampled: Decoding, replayed: Decoding
) -> None:
    named = broken(examples, (network, network), (sampled, replayed))
    assert {"replay-agrees", "first-step-agrees"} <= named


@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_sampled_entropies_are_those_of_the_definition(
    network: Network, examples: pl.DataFrame, decoding: Decoding
) -> None:
    few = examples.head(8)
    samples = samples_of(few, network, decoding)
    for prompt, tokens, entropies, log_probs in zip(
        few["prompt_ids"], samples["tokens"], samples["entropy"], samples["log_prob"], strict=True
    ):
        logits = exact_decoding.logits_after(network, [*prompt, *tokens])[len(prompt) - 1 : -1]
        logits[:, END] = -np.inf
        for values, token, h, log_p in zip(logits, tokens, entropies, log_probs, strict=True):
            p = exact_decoding.probabilities(values, decoding.temperature)
            exact = exact_decoding.measured(p, decoding)
            assert exact[token] > 0
            assert h == pytest.approx(exact_decoding.entropy(exact), abs=1e-5)
            assert log_p == pytest.approx(np.log(exact[token]), abs=1e-5)


def test_the_end_is_never_drawn_under_any_decoding(
    network: Network, examples: pl.DataFrame
) -> None:
    assert Ending("continue", (END,)).masked == (END,)
    for decoding in EVERY_KIND:
        samples = samples_of(examples.head(10), network, decoding)
        assert END not in samples["tokens"].explode()
