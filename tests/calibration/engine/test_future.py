"""Future entropy: labels of rollouts with a known answer, and heads that learn it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from branches import chain_network, small_network
from markov import END_ID, LETTERS, Floats, chain, entropies, texts

from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjusted, Adjustment
from calibration.engine.future import FutureEntropy, Head, Learning, errors_of, learned
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.rollouts import Labels, Rollouts, labels_of
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text, score
from calibration.engine.values import token_labels, value_labels, value_of
from storage.networks import Network

ENDING = Ending("continue", (END_ID,))
MODEL, TEXT = chain(1, sharpness=1.2), chain(2, sharpness=1.0)
VOCABULARY = len(LETTERS) + 1
LEARNING = Learning(rank=8, epochs=60, rate=0.02, seed=0)
PROMPT, STEPS = 2, 20


def ahead(transition: Floats, horizon: int) -> Floats:
    """The closed form: Σ_{j<k} P^j h, the entropy of the next k steps after each letter."""
    here = entropies(transition)
    found, power = np.zeros_like(here), np.eye(len(here))
    for _ in range(horizon):
        found += power @ here
        power = power @ transition
    return found


def alternating() -> Floats:
    """Letters of two kinds in turn, each kind of one entropy: every rollout has the same sum."""
    generator = np.random.default_rng(3)
    kinds = np.arange(len(LETTERS)) % 2
    found = np.zeros((len(LETTERS),) * 2)
    for row, kind in enumerate(kinds):
        others = np.flatnonzero(kinds != kind)
        shares = np.array([0.6, 0.3, 0.1] if kind == 0 else [0.97, 0.01, 0.01, 0.01])
        found[row, generator.permutation(others)] = shares
    return found


def human(count: int, seed: int = 0) -> list[Text]:
    lines = texts(TEXT, count=count, length=PROMPT + STEPS, seed=seed)
    ids = [[LETTERS.index(letter) for letter in line] for line in lines]
    return [Text(one[:PROMPT], one[PROMPT:]) for one in ids]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return chain_network(tmp_path_factory.mktemp("chain"), MODEL)


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_rollouts_of_a_chain_have_the_entropies_of_the_closed_form(
    horizon: int, tmp_path: Path
) -> None:
    chain_of = alternating()
    network = chain_network(tmp_path, chain_of)
    rollouts = Rollouts(places=3, horizon=horizon, seed=0, tokens=4)
    labels = labels_of(network, network, human(5), rollouts, ENDING)
    assert labels.values.shape == (15, 4)
    known = ahead(chain_of, horizon)[labels.tokens.numpy()]
    assert labels.values.numpy() == pytest.approx(known, abs=1e-5)


def test_in_the_mean_rollouts_are_the_entropy_ahead(network: Network) -> None:
    rollouts = Rollouts(places=10, horizon=4, seed=0, tokens=3)
    labels = labels_of(network, network, human(150), rollouts, ENDING)
    known = ahead(MODEL, 4)
    for letter in range(len(LETTERS)):
        found = labels.values[labels.tokens == letter].double().numpy()
        # Rollouts of one place share random numbers, never a letter.
        error = found.std(ddof=1) / np.sqrt(len(found))
        assert abs(found.mean() - known[letter]) < 4.5 * error


def test_the_human_token_comes_first_and_states_are_those_of_the_text(network: Network) -> None:
    lines = human(4)
    rollouts = Rollouts(places=STEPS, horizon=1, seed=0, tokens=2)
    labels = labels_of(network, network, lines, rollouts, ENDING)
    for number, line in enumerate(lines):
        rows = labels.texts == number
        assert labels.tokens[rows, 0].tolist() == list(line.continuation)
        states = network.logits(labels.states[rows]).softmax(-1)[:, :-1]
        before = [line.prompt[-1], *line.continuation[:-1]]
        assert states.numpy() == pytest.approx(MODEL[before], abs=1e-5)


def test_nothing_lies_ahead_of_an_end(network: Network) -> None:
    rollouts = Rollouts(places=5, horizon=2, seed=0, tokens=6)
    ends = (0, 3)
    labels = labels_of(network, network, human(20), rollouts, Ending("stop", ends))
    ended = torch.isin(labels.tokens, torch.tensor(ends))
    assert ended.any()
    assert (labels.values[ended] == 0).all()
    assert (labels.values[~ended] > 0).all()


def test_a_horizon_that_the_context_has_no_room_for_is_refused() -> None:
    network = small_network("llama")
    text = Text(list(range(1, 90)) * 2, [5, 6])
    with pytest.raises(ValueError, match="look less far"):
        labels_of(network, network, [text], Rollouts(1, 79, 0), ENDING)
    assert labels_of(network, network, [text], Rollouts(1, 77, 0), ENDING).values.shape == (1, 1)


def split(labels: Labels) -> list[Labels]:
    parts = [labels.texts % 5 > 1, labels.texts % 5 == 0, labels.texts % 5 == 1]
    return [Labels(*(column[kept] for column in labels)) for kept in parts]


def test_a_value_of_states_is_learned_and_tells_what_tokens_have_ahead(network: Network) -> None:
    """Noise of rollouts is averaged away: the head is closer to the truth than any label."""
    rollouts = Rollouts(places=8, horizon=4, seed=0)
    lines = human(120)
    parts = split(value_labels(network, network, lines, rollouts, ENDING))
    value = learned(parts[0], stopping=parts[1], vocabulary=1, learning=LEARNING)
    errors, known = errors_of(value, parts[2]), ahead(MODEL, 4)
    assert errors.all < errors.labels
    tokens = token_labels(network, value, lines, reach=Reach(5, 2), seed=0, ending=ENDING)
    truth = known[tokens.tokens.numpy()]
    assert np.abs(tokens.values.numpy() - truth).max() < 0.1 * np.ptp(known)

    parts = split(tokens)
    head = learned(parts[0], stopping=parts[1], vocabulary=VOCABULARY, learning=LEARNING)
    errors = errors_of(head, parts[2])
    assert errors.within < 0.1 * errors.labels_within
    futures = head.futures(parts[2].states)[:, :-1].double().numpy()
    assert np.abs(futures - known).max() < 0.15 * np.ptp(known)


def exact_head(network: Network) -> Head:
    """The closed form as a head, of which a chain needs the bias alone."""
    width = VOCABULARY
    bias = torch.from_numpy(np.append(ahead(MODEL, 5), 0.0)).float()
    zeros = torch.zeros(width)
    return Head(
        zeros, torch.ones(width), torch.zeros(2, width), torch.zeros(2), torch.zeros(width, 2), bias
    )


def adjusted_chain(alpha: float, horizon: int) -> Floats:
    weights = MODEL ** (1 + alpha) * np.exp(-alpha * ahead(MODEL, horizon))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


@pytest.mark.parametrize("way", ["foretold", "tried"])
def test_a_chain_that_looks_five_steps_ahead_is_that_of_the_closed_form(
    way: str, network: Network
) -> None:
    head = exact_head(network)

    def of_states(states: torch.Tensor) -> torch.Tensor:
        """A state is that of the letter it comes after, which its likeliest successors tell."""
        own = network.logits(states).softmax(-1)[..., :-1].double()
        rows = torch.from_numpy(MODEL)
        letters = (own.unsqueeze(-2) - rows).abs().sum(-1).argmin(-1)
        return head.outer_bias[letters]

    foresight = (
        FutureEntropy(network, head)
        if way == "foretold"
        else OneStepAhead(network, reach=Reach(7, 1), seed=0, ending=ENDING, value=of_states)
    )
    model = Adjusted(foresight, Adjustment("future-entropy", (0.4,)))
    known = adjusted_chain(0.4, 5)
    prompts = [[row % 7, (2 * row) % 7] for row in range(8)]
    rows = [Prompt(ids, np.random.default_rng(row).random(12)) for row, ids in enumerate(prompts)]
    (made,) = sample(model, [Block(rows, Decoding())], ending=ENDING, progress=lambda _: None)
    lines = [Text(ids, one.tokens.tolist()) for ids, one in zip(prompts, made, strict=True)]
    (again,) = score(model, lines, decodings=[Decoding()], ending=ENDING)
    for ids, one, other in zip(prompts, made, again, strict=True):
        before = [ids[-1], *one.tokens[:-1]]
        assert one.entropy == pytest.approx(entropies(known)[before], abs=1e-5)
        assert other.entropy == pytest.approx(one.entropy, abs=1e-5)
        assert -other.log_loss == pytest.approx(np.log(known[before, one.tokens]), abs=1e-5)


def test_rollouts_of_an_adjusted_model_have_the_entropies_of_its_chain(network: Network) -> None:
    """The second round: futures of the model that the first has made."""
    foresight = FutureEntropy(network, exact_head(network))
    model = Adjusted(foresight, Adjustment("future-entropy", (0.4,)))
    labels = labels_of(network, model, human(6), Rollouts(4, 1, 0, tokens=3), ENDING)
    known = entropies(adjusted_chain(0.4, 5))[labels.tokens.numpy()]
    assert labels.values.numpy() == pytest.approx(known, abs=1e-5)


def test_learning_is_the_same_every_time(network: Network) -> None:
    rollouts = Rollouts(places=4, horizon=2, seed=0, tokens=2)
    parts = split(labels_of(network, network, human(20), rollouts, ENDING))
    few = Learning(rank=4, epochs=3, rate=0.01, seed=7)
    one, other = (
        learned(parts[0], stopping=parts[1], vocabulary=VOCABULARY, learning=few) for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not one.outer.requires_grad


def test_a_head_of_a_single_output_is_a_value() -> None:
    head = Head(
        torch.zeros(3),
        torch.ones(3),
        torch.zeros(2, 3),
        torch.zeros(2),
        torch.zeros(1, 2),
        torch.tensor([4.0]),
    )
    assert value_of(head, torch.zeros(5, 6, 3)).tolist() == [[4.0] * 6] * 5


def test_of_texts_that_end_a_value_is_of_what_is_left(network: Network) -> None:
    """A letter that ends the text: the closed form is that of a chain with nothing after it."""
    end = 3
    ending, left = Ending("stop", (end,)), MODEL.copy()
    left[end] = 0.0
    here = entropies(MODEL)
    here[end] = 0.0
    known, power = np.zeros_like(here), np.eye(len(here))
    for _ in range(4):
        known += power @ here
        power = power @ left
    rollouts = Rollouts(places=10, horizon=4, seed=0)
    labels = value_labels(network, network, human(60), rollouts, ending)
    after = network.logits(labels.states).softmax(-1)[:, :-1].double().numpy()
    letters = np.abs(after[:, None] - MODEL).sum(-1).argmin(-1)
    for letter in set(range(len(LETTERS))) - {end}:
        found = labels.values[letters == letter, 0].double().numpy()
        # A text of 8 steps labels five states in a row, whose sums have steps in common.
        assert abs(found.mean() - known[letter]) < 5 * found.std() / np.sqrt(len(found) / 5)


def test_tried_tokens_that_end_a_text_have_nothing_ahead(network: Network) -> None:
    head = exact_head(network)
    value = head._replace(outer=torch.zeros(1, 2), outer_bias=torch.tensor([4.0]))
    labels = token_labels(
        network, value, human(3), reach=Reach(6, 1), seed=0, ending=Ending("stop", (2, 5))
    )
    ended = torch.isin(labels.tokens, torch.tensor([2, 5]))
    assert ended.any()
    assert (labels.values == torch.where(ended, 0.0, 4.0)).all()
    silent = head.without((2, 5)).futures(torch.zeros(1, VOCABULARY))[0]
    assert silent[[2, 5]].tolist() == [0, 0]
    assert (silent[[0, 1, 3, 4, 6]] > 0).all()


def test_texts_of_every_length_are_labelled_to_their_own_ends(network: Network) -> None:
    value = exact_head(network)._replace(outer=torch.zeros(1, 2), outer_bias=torch.ones(1))
    lines = [Text([1, 2], [3, 4, 5]), Text([6], [5]), Text([0, 1, 2], [4, 4])]
    labels = token_labels(network, value, lines, reach=Reach(3, 1), seed=0, ending=ENDING)
    assert labels.texts.tolist() == [0, 0, 0, 1, 2, 2]
    after = network.logits(labels.states).softmax(-1)[:, :-1]
    assert after.numpy() == pytest.approx(MODEL[[2, 3, 4, 6, 2, 4]], abs=1e-5)
