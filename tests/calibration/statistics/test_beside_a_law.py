"""What is told beside an exponent: bands, halving, leaving out, pooling, Holm, and all families."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics.bands import band
from calibration.statistics.intervals import critical_value
from calibration.statistics.leaving_out import leave_one_out
from calibration.statistics.multiplicity import holm
from calibration.statistics.overall import FamilyExponent, overall_exponent
from calibration.statistics.pooling import Points, fit_pooled
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import fit_power_law

SIZES = np.geomspace(1e8, 1e10, 5)
X = np.log(SIZES) - np.log(SIZES).mean()
OFF = np.array([0.08, -0.1, 0.02, 0.07, -0.07])


def exact(error: float, models: int = 5) -> Floats:
    return error**2 * np.eye(models)


def values(exponent: float, scatter: Floats | float = 0.0) -> Floats:
    found: Floats = 0.3 * np.exp(exponent * X + scatter)
    return found


def points(scatter: Floats | float, *, dataset: str = "a", exponent: float = -0.1) -> Points:
    return Points(dataset, SIZES, values(exponent, scatter), exact(0.002), None)


def test_a_quantity_that_falls_as_the_root_is_halved_by_four_times_the_size() -> None:
    fit = fit_power_law(SIZES, values(-0.5), exact(1e-6))
    assert fit.halving == pytest.approx(4, rel=1e-4)
    assert fit.halving_low is not None
    assert fit.halving_high is not None
    assert fit.halving_low < 4 < fit.halving_high


def test_what_does_not_fall_is_never_halved() -> None:
    assert fit_power_law(SIZES, values(0.2), exact(1e-6)).halving is None
    wide = fit_power_law(SIZES, values(-0.01, OFF), exact(1e-3))
    assert wide.halving_low is not None
    assert wide.halving_high is None


def test_a_new_model_is_predicted_less_surely_than_the_line_by_the_scatter() -> None:
    fit = fit_power_law(SIZES, values(-0.1, OFF), exact(1e-4))
    assert fit.scatter is not None
    assert fit.q is not None
    row = band(fit, [fit.reference_size]).row(0, named=True)
    line = (row["high"] - row["low"]) / 2 / row["fitted"]
    new = (row["prediction_high"] - row["prediction_low"]) / 2 / row["fitted"]
    own = critical_value(0.95, 3) * math.sqrt(max(fit.q, 1)) * fit.scatter
    assert new == pytest.approx(math.hypot(line, own), rel=1e-6)


def test_a_law_without_scatter_predicts_a_new_model_as_it_does_the_line() -> None:
    row = band(fit_power_law(SIZES, values(-0.1), exact(0.01)), [1e11]).row(0, named=True)
    assert (row["prediction_low"], row["prediction_high"]) == (row["low"], row["high"])


def test_a_model_that_decides_the_exponent_is_flagged() -> None:
    lifted = values(-0.1, np.array([0.0, 0.0, 0.0, 0.0, 0.3]))
    lifted[:4] *= np.exp([0.004, -0.006, 0.005, -0.003])
    whole = fit_power_law(SIZES, lifted, exact(1e-4))
    found = leave_one_out(whole, SIZES, lifted, exact(1e-4))
    assert [one.position for one in found] == [0, 1, 2, 3, 4]
    shifts = [abs(one.shift or 0.0) for one in found]
    assert int(np.argmax(shifts)) == 4
    assert found[4].fit.exponent == pytest.approx(-0.1, abs=0.01)
    assert whole.half_width is not None
    for one, shift in zip(found, shifts, strict=True):
        assert one.flagged == (shift > whole.half_width)
    assert shifts[4] == pytest.approx(abs(-0.1 - (whole.exponent or 0.0)), abs=0.01)


def test_no_model_is_left_out_of_three() -> None:
    whole = fit_power_law(SIZES[:3], values(-0.1)[:3], exact(0.001, 3))
    assert leave_one_out(whole, SIZES[:3], values(-0.1)[:3], exact(0.001, 3)) == []


def test_series_alike_have_the_scatter_of_one_and_more_degrees_of_freedom() -> None:
    alone = fit_power_law(SIZES, values(-0.1, OFF), exact(0.002))
    pooled = fit_pooled([points(OFF), points(OFF), points(OFF)])
    for one in pooled:
        assert one is not None
        assert one.exponent == pytest.approx(alone.exponent)
        assert one.scatter == alone.scatter
        assert (one.df, one.series) == (9, 3)
        assert alone.half_width is not None
        expected = alone.half_width * critical_value(0.95, 9) / critical_value(0.95, 3)
        assert (one.high - one.low) / 2 == pytest.approx(expected)


def test_data_sets_share_the_scatter_of_their_models() -> None:
    pooled = fit_pooled([points(OFF), points(OFF, dataset="b")])
    assert [one.df for one in pooled if one is not None] == [3, 3]


def test_one_series_has_nothing_to_pool_with() -> None:
    assert fit_pooled([points(OFF)]) == [None]
    nothing = Points("a", SIZES, np.zeros(5), exact(0.002), None)
    noise = Points("a", SIZES, 0.002 * np.array([1.0, -1, 0.5, -0.7, 0.2]), exact(0.002), None)
    assert fit_pooled([nothing, points(OFF), noise]) == [None, None, None]


@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=8))
@settings(deadline=None, derandomize=True, max_examples=15)
def test_holm_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    for one, adjusted in zip(p_values, holm(list(p_values)), strict=True):
        assert adjusted is not None
        assert one <= adjusted + 1e-12
        assert adjusted <= min(1.0, len(p_values) * one) + 1e-12


def test_holm_of_a_known_example_and_of_what_is_unknown() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == [
        pytest.approx(0.03),
        None,
        pytest.approx(0.06),
        pytest.approx(0.06),
    ]
    assert holm([None]) == [None]


def test_families_measured_alike_have_the_mean_and_the_interval_of_students_t() -> None:
    exponents = [-0.2, -0.1, -0.15, 0.0]
    families = [FamilyExponent(str(number), one, 1e-6) for number, one in enumerate(exponents)]
    found = overall_exponent(families)
    error = np.std(exponents, ddof=1) / 2
    assert found.exponent == pytest.approx(np.mean(exponents))
    assert found.high == pytest.approx(np.mean(exponents) + stats.t.isf(0.025, 3) * error)
    assert found.scatter == pytest.approx(np.std(exponents, ddof=1))
    assert (found.families, found.df) == (4, 3)


def test_data_sets_of_one_family_count_once() -> None:
    once = [FamilyExponent("a", -0.2, 0.05), FamilyExponent("b", -0.1, 0.05)]
    twice = [*once, FamilyExponent("a", -0.2, 0.05)]
    assert overall_exponent(twice) == overall_exponent(once)


def test_one_family_has_no_exponent_over_families() -> None:
    found = overall_exponent([FamilyExponent("a", -0.2, 0.05), FamilyExponent("a", -0.1, 0.05)])
    assert (found.families, found.exponent, found.low) == (1, None, None)


def test_families_that_agree_by_chance_keep_the_interval_of_their_errors() -> None:
    found = overall_exponent([FamilyExponent(name, -0.1, 0.05) for name in "abcd"])
    assert found.high == pytest.approx(-0.1 + 1.959964 * 0.05 / 2, abs=1e-6)
