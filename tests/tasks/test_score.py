"""Scores that are made together: what one network reads, wherever in the study it stands."""

from small_recipes import CALIBRATION, SCORES, changed

from calibration.engine.decoding import Decoding
from tasks.score import read_together


def test_plain_decodings_on_both_sides_of_a_fitted_one_are_read_in_one_pass() -> None:
    one, cold = SCORES, changed(SCORES, decoding=Decoding(temperature=0.5))
    fitted = changed(SCORES, decoding=Decoding(), calibration=CALIBRATION)
    assert fitted.adjusted == CALIBRATION
    assert read_together([one, fitted, cold]) == [[one, cold], [fitted]]


def test_scores_on_other_examples_are_read_apart() -> None:
    other = changed(SCORES, examples=changed(SCORES.examples, continuation=5))
    assert read_together([SCORES, other]) == [[SCORES], [other]]
