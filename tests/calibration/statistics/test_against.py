"""A measured exponent against a predicted one: closed forms, and p that fits the interval."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics.against import Against, Prediction, Scale, against, scale_of

MODELS, TEXTS = Scale(0.05, 3), Scale(0.04, 40)
KNOWN = Prediction(-0.1, Scale(0.0, 19), Scale(0.0, 19))
T3, T19 = stats.t.isf(0.025, 3), stats.t.isf(0.025, 19)

errors = st.floats(0.001, 1)
scales = st.builds(Scale, errors, st.sampled_from([1, 2, 5, 30.5, None]))


def compared(exponent: float, prediction: Prediction = KNOWN) -> Against:
    return against(exponent, prediction, scales=(MODELS, TEXTS))


def test_a_prediction_without_error_has_the_interval_of_the_exponent() -> None:
    found = compared(-0.3)
    assert found.difference == pytest.approx(-0.2)
    assert found.low == pytest.approx(-0.2 - T3 * 0.05)
    assert found.high == pytest.approx(-0.2 + T3 * 0.05)
    assert found.p == pytest.approx(2 * stats.t.sf(0.2 / 0.05, 3))
    assert found.p_fixed == pytest.approx(found.p)


def test_the_wider_scale_decides() -> None:
    found = against(0.0, KNOWN, scales=(MODELS, Scale(0.2, None)))
    assert found.high == pytest.approx(0.1 + stats.norm.isf(0.025) * 0.2)
    assert found.p == pytest.approx(2 * stats.norm.sf(0.1 / 0.2))


def test_errors_on_the_facing_sides_add_in_squares() -> None:
    lopsided = Prediction(-0.1, below=Scale(0.03, 19), above=Scale(0.06, 19))
    found = compared(-0.3, lopsided)
    # Below the difference, the exponent's lower side and the prediction's upper one.
    assert found.low == pytest.approx(-0.2 - math.hypot(T3 * 0.05, T19 * 0.06))
    assert found.high == pytest.approx(-0.2 + math.hypot(T3 * 0.05, T19 * 0.03))


def test_one_scale_on_one_t_has_the_p_value_of_a_t_test() -> None:
    even = Prediction(-0.1, Scale(0.3, 19), Scale(0.3, 19))
    found = against(-0.9, even, scales=(Scale(0.4, 19), Scale(0.0, 19)))
    assert found.p == pytest.approx(2 * stats.t.sf(0.8 / 0.5, 19), rel=1e-6)


def test_the_margin_is_where_two_one_sided_tests_of_5_percent_pass() -> None:
    found = compared(-0.3)
    assert found.margin == pytest.approx(0.2 + stats.t.isf(0.05, 3) * 0.05)
    assert 1 - stats.t.cdf((found.margin - 0.2) / 0.05, 3) == pytest.approx(0.05)
    assert compared(0.1).margin == pytest.approx(found.margin)


def test_no_difference_at_all_has_p_1_and_still_a_margin() -> None:
    found = compared(-0.1)
    assert (found.difference, found.p, found.p_fixed) == (0, 1, 1)
    assert found.margin == pytest.approx(stats.t.isf(0.05, 3) * 0.05)


def test_a_prediction_of_unknown_error_has_the_p_of_a_known_one_and_nothing_else() -> None:
    found = compared(-0.3, Prediction(-0.1, None, None))
    assert found.p_fixed == compared(-0.3).p_fixed
    assert (found.low, found.high, found.p, found.margin) == (None,) * 4


def test_exact_values_that_differ_differ() -> None:
    nothing = Scale(0.0, 3)
    found = against(-0.3, KNOWN, scales=(nothing, nothing))
    assert (found.p, found.p_fixed) == (0, 0)
    assert found.margin == pytest.approx(0.2)


def test_a_scale_is_read_off_an_interval() -> None:
    assert scale_of(T3 * 0.05, 3) == (pytest.approx(0.05), 3)


@given(st.floats(-1, 1), scales, scales, scales, scales, st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None, derandomize=True)
def test_p_is_small_exactly_where_the_interval_leaves_out_0(
    exponent: float, models: Scale, texts: Scale, below: Scale, above: Scale, level: float
) -> None:
    prediction = Prediction(-0.1, below, above)
    found = against(exponent, prediction, scales=(models, texts), level=level)
    assert found.low is not None
    assert found.high is not None
    nearest = min(abs(found.low), abs(found.high))
    if nearest > 1e-6:  # else the two may round to either side
        assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)


@given(st.floats(-1, 1), scales, scales, scales, scales)
@settings(deadline=None, derandomize=True)
def test_uncertain_predictions_are_never_easier_to_tell_apart(
    exponent: float, models: Scale, texts: Scale, below: Scale, above: Scale
) -> None:
    own = (models, texts)
    sure = against(exponent, KNOWN, scales=own)
    unsure = against(exponent, Prediction(-0.1, below, above), scales=own)
    assert unsure.p >= sure.p * (1 - 1e-6)
    assert unsure.low <= sure.low
    assert unsure.high >= sure.high
    assert unsure.margin >= sure.margin >= abs(unsure.difference)
