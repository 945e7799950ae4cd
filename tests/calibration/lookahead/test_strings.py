"""Measures of strings against closed forms."""

import numpy as np
import pytest
from markov import ClosedForm, chain, stationary

from calibration.lookahead.strings import Strings, chain_strings, measures


def test_a_chain_has_the_measures_of_its_closed_form() -> None:
    model, text = chain(1)[:5, :5], chain(2)[:5, :5]
    model, text = (one / one.sum(axis=1, keepdims=True) for one in (model, text))
    start, steps = stationary(text), 4
    # The closed form begins after a first letter of the text, which is the same on both sides.
    found = measures(chain_strings(start, model, steps + 1), chain_strings(start, text, steps + 1))
    known = ClosedForm(model, text, steps=steps)
    assert found.entropy[1:].mean() == pytest.approx(known.entropy, abs=1e-12)
    assert found.log_loss[1:].mean() == pytest.approx(known.log_loss, abs=1e-12)


def test_uniform_strings_have_log_alphabet_entropy_and_what_is_ruled_out_an_infinite_loss() -> None:
    uniform = chain_strings(np.full(3, 1 / 3), np.full((3, 3), 1 / 3), 3)
    certain = chain_strings(np.array([1.0, 0, 0]), np.eye(3), 3)
    assert measures(uniform, uniform).entropy == pytest.approx(np.log(3))
    assert (measures(certain, uniform).log_loss == np.inf).all()
    assert measures(certain, certain).log_loss == pytest.approx(0)


@pytest.mark.parametrize(
    ("conditionals", "found"),
    [
        ((), "found none"),
        ((np.full((2, 2), 0.5),), r"\(1, 2\) was expected, found \(2, 2\)"),
        ((np.array([[0.5, 0.4]]),), "sum to 1"),
        ((np.array([[1.5, -0.5]]),), "sum to 1"),
    ],
)
def test_what_is_no_distribution_is_refused(
    conditionals: tuple[np.ndarray, ...], found: str
) -> None:
    with pytest.raises(ValueError, match=found):
        Strings(conditionals)
