"""Exact laws are recovered, intervals cover, and no exponent is invented."""

import numpy as np
import pytest
import statsmodels.api as statsmodels
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.statistics.bands import band
from calibration.statistics.intervals import critical_value
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import PowerLawFit, fit_power_law

SIZES = np.array([1e8, 4e8, 1e9, 3e9, 1e10, 7e10])


def independent(error: float, models: int = len(SIZES)) -> Floats:
    return error**2 * np.eye(models)


def numbers(fit: PowerLawFit) -> tuple[float, float, float, float]:
    """Exponent, low, high and p of a fit that has them."""
    assert fit.exponent is not None
    assert fit.low is not None
    assert fit.high is not None
    assert fit.p_zero is not None
    return fit.exponent, fit.low, fit.high, fit.p_zero


@given(st.floats(-1.5, 1.5), st.floats(0.01, 10), st.sampled_from([-1.0, 1.0]))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_an_exact_power_law_is_recovered(exponent: float, amplitude: float, sign: float) -> None:
    values = sign * amplitude * (SIZES / 1e9) ** exponent
    fit = fit_power_law(SIZES, values, independent(1e-6 * amplitude))
    found, low, high, _ = numbers(fit)
    assert found == pytest.approx(exponent, abs=1e-6)
    assert low <= exponent <= high
    expected = sign * amplitude * (fit.reference_size / 1e9) ** exponent
    assert fit.amplitude == pytest.approx(expected, rel=1e-5)
    assert fit.identified


def test_values_without_error_need_no_covariance() -> None:
    fit = fit_power_law(SIZES, 0.4 * SIZES**-0.2, np.zeros((6, 6)))
    assert numbers(fit)[0] == pytest.approx(-0.2, abs=1e-7)
    assert fit.scatter == 0


def test_the_unit_of_size_does_not_move_the_exponent() -> None:
    values = 0.4 * (SIZES / 1e9) ** -0.1 * np.exp([0.02, -0.03, 0.01, 0.02, -0.02, 0.01])
    one = fit_power_law(SIZES, values, independent(0.005))
    other = fit_power_law(SIZES / 1e9, values, independent(0.005))
    assert numbers(one)[:3] == pytest.approx(numbers(other)[:3], abs=1e-9)


def test_the_unit_of_the_quantity_does_not_move_the_exponent() -> None:
    values = 0.4 * (SIZES / 1e9) ** -0.1 * np.exp([0.02, -0.03, 0.01, 0.02, -0.02, 0.01])
    one = fit_power_law(SIZES, values, independent(0.005))
    other = fit_power_law(SIZES, 1000 * values, independent(5.0))
    assert numbers(one)[:3] == pytest.approx(numbers(other)[:3], abs=1e-7)


def test_small_errors_give_the_interval_of_a_straight_line_in_logs() -> None:
    scatter = np.array([0.01, -0.02, 0.015, 0.005, -0.02, 0.01])
    x = np.log(SIZES) - np.log(SIZES).mean()
    values = 0.4 * np.exp(-0.15 * x + scatter)
    slope = (x @ np.log(values)) / (x @ x)
    residual = np.log(values) - np.log(values).mean() - slope * x
    error = np.sqrt((residual @ residual) / 4 / (x @ x))
    fit = fit_power_law(SIZES, values, independent(1e-7))
    found, low, high, _ = numbers(fit)
    assert found == pytest.approx(slope, abs=2e-4)
    assert (high - low) / 2 == pytest.approx(critical_value(0.95, 4) * error, rel=0.02)
    assert fit.scatter == pytest.approx(np.sqrt((residual @ residual) / 4), rel=0.1)


@pytest.mark.parametrize(("exponent", "scatter"), [(-0.2, 0.1), (-0.05, 0.25)])
def test_nominal_95_percent_intervals_cover(exponent: float, scatter: float) -> None:
    generator = np.random.default_rng(11)
    x = np.log(SIZES) - np.log(SIZES).mean()
    sampling = 0.01**2 * (0.5 + 0.5 * np.eye(6))
    factor = np.linalg.cholesky(sampling)
    covered = []
    for _ in range(150):
        curve = 0.3 * np.exp(exponent * x + scatter * generator.standard_normal(6))
        fit = fit_power_law(SIZES, curve + factor @ generator.standard_normal(6), sampling)
        # No exponent is no false statement about one.
        covered.append(fit.low is None or fit.high is None or fit.low <= exponent <= fit.high)
    assert np.mean(covered) >= 0.9


