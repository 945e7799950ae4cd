"""Tokens of fitting and of looking ahead, counted by hand."""

import pytest
from small_recipes import CALIBRATION, changed

from calibration.cost import tokens_of
from calibration.engine.decoding import Decoding
from calibration.fitting_work import TEMPERATURES, tokens_to_fit, tried
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep

LEAST = FittedTemperature(kind="temperature", fit="log_loss")
EVEN = FittedTemperature(kind="temperature", fit="ent_ce")
STEP = OneStep(kind="one_step", likeliest=3, tail=2)
FUTURE = FutureEntropy(kind="future_entropy", horizon=4, likeliest=3, tail=2, places=2, rounds=2)

READ = 10 * (4 + 8)
# K and R as they are, and each halved and doubled.
COMPARED = [3 + 2, 1 + 2, 6 + 2, 3 + 1, 3 + 4]
BY_HAND: list[tuple[Method, int]] = [
    (LEAST, READ),
    # Human text for each of two lines, and its own at each temperature.
    (EVEN, 2 * READ + TEMPERATURES * READ),
    # A text is read twice, and so many tokens beside each of its own.
    (STEP, sum(2 * READ + 10 * 8 * tried for tried in [5, *COMPARED])),
    # Each round: from two places, 8 tokens in, two horizons of four tokens, and one read again;
    # five tokens tried; four places of two texts read, and four texts of a horizon from each.
    (
        FUTURE,
        2
        * (
            10 * 2 * (8 + 2 * 4 + 8 + 4)
            + (2 * READ + 10 * 8 * 5)
            + 2 * 4 * (8 + 4 * (8 + 1 + 4))
            + READ
        ),
    ),
]


@pytest.mark.parametrize(("method", "tokens"), BY_HAND, ids=[one.label for one, _ in BY_HAND])
def test_tokens_to_fit_are_those_counted_by_hand(method: Method, tokens: int) -> None:
    assert tokens_to_fit(method, examples=10, prompt=4, continuation=8) == tokens
    examples = changed(CALIBRATION.examples, texts=changed(CALIBRATION.examples.texts, examples=10))
    assert tokens_of(changed(CALIBRATION, method=method, examples=examples)) == tokens


def test_only_one_step_ahead_tries_next_tokens() -> None:
    assert tried(STEP) == 5
    assert [tried(one) for one in (Decoding(), LEAST, EVEN, FUTURE)] == [0, 0, 0, 0]
