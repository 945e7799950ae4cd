"""α of least log loss, against the closed form of chains."""

from pathlib import Path

import numpy as np
import pytest
import torch
from branches import chain_network
from markov import END_ID, LETTERS, Floats, chain, entropies, stationary, texts
from scipy import optimize
from torch import Tensor

from calibration.engine.blind import Blind
from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjusted, Adjustment, Foreseen, Form
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.scoring import Text, score
from calibration.engine.strength import along, fitted, human_steps
from storage.networks import Network

ENDING = Ending("continue", (END_ID,))
MODEL, TEXT = chain(1, sharpness=1.2), chain(2, sharpness=1.0)
FORMS: tuple[Form, ...] = ("future-entropy", "one-step")
PROMPT, STEPS, COUNT = 2, 30, 80


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return chain_network(tmp_path_factory.mktemp("chain"), MODEL)


@pytest.fixture(scope="module")
def foresight(network: Network) -> OneStepAhead:
    return OneStepAhead(network, reach=Reach(7, 1), seed=0, ending=ENDING)


def human(seed: int = 0) -> list[Text]:
    lines = texts(TEXT, count=COUNT, length=PROMPT + STEPS, seed=seed)
    ids = [[LETTERS.index(letter) for letter in line] for line in lines]
    return [Text(one[:PROMPT], one[PROMPT:]) for one in ids]


def counts(lines: list[Text], *, first: int = 0, last: int = STEPS) -> Floats:
    """How often each letter follows each, from one step to another."""
    found = np.zeros((len(LETTERS),) * 2)
    for line in lines:
        before = [line.prompt[-1], *line.continuation]
        for step in range(first, last):
            found[before[step], before[step + 1]] += 1
    return found


def log_loss(alpha: float, seen: Floats, form: Form) -> float:
    power = 1 + alpha if form == "future-entropy" else 1.0
    weights = MODEL**power * np.exp(-alpha * entropies(MODEL))
    return -float((seen * np.log(weights / weights.sum(axis=1, keepdims=True))).sum() / seen.sum())


@pytest.mark.parametrize("form", FORMS)
def test_alpha_is_that_of_least_log_loss(form: Form, foresight: OneStepAhead) -> None:
    lines = human()
    known = optimize.minimize_scalar(log_loss, args=(counts(lines), form)).x
    found = fitted(foresight, lines, form=form, ending=ENDING)
    assert found.alphas == pytest.approx((known,), abs=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_fitted_has_the_log_loss_that_it_was_fitted_to(
    form: Form, foresight: OneStepAhead
) -> None:
    """And at it the model's own statistic is that of human text: what calibrates it."""
    lines = human()
    found = fitted(foresight, lines, form=form, ending=ENDING)
    scores = score(Adjusted(foresight, found), lines, decodings=[Decoding()], ending=ENDING)[0]
    mean = float(np.mean([one.log_loss.mean() for one in scores]))
    assert mean == pytest.approx(log_loss(found.alphas[0], counts(lines), form), abs=1e-5)
    assert mean < log_loss(0.0, counts(lines), form)


def test_blocks_are_fitted_apart(foresight: OneStepAhead) -> None:
    """Positions 2 to 15 and 16 to 31: of a prompt of 2, steps 0 to 13 and 14 to 29."""
    lines = human()
    found = fitted(foresight, lines, form="one-step", ending=ENDING, block=16)
    assert found.block == 16
    spans = ((0, 14), (14, 30))
    known = [
        optimize.minimize_scalar(
            log_loss, args=(counts(lines, first=first, last=last), "one-step")
        ).x
        for first, last in spans
    ]
    assert found.alphas == pytest.approx(tuple(known), abs=1e-3)


def test_a_block_in_which_no_human_token_is_found_has_the_alpha_of_the_first(
    foresight: OneStepAhead,
) -> None:
    found = fitted(foresight, human()[:20], form="one-step", ending=ENDING, block=2)
    assert found.alphas[0] == found.alphas[1]
    assert len(found.alphas) == 16


def test_texts_of_every_length_are_read_to_their_own_ends(foresight: OneStepAhead) -> None:
    lines = [Text([1, 2], [3, 4, 5]), Text([6], [5]), Text([0, 1, 2], [])]
    steps = human_steps(foresight, lines)
    assert steps.tokens.tolist() == [3, 4, 5, 5]
    assert steps.positions.tolist() == [2, 3, 4, 1]


def test_a_model_of_its_own_text_is_left_alone(tmp_path: Path) -> None:
    network = chain_network(tmp_path, TEXT)
    foresight = OneStepAhead(network, reach=Reach(7, 1), seed=0, ending=ENDING)
    alpha = fitted(foresight, human(), form="one-step", ending=ENDING).alphas[0]
    # Fisher: the error of α is 1/√(n Var h), Var that of the next entropy given the letter before.
    h = entropies(TEXT)
    spread = float(stationary(TEXT) @ (TEXT @ h**2 - (TEXT @ h) ** 2))
    assert abs(alpha) < 4 / np.sqrt(COUNT * STEPS * spread)


class RulesOut(Blind):
    """A network that gives a letter no probability at all."""

    def foreseen(self, states: Tensor) -> Foreseen:
        found = super().foreseen(states)
        return found._replace(
            logits=found.logits.index_fill(-1, torch.tensor([0]), -torch.inf),
            futures=found.logits.sin(),
        )


@pytest.mark.parametrize("form", FORMS)
def test_a_letter_that_is_ruled_out_counts_for_nothing(form: Form, network: Network) -> None:
    lines = [Text([1, 2], [3, 4, 5, 6, 2]), Text([6], [5, 1, 3])]
    foresight = RulesOut(network)
    steps = human_steps(foresight, lines)
    found = along(foresight, steps, Adjustment(form, (0.1,)), ENDING)
    for values in (found.log_loss, found.slope, found.curvature):
        assert np.isfinite(values).all()
    ahead = along(foresight, steps, Adjustment(form, (0.1 + 1e-3,)), ENDING).log_loss
    behind = along(foresight, steps, Adjustment(form, (0.1 - 1e-3,)), ENDING).log_loss
    assert found.slope == pytest.approx((ahead - behind) / 2e-3, abs=5e-3)