def test_noise_around_zero_has_no_exponent() -> None:
    generator = np.random.default_rng(0)
    draws = 0.01 * generator.standard_normal((100, 6))
    fits = [fit_power_law(SIZES, values, independent(0.01)) for values in draws]
    without = [fit for fit in fits if not fit.identified]
    assert len(without) >= 90
    for fit in without:
        assert fit.exponent is fit.low is fit.high is fit.p_zero is fit.measurement_low is None


def test_zeros_have_no_exponent() -> None:
    assert not fit_power_law(SIZES, np.zeros(6), independent(0.01)).identified


def test_a_negative_value_is_kept() -> None:
    values = 0.3 * (SIZES / 1e8) ** -1.0
    values[-1] = -0.001
    fit = fit_power_law(SIZES, values, independent(0.002))
    found, low, high, _ = numbers(fit)
    assert low <= -1.0 <= high
    assert found == pytest.approx(-1.0, abs=0.1)


@given(
    st.lists(st.floats(-0.3, 0.3), min_size=6, max_size=6),
    st.floats(-0.5, 0.5),
    st.sampled_from([0.001, 0.02, 0.1]),
    st.sampled_from([0.8, 0.95]),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_p_value_and_the_interval_agree(
    scatter: list[float], exponent: float, error: float, level: float
) -> None:
    values = 0.3 * (SIZES / 1e9) ** exponent * np.exp(scatter)
    fit = fit_power_law(SIZES, values, independent(error), level=level, clusters=30)
    if not fit.identified:
        return
    _, low, high, p_zero = numbers(fit)
    assert (p_zero < 1 - level) == (not low <= 0 <= high)


def test_the_measurement_interval_lies_within_the_interval() -> None:
    values = 0.3 * (SIZES / 1e9) ** -0.1 * np.exp([0.1, -0.1, 0.05, 0.1, -0.1, 0.0])
    fit = fit_power_law(SIZES, values, independent(0.003))
    found, low, high, _ = numbers(fit)
    assert fit.measurement_low is not None
    assert fit.measurement_high is not None
    assert low < fit.measurement_low < found < fit.measurement_high < high
    assert fit.measurement_high - fit.measurement_low < 0.2 * (high - low)


def test_few_clusters_widen_the_measurement_interval_as_t_does() -> None:
    values = 0.3 * (SIZES / 1e9) ** -0.1
    many = fit_power_law(SIZES, values, independent(0.01), clusters=100_000)
    few = fit_power_law(SIZES, values, independent(0.01), clusters=10)
    widths = [numbers(fit)[2] - numbers(fit)[1] for fit in (many, few)]
    assert widths[1] / widths[0] == pytest.approx(critical_value(0.95, 5) / critical_value(0.95))


def test_texts_shared_by_all_models_say_more_about_the_exponent() -> None:
    values = 0.3 * (SIZES / 1e9) ** -0.01
    shared = 0.01**2 * (0.9 + 0.1 * np.eye(6))
    apart = fit_power_law(SIZES, values, independent(0.01))
    together = fit_power_law(SIZES, values, shared)
    widths = [numbers(fit)[2] - numbers(fit)[1] for fit in (apart, together)]
    assert widths[1] < 0.6 * widths[0]


def test_a_covariance_of_fewer_texts_than_models_is_used() -> None:
    influences = np.random.default_rng(5).standard_normal((3, 6))
    values = 0.3 * (SIZES / 1e9) ** -0.1 * np.exp([0.1, -0.1, 0.05, 0.1, -0.1, 0.0])
    fit = fit_power_law(SIZES, values, 1e-6 * influences.T @ influences, clusters=3)
    _, low, high, _ = numbers(fit)
    assert low < -0.1 < high


@pytest.mark.parametrize("models", [1, 2])
def test_fewer_than_three_models_have_no_exponent(models: int) -> None:
    fit = fit_power_law(SIZES[:models], [0.3, 0.2][:models], independent(0.01, models))
    assert not fit.identified
    assert fit.exponent is None
    assert fit.models == models
    assert fit.reference_size == pytest.approx(np.exp(np.log(SIZES[:models]).mean()))


def test_the_band_passes_through_the_law_and_is_narrowest_inside() -> None:
    values = 0.3 * (SIZES / 1e9) ** -0.1 * np.exp([0.02, -0.03, 0.01, 0.02, -0.02, 0.01])
    fit = fit_power_law(SIZES, values, independent(0.003))
    line = band(fit, [1e7, fit.reference_size, 1e12])
    assert line["fitted"][1] == fit.amplitude
    relative = ((line["high"] - line["low"]) / line["fitted"]).to_list()
    assert relative[1] < relative[0]
    assert relative[1] < relative[2]
    _, low, high, _ = numbers(fit)
    far = band(fit, [fit.reference_size * np.e**50])
    # Far out the exponent is all that is uncertain.
    assert (far["high"] - far["low"])[0] / far["fitted"][0] / 50 == pytest.approx(high - low, 1e-2)


def test_a_fit_without_an_exponent_has_no_band() -> None:
    with pytest.raises(ValueError, match="a fit with an exponent was expected"):
        band(fit_power_law(SIZES, np.zeros(6), independent(0.01)), [1e9])


@pytest.mark.parametrize(
    ("size", "values", "message"),
    [
        ([1e8, -3, 1e9], [1, 2, 3], "a positive size was expected, found -3 at position 2"),
        ([1e8, 0, 1e9], [1, 2, 3], "a positive size was expected, found 0 at position 2"),
        ([1e8, 1e9, 1e10], [1, float("nan"), 3], "a finite value was expected, found nan"),
        ([1e8, "7B", 1e10], [1, 2, 3], "a finite size was expected, found 7B at position 2"),
        ([1e8, 1e9, float("inf")], [1, 2, 3], "found inf at position 3"),
        ([1e9, 1e9], [1, 2], r"at least two different sizes were expected, found only 1e\+09"),
        ([1e9, 1e10], [1, 2, 3], "found 3 values and 2 sizes"),
        ([], [], "found 0 values and 0 sizes"),
    ],
)
def test_bad_series_are_refused_in_one_sentence(
    size: list[float], values: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit_power_law(size, values, independent(0.01, len(size)))


def test_bad_covariances_and_settings_are_refused_in_one_sentence() -> None:
    values = 0.3 * SIZES**-0.1
    with pytest.raises(ValueError, match=r"shape \(6, 6\) was expected, found \(5, 5\)"):
        fit_power_law(SIZES, values, independent(0.01, 5))
    with pytest.raises(ValueError, match="a symmetric covariance"):
        fit_power_law(SIZES, values, np.triu(np.full((6, 6), 0.1)))
    with pytest.raises(ValueError, match="without negative variance"):
        fit_power_law(SIZES, values, -independent(0.01))
    with pytest.raises(ValueError, match="a finite covariance was expected, found nan"):
        fit_power_law(SIZES, values, np.full((6, 6), np.nan))
    with pytest.raises(ValueError, match="a level between 0 and 1 was expected, found 95"):
        fit_power_law(SIZES, values, independent(0.01), level=95)
    with pytest.raises(ValueError, match="at least 2 clusters were expected, found 1"):
        fit_power_law(SIZES, values, independent(0.01), clusters=1)


def test_a_generalised_linear_model_finds_the_same_curve() -> None:
    """A Gaussian GLM with log link is the case of equal, independent errors without scatter."""
    noise = 0.004 * np.array([1.0, -0.7, 0.3, -1.2, 0.9, -0.2])
    values = 0.3 * (SIZES / 1e9) ** -0.15 + noise
    design = statsmodels.add_constant(np.log(SIZES) - np.log(SIZES).mean())
    family = statsmodels.families.Gaussian(statsmodels.families.links.Log())
    expected = statsmodels.GLM(values, design, family=family).fit(tol=1e-14, maxiter=200)
    fit = fit_power_law(SIZES, values, independent(0.01))
    assert fit.scatter == 0
    assert numbers(fit)[0] == pytest.approx(expected.params[1], abs=1e-6)
    assert fit.amplitude == pytest.approx(np.exp(expected.params[0]), rel=1e-6)
    # Its errors, times what it estimates as their scale, are ours of known scale.
    scaled = expected.bse[1] * 0.01 / np.sqrt(expected.scale)
    assert fit.measurement_high is not None
    half = (fit.measurement_high - numbers(fit)[0]) / critical_value(0.95)
    assert half == pytest.approx(scaled, rel=1e-4)
