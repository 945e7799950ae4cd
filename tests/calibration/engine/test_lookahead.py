"""One step of look-ahead on networks whose entropies ahead are known, and the gate on it."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from branches import Rereading, chain_network, small_network
from gate import refused
from markov import END_ID, LETTERS, Floats, chain, entropies
from small_networks import VOCABULARY, small_model

from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation
from calibration.engine.foresight import Adjusted, Adjustment, Form
from calibration.engine.language import Batch, padded
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Score, Text, score
from calibration.statistics.consistency import (
    ReplayConsistency,
    refuses,
    replay_consistency,
)
from calibration.tables import REPLAY
from storage.networks import Network

ENDING, PLAIN = Ending("continue", (END_ID,)), Decoding()
EVERY = Reach(7, 1)  # every letter; the end id is left to the rest, which then has no probability
MODEL = chain(1, sharpness=1.2)
FORMS: tuple[Form, ...] = ("future-entropy", "one-step")


def adjusted(
    network: Network,
    alpha: float,
    *,
    form: Form = "one-step",
    reach: Reach = EVERY,
    ending: Ending = ENDING,
    seed: int = 0,
) -> Adjusted:
    foresight = OneStepAhead(network, reach=reach, seed=seed, ending=ending)
    return Adjusted(foresight, Adjustment(form, (alpha,)))


def adjusted_chain(alpha: float, form: Form) -> Floats:
    """The closed form: the next letter's entropy is that of its row."""
    power = 1 + alpha if form == "future-entropy" else 1.0
    weights = MODEL**power * np.exp(-alpha * entropies(MODEL))
    return weights / weights.sum(axis=1, keepdims=True)


def drawn(model: Adjusted | Network, prompts: list[list[int]], steps: int) -> list[Continuation]:
    rows = [
        Prompt(ids, np.random.default_rng(row).random(steps)) for row, ids in enumerate(prompts)
    ]
    (made,) = sample(model, [Block(rows, PLAIN)], ending=ENDING, progress=lambda _: None)
    return made


def scored(
    model: Adjusted | Network, prompts: list[list[int]], made: list[Any], ending: Ending = ENDING
) -> list[Score]:
    texts = [Text(ids, list(one)) for ids, one in zip(prompts, made, strict=True)]
    return score(model, texts, decodings=[PLAIN], ending=ending)[0]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return chain_network(tmp_path_factory.mktemp("chain"), MODEL)


PROMPTS = [[row % len(LETTERS), (3 * row) % len(LETTERS)] for row in range(12)]


