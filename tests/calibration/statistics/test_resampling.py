"""All resamples at once are what a loop over them finds."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from calibration.statistics.resampling import resampled_exponents, resampled_totals

SIZES = np.geomspace(1e8, 7e10, 7)
SUMS = np.random.default_rng(0).normal(1.0, 2.0, (300, 4))


def test_totals_are_of_as_many_texts_and_repeatable() -> None:
    counted = np.column_stack([SUMS, np.ones(300)])
    totals = resampled_totals(counted, resamples=50, generator=np.random.default_rng(1))
    assert totals[:, 4].tolist() == [300.0] * 50
    again = resampled_totals(counted, resamples=50, generator=np.random.default_rng(1))
    assert (totals == again).all()


def test_totals_have_the_mean_and_the_covariance_of_draws_with_replacement() -> None:
    totals = resampled_totals(SUMS, resamples=4000, generator=np.random.default_rng(1))
    covariance = 300 * np.cov(SUMS.T, ddof=0)
    error = np.sqrt(np.diag(covariance) / 4000)
    assert np.abs(totals.mean(axis=0) - SUMS.sum(axis=0)).max() < 4 * error.max()
    # A variance from 4,000 draws is known to 2.2 %.
    assert np.diag(np.cov(totals.T)) == pytest.approx(np.diag(covariance), rel=0.09)


def test_exact_laws_of_either_sign_are_recovered() -> None:
    exponents = np.array([-0.9, -0.2, -0.01, 0.3])
    values = np.array([[0.4], [-0.4], [1e-6], [3.0]]) * (SIZES / 1e9) ** exponents[:, None]
    assert resampled_exponents(SIZES, values, np.eye(7)) == pytest.approx(exponents, abs=1e-9)


def test_exponents_are_those_of_weighted_least_squares() -> None:
    generator = np.random.default_rng(3)
    errors = 0.01 * generator.uniform(0.5, 2, 7)
    values = 0.3 * (SIZES / 1e9) ** -0.1 + errors * generator.standard_normal((20, 7))
    x = np.log(SIZES / 1e9)

    def known(row: np.ndarray) -> float:
        fitted, _ = curve_fit(
            lambda at, a, b: a * np.exp(b * at), x, row, p0=(0.3, -0.1), sigma=errors
        )
        return float(fitted[1])

    found = resampled_exponents(SIZES, values, np.diag(errors**2))
    assert found == pytest.approx([known(row) for row in values], abs=1e-6)


def test_a_shared_error_is_told_from_the_law() -> None:
    values = 0.3 * (SIZES / 1e9) ** -0.1 + 0.05
    shared = 0.05**2 + 1e-8 * np.eye(7)
    apart = resampled_exponents(SIZES, values[None], np.eye(7))[0]
    together = resampled_exponents(SIZES, values[None], shared)[0]
    assert abs(together + 0.1) < 0.1 * abs(apart + 0.1)


def test_values_without_a_law_end_within_the_grid() -> None:
    found = resampled_exponents(SIZES, np.vstack([np.zeros(7), np.eye(7)[0]]), np.eye(7))
    limit = 30 / np.ptp(np.log(SIZES))
    assert np.isfinite(found).all()
    assert (np.abs(found) <= limit).all()
