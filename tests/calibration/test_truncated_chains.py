"""Truncated and mixed decodings of exact Markov checkpoints, from the weights to the verdicts.

Every number is held against the chain that is measured, which numpy makes in float64 beside it.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from markov import ClosedForm, Floats, chain, stationary, texts, truncated, write_checkpoint

from calibration.encoding import encoded
from calibration.engine.decoding import Decoding, Ending
from calibration.measurement import replayed_part, sampled_part, scored_part
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.ent_ce import Estimate, estimate
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples
from calibration.text import SourceText, selected
from expectations.suites import samples_verdict, scores_verdict
from storage.loading import load_network
from storage.networks import Network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

PROMPT, STEPS, COUNT, VOCABULARY, END_ID = 4, 40, 300, 8, 7
MODEL, TEXT = chain(1, sharpness=1.2), chain(2, sharpness=1.0)
DECODINGS = (
    Decoding(),
    Decoding(0.8),
    Decoding(top_k=3, mixture=0.1),
    Decoding(top_k=3, mixture=0.001),
    Decoding(top_k=3, mixture=0),
    Decoding(0.9, min_p=0.2, mixture=0.01),
    Decoding(1.2, min_p=0.2, mixture=0),
    Decoding(0.9, top_k=5, min_p=0.1, mixture=0.05),
)
# The gate alone: what these allow has no simple closed form beside the engine's own.
OTHERS = (
    Decoding(top_p=0.8, mixture=0.01),
    Decoding(epsilon=0.1, mixture=0),
    Decoding(eta=0.3, mixture=0.01),
    Decoding(typical=0.7, mixture=0),
    Decoding(0.9, top_k=5, top_p=0.9, min_p=0.05, typical=0.9, mixture=0.02),
)
EVERY = (*DECODINGS, *OTHERS)


class Measured(NamedTuple):
    """Everything measured of the chain under one decoding."""

    examples: pl.DataFrame
    samples: pl.DataFrame
    replay: pl.DataFrame
    scores: pl.DataFrame
    found: Estimate


def recipe(decoding: Decoding) -> SamplesRecipe:
    source = SourceIdentity(kind="files", content="markov")
    return SamplesRecipe(
        examples=ExamplesRecipe(
            texts=TextsRecipe(source=source, span_bytes=100, examples=COUNT, seed=0),
            tokenizer="letters",
            prompt=PROMPT,
            continuation=STEPS,
            unit="tokens",
        ),
        model=ModelIdentity(weights="chain", precision="float32"),
        decoding=decoding,
        at_end="continue",
        end_ids=(END_ID,),
        seed=0,
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    directory = tmp_path_factory.mktemp("chain")
    write_checkpoint(directory, MODEL)
    return Checkpoint(str(directory))


@pytest.fixture(scope="module")
def network(checkpoint: Checkpoint) -> Network:
    return load_network(checkpoint, precision="float32")


@pytest.fixture(scope="module")
def measured(checkpoint: Checkpoint, network: Network) -> dict[Decoding, Measured]:
    """All decodings of one chain, scored in one pass."""
    vocabulary = read_vocabulary(checkpoint)
    sizes = np.array(vocabulary.lengths(range(network.vocabulary)))
    lines = texts(TEXT, count=COUNT, length=PROMPT + STEPS, seed=17)
    sources = [SourceText(f"{number}", "", line) for number, line in enumerate(lines)]
    asked = recipe(Decoding()).examples
    examples = encoded(selected(sources, asked.texts), vocabulary, asked).examples
    scored = scored_part(examples, network, decodings=EVERY, ending=Ending("continue", (END_ID,)))
    measured = {}
    for decoding, scores in zip(EVERY, scored, strict=True):
        own = recipe(decoding)
        samples = sampled_part(examples, network, own, sizes=sizes, progress=lambda _: None)
        replay = replayed_part(examples[:64], samples[:64], network, own)
        steps = stepwise(samples, scores, examples, unit="tokens", at_end="continue")
        found = estimate(summary_examples(steps))
        measured[decoding] = Measured(examples, samples, replay, scores, found)
    return measured


def exact(decoding: Decoding) -> tuple[ClosedForm, float]:
    """The closed form of the measured chain, and the share of human letters it allows."""
    chain_of, allowed = truncated(
        MODEL,
        temperature=decoding.temperature,
        top_k=decoding.top_k,
        min_p=decoding.min_p,
        mixture=1.0 if decoding.mixture is None else decoding.mixture,
    )
    covered: Floats = (TEXT * allowed).sum(axis=1)
    form = ClosedForm(MODEL, TEXT, steps=STEPS, measured=chain_of)
    return form, float(stationary(TEXT) @ covered)


def error(table: pl.DataFrame, column: str) -> float:
    """Standard error of a mean over texts, which are independent and of one length."""
    means = table[column].list.eval(pl.element().cast(pl.Float64)).list.mean().to_numpy()
    return float(means.std(ddof=1) / np.sqrt(len(means)))


@pytest.mark.parametrize("decoding", DECODINGS, ids=lambda one: one.label)
def test_entropies_and_losses_are_those_of_the_chain_that_is_measured(
    decoding: Decoding, measured: dict[Decoding, Measured]
) -> None:
    known, coverage = exact(decoding)
    one = measured[decoding]
    assert abs(one.found.entropy - known.entropy) < 4 * error(one.samples, "entropy")
    assert abs(one.found.teacher_entropy - known.teacher_entropy) < 4 * error(one.scores, "entropy")
    drift = known.entropy - known.teacher_entropy
    assert abs(one.found.drift.value - drift) < 4 * one.found.drift.standard_error
    assert one.found.coverage == pytest.approx(
        coverage, abs=4 * error(one.scores, "inside") + 1e-12
    )
    if decoding.is_pure:
        assert known.log_loss == one.found.log_loss == np.inf
        for undefined in (one.found.ent_ce, one.found.static):
            assert np.isnan(list(vars(undefined).values())).all()
        return
    assert abs(one.found.log_loss - known.log_loss) < 4 * error(one.scores, "log_loss")
    assert abs(one.found.ent_ce.value - known.ent_ce) < 4 * one.found.ent_ce.standard_error


def test_a_mixture_costs_the_log_loss_that_coverage_says(
    measured: dict[Decoding, Measured],
) -> None:
    """From λ = .1 to .001, (1 - coverage) ln 100 but for what the tokens inside gain or lose."""
    wide, narrow = (measured[Decoding(top_k=3, mixture=one)].found for one in (0.1, 0.001))
    assert wide.coverage == narrow.coverage < 1
    cost = (1 - wide.coverage) * np.log(100)
    # An id inside has (1 - λ) p / p(A) + λ p: at most ln(1 / (1 - .1)) apart between the two.
    assert abs(narrow.log_loss - wide.log_loss - cost) < np.log(1 / 0.9)


def test_the_pure_sampler_is_where_the_path_of_entropies_leads(
    measured: dict[Decoding, Measured],
) -> None:
    path = [measured[Decoding(top_k=3, mixture=one)].found.entropy for one in (0.1, 0.001, 0)]
    assert path == sorted(path, reverse=True)
    assert path[1] - path[2] < 0.03 < path[0] - path[2]


def test_a_temperature_covers_all(measured: dict[Decoding, Measured]) -> None:
    for one in (Decoding(), Decoding(0.8)):
        assert measured[one].found.coverage == 1


@pytest.mark.parametrize("decoding", EVERY, ids=lambda one: one.label)
def test_the_gate_and_every_rule_hold_of_every_decoding(
    decoding: Decoding, measured: dict[Decoding, Measured]
) -> None:
    one = measured[decoding]
    gate = gate_of(one, one.replay, decoding)
    judged = scores_verdict(
        one.scores, one.examples, vocabulary=VOCABULARY, text_end=None, decoding=decoding
    )
    for verdict in (gate, judged):
        assert verdict.filter(~pl.col("passed"), severity="fail").is_empty()


@pytest.mark.parametrize(
    "scored",
    [Decoding(), Decoding(top_k=3, mixture=0.1), Decoding(top_k=4, mixture=0.01)],
    ids=lambda one: one.label,
)
def test_texts_that_are_scored_under_another_truncation_or_mixture_are_refused(
    scored: Decoding, measured: dict[Decoding, Measured], network: Network
) -> None:
    sampled = Decoding(top_k=3, mixture=0.001)
    one = measured[sampled]
    wrong = replayed_part(one.examples[:64], one.samples[:64], network, recipe(scored))
    refused = gate_of(one, wrong, sampled).filter(~pl.col("passed"), severity="fail")
    assert "few-at-the-edge" in set(refused["rule"])


def gate_of(one: Measured, replay: pl.DataFrame, decoding: Decoding) -> pl.DataFrame:
    return samples_verdict(
        one.samples,
        replay,
        one.examples,
        vocabulary=VOCABULARY,
        unit="tokens",
        at_end="continue",
        end_ids=(END_ID,),
        precision="float32",
        decoding=decoding,
    )