@pytest.mark.parametrize("form", FORMS)
def test_a_chain_looking_ahead_is_the_chain_of_the_closed_form(
    form: Form, network: Network
) -> None:
    known = adjusted_chain(0.7, form)
    model = adjusted(network, 0.7, form=form)
    made = drawn(model, PROMPTS, 20)
    for one, ids in zip(made, PROMPTS, strict=True):
        before = [ids[-1], *one.tokens[:-1]]
        assert one.entropy == pytest.approx(entropies(known)[before], abs=1e-5)
        assert one.log_prob == pytest.approx(np.log(known[before, one.tokens]), abs=1e-5)
    text = np.random.default_rng(1).integers(0, len(LETTERS), (len(PROMPTS), 9))
    for one, ids, letters in zip(scored(model, PROMPTS, list(text)), PROMPTS, text, strict=True):
        before = [ids[-1], *letters[:-1]]
        assert one.entropy == pytest.approx(entropies(known)[before], abs=1e-5)
        assert one.log_loss == pytest.approx(-np.log(known[before, letters]), abs=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reach", [EVERY, Reach(3, 2)])
def test_at_alpha_0_it_is_the_network_bit_for_bit(
    form: Form, reach: Reach, network: Network
) -> None:
    model = adjusted(network, 0.0, form=form, reach=reach)
    for one, other in zip(drawn(model, PROMPTS, 9), drawn(network, PROMPTS, 9), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    text = [one.tokens for one in drawn(network, PROMPTS, 9)]
    for one, other in zip(
        scored(model, PROMPTS, text), scored(network, PROMPTS, text), strict=True
    ):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@torch.inference_mode()
def brute_force(
    network: Network, ids: list[int], alpha: float, form: Form, ends: tuple[int, ...]
) -> Floats:
    """The adjusted probabilities after a text, every token tried in a text of its own."""

    def log_p(text: list[int]) -> Floats:
        states = network.states(Batch(torch.tensor([text]), None))[:, -1]
        logits = network.logits(states)[0].double()
        logits[list(ends)] = -torch.inf
        found: Floats = logits.log_softmax(-1).numpy()
        return found

    def entropy(logs: Floats) -> float:
        p = np.exp(logs)
        return float(-(p * np.where(p > 0, logs, 0.0)).sum())

    ahead = np.array([entropy(log_p([*ids, token])) for token in range(VOCABULARY)])
    power = 1 + alpha if form == "future-entropy" else 1.0
    weights = np.exp(power * log_p(ids) - alpha * ahead)
    found: Floats = weights / weights.sum()
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["llama", "gpt-neox"])
def test_a_networks_adjusted_distribution_is_that_of_brute_force(name: str, form: Form) -> None:
    network, ending, ids = small_network(name), Ending("continue", (0, 20)), [5, 6, 7, 8]
    model = adjusted(network, 1.3, form=form, reach=Reach(VOCABULARY, 0), ending=ending)
    known = brute_force(network, ids, 1.3, form, ending.ids)
    with torch.inference_mode():
        under_way = model.generation(padded([ids], torch.device("cpu")), steps=1, tiles=[1])
        logits = under_way.logits()[0][0].double()
        logits[list(ending.ids)] = -torch.inf
    assert logits.softmax(-1).numpy() == pytest.approx(known, abs=1e-5)
    rows = scored(model, [ids] * 3, [[9], [10], [11]], ending)
    for token, row in zip((9, 10, 11), rows, strict=True):
        assert row.log_loss[0] == pytest.approx(-np.log(known[token]), abs=1e-4)
        entropy = -(known[known > 0] * np.log(known[known > 0])).sum()
        assert row.entropy[0] == pytest.approx(entropy, abs=1e-5)


def test_nothing_follows_an_end_that_is_drawn() -> None:
    """Where ends end texts, what would come after one has no entropy."""
    network = small_network("llama")
    foresight = OneStepAhead(
        network, reach=Reach(VOCABULARY, 0), seed=0, ending=Ending("stop", (3,))
    )
    with torch.inference_mode():
        states = foresight.states(Batch(torch.tensor([[5, 6, 7]]), None))
        futures = foresight.foreseen(states).futures
    assert (futures[0, :2, 3] == 0).all()
    assert (futures[0, :2, :3] > 0).all()


def test_what_follows_an_end_is_given_to_no_token_of_the_tail(tmp_path: Path) -> None:
    """Letters drawn apart, of one entropy after each, and ends as likely as the tail: where every
    other draw is an end, letters that are not tried still have that entropy."""
    letters = np.array([0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.03])
    apart = np.tile(letters / letters.sum(), (len(letters), 1))
    network = chain_network(tmp_path, apart, end_probability=0.06)
    ending = Ending("stop", (END_ID,))
    prompts = torch.tensor([[row % 7, row // 7] for row in range(49)])
    foresight = OneStepAhead(network, reach=Reach(3, 1), seed=0, ending=ending)
    with torch.inference_mode():
        states = foresight.states(Batch(prompts, None))
        futures = foresight.foreseen(states).futures[:, 0, : len(letters)]
    assert float(futures.max() - futures.min()) < 1e-4


def replayed(sampler: Adjusted, scorer: Adjusted) -> ReplayConsistency:
    prompts = [[1 + row % 90, 2, 3 + row % 7] for row in range(64)]
    made = drawn(sampler, prompts, 24)
    again = scored(scorer, prompts, [one.tokens for one in made])
    return replay_consistency(
        pl.DataFrame(
            {
                "cluster": [f"{row}" for row in range(64)],
                "example": range(64),
                "entropy": [one.entropy for one in made],
                "log_prob": [one.log_prob for one in made],
                "replayed_entropy": [one.entropy for one in again],
                "replayed_log_prob": [-one.log_loss for one in again],
            },
            schema=REPLAY,
        )
    )


@pytest.mark.parametrize("form", FORMS)
def test_the_gate_lets_it_through_and_refuses_another_alpha_or_sample(form: Form) -> None:
    network, reach = small_network("llama"), Reach(10, 4)
    made = adjusted(network, 0.8, form=form, reach=reach)
    assert not refused(replayed(made, made))
    for other in (
        adjusted(network, 0.6, form=form, reach=reach),
        adjusted(network, 0.8, form=form, reach=reach, seed=1),
    ):
        assert refused(replayed(made, other))


def test_the_martingale_alone_refuses_another_alpha() -> None:
    network, reach = small_network("llama"), Reach(10, 4)
    made, other = (
        adjusted(network, alpha, form="future-entropy", reach=reach) for alpha in (1.0, 0.5)
    )
    found = replayed(made, other)
    assert refuses(found.mean_z, found.mean, standard_error=found.entropy_se)


def test_a_network_that_reads_again_gives_the_same() -> None:
    ways = [small_network("llama"), Rereading(small_model("llama"))]
    prompts, reach = [[5, 6, 7], [8]], Reach(10, 4)
    made = [drawn(adjusted(way, 0.9, reach=reach), prompts, 5) for way in ways]
    text = [one.tokens for one in made[0]]
    read = [scored(adjusted(way, 0.9, reach=reach), prompts, text) for way in ways]
    for one, other in zip(*made, strict=True):
        assert np.array_equal(one.tokens, other.tokens)
        assert one.entropy == pytest.approx(other.entropy, abs=1e-4)
    for here, there in zip(*read, strict=True):
        assert here.log_loss == pytest.approx(there.log_loss, abs=1e-4)


def test_blocks_of_positions_have_alphas_of_their_own(network: Network) -> None:
    foresight = OneStepAhead(network, reach=EVERY, seed=0, ending=ENDING)
    parts = Adjusted(foresight, Adjustment("one-step", (0.0, 0.7), block=4))
    known = [MODEL, adjusted_chain(0.7, "one-step")]
    made = drawn(parts, [[1, 2], [3]], 6)
    again = scored(parts, [[1, 2], [3]], [one.tokens for one in made])
    for one, other, ids in zip(made, again, ([1, 2], [3]), strict=True):
        before = [ids[-1], *one.tokens[:-1]]
        for step, state in enumerate(before):
            late = int(len(ids) + step >= 4)
            assert one.entropy[step] == pytest.approx(entropies(known[late])[state], abs=1e-5)
        assert other.entropy == pytest.approx(one.entropy, abs=1e-5)


def test_several_alphas_without_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="found 2 with a block of None"):
        Adjustment("one-step", (0.1, 0.2))


def test_in_16_bits_states_come_back_as_they_were() -> None:
    """What is kept of a text is float32, and the network's own states among it are not."""
    network = Network(small_model("llama").to(torch.bfloat16))
    model, ending = adjusted(network, 0.0, reach=Reach(10, 4)), Ending("continue", (END_ID,))
    prompts, text = [[5, 6, 7], [8, 9]], [[1, 2, 3, 4], [10, 11, 12]]
    read = zip(
        scored(model, prompts, text, ending), scored(network, prompts, text, ending), strict=True
    )
    for one, other in read:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
