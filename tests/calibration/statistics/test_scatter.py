"""Scatter, Q and I² where they are known, and how often their intervals hold."""

import numpy as np
import pytest
from scipy import stats

from calibration.statistics.scaling import fit_power_law
from calibration.statistics.scatter import SCATTERS, heterogeneity, scatter_interval

SIZES = np.geomspace(1e8, 1e10, 6)


def test_q_is_chi_squared_when_the_covariance_is_exact() -> None:
    found = heterogeneity(9.0, 4, clusters=None)
    assert found.p == pytest.approx(stats.chi2.sf(9.0, 4))
    assert found.i_squared == pytest.approx(5 / 9)


def test_q_below_its_degrees_leaves_nothing_to_scatter() -> None:
    assert heterogeneity(3.0, 4, clusters=None).i_squared == 0
    assert heterogeneity(0.0, 4, clusters=None).i_squared == 0


def test_a_covariance_of_few_texts_makes_q_less_telling() -> None:
    few, many = (heterogeneity(9.0, 4, clusters=number).p for number in (12, 1e6))
    assert few > many == pytest.approx(stats.chi2.sf(9.0, 4), rel=1e-3)
    assert np.isnan(heterogeneity(9.0, 4, clusters=4).p)


def test_of_one_contrast_hotelling_is_student() -> None:
    found = heterogeneity(2.5**2, 1, clusters=20)
    assert found.p == pytest.approx(2 * stats.t.sf(2.5, 19))


def test_the_interval_is_where_the_likelihood_ratio_is_small() -> None:
    best = SCATTERS[40]
    criterion = (SCATTERS - best) ** 2 * 1e6
    found = scatter_interval(criterion, level=0.95)
    reach = np.sqrt(stats.chi2.ppf(0.95, 1)) / 1000
    assert found.value == best
    assert best - reach <= found.low <= (best - reach) * 1.08
    assert found.high is not None
    assert (best + reach) / 1.08 <= found.high <= best + reach


def test_a_flat_likelihood_has_no_end() -> None:
    found = scatter_interval(np.zeros(len(SCATTERS)), level=0.95)
    assert (found.low, found.high) == (0.0, None)


def test_the_interval_of_scatter_covers() -> None:
    """150 draws of six models at τ = .1: at .95 no more than 1 in 50 000 have fewer than 130."""
    generator = np.random.default_rng(3)
    x = np.log(SIZES) - np.log(SIZES).mean()
    held = 0
    for _ in range(150):
        values = 0.3 * np.exp(-0.1 * x + 0.1 * generator.standard_normal(6))
        values += 0.003 * generator.standard_normal(6)
        fit = fit_power_law(SIZES, values, 0.003**2 * np.eye(6))
        assert fit.scatter_low is not None
        high = np.inf if fit.scatter_high is None else fit.scatter_high
        held += fit.scatter_low <= 0.1 <= high
    assert held >= 130


def test_exact_values_of_a_law_scatter_by_nothing() -> None:
    fit = fit_power_law(SIZES, 0.3 * (SIZES / 1e9) ** -0.1, 0.01**2 * np.eye(6))
    assert fit.scatter == fit.scatter_low == 0
    assert fit.heterogeneity == pytest.approx(0, abs=1e-9)
    assert fit.i_squared == 0
    assert fit.p_heterogeneity == pytest.approx(1)
