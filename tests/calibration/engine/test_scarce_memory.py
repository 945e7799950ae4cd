"""Adjusted models where memory does not hold all rows: halved, and equal to what fits."""

import numpy as np
import pytest
from small_languages import Scarce
from tiny import tiny_network

from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjusted, Adjustment
from calibration.engine.language import Language
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text, score

ENDING, STEPS = Ending("stop", (0, 5)), 24


@pytest.fixture(scope="module")
def language() -> Language:
    ahead = OneStepAhead(tiny_network(), reach=Reach(5, 3), seed=0, ending=ENDING)
    return Adjusted(ahead, Adjustment("one-step", (0.7,)))


def block(rows: int) -> Block:
    prompts = [
        Prompt([row + 1, 9, row + 20], np.random.default_rng(row).random(STEPS))
        for row in range(rows)
    ]
    return Block(prompts, Decoding())


@pytest.mark.parametrize(("rows", "tokens"), [(1, 1 << 30), (3, 1 << 30), (7, 7 * 10)])
def test_own_texts_come_out_as_if_all_rows_fitted(
    language: Language, rows: int, tokens: int
) -> None:
    scarce = Scarce(language, rows=rows, tokens=tokens)
    (made,) = sample(scarce, [block(7)], ending=ENDING, progress=lambda _: None)
    (whole,) = sample(language, [block(7)], ending=ENDING, progress=lambda _: None)
    assert len(scarce.asked) > 1
    for one, other in zip(made, whole, strict=True):
        assert np.array_equal(one.tokens, other.tokens)
        np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)


def test_human_texts_are_scored_as_if_all_rows_fitted(language: Language) -> None:
    texts = [Text([row + 1, 4], list(range(6, 9 + row))) for row in range(6)]
    scarce = Scarce(language, rows=2)
    (made,) = score(scarce, texts, decodings=[Decoding()], ending=ENDING)
    (whole,) = score(language, texts, decodings=[Decoding()], ending=ENDING)
    assert max(scarce.read[1:]) > 2 >= min(scarce.read)
    for one, other in zip(made, whole, strict=True):
        np.testing.assert_allclose(one.log_loss, other.log_loss, atol=1e-5)
