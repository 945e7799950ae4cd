"""Amplitudes at an origin far from every row: right, warned of, or refused, and never clipped."""

import numpy as np
import pytest

from calibration.statistics.amplitudes import far_origin
from calibration.statistics.law_fit import fit_law
from calibration.statistics.laws import law_named
from calibration.statistics.table_checks import UnusableTable

YEARS = np.arange(2015.0, 2024.0)
NOISE = np.exp(0.02 * np.array([1, -1, 2, 0, -2, 1, -1, 0, 1]))


def growing(rate: float) -> np.ndarray:
    return 3.0 * np.exp(rate * (YEARS - 2015)) * NOISE


@pytest.mark.parametrize("law", ["exponential", "linear"])
def test_years_counted_from_a_row_need_no_warning(law: str) -> None:
    fit = fit_law(law_named(law), YEARS[:, None] - 2015, growing(0.1))
    assert fit.warnings == ()


@pytest.mark.parametrize(("law", "said"), [("exponential", "t-2015"), ("linear", "x-2015")])
def test_raw_years_are_warned_of_with_what_to_do(law: str, said: str) -> None:
    [warning] = fit_law(law_named(law), YEARS[:, None], growing(0.1)).warnings
    assert warning.endswith(f"= 0, far from the rows: count {said[0]} from one of them, as {said}")


def test_where_years_are_counted_from_changes_the_amplitude_alone() -> None:
    raw, counted = (
        fit_law(law_named("exponential"), YEARS[:, None] - start, growing(0.1)).parameters
        for start in (0, 2015)
    )
    assert raw["b"] == pytest.approx(counted["b"], rel=1e-6)
    moved = counted["A"].estimate * np.exp(-2015 * counted["b"].estimate)
    assert raw["A"].estimate == pytest.approx(moved, rel=1e-6)


def test_an_amplitude_beyond_numbers_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        UnusableTable, match=r"beyond at t = 0.*count t from one of them, as t-2015"
    ):
        fit_law(law_named("exponential"), YEARS[:, None], growing(0.4))


def test_sizes_have_no_origin_to_be_far_from() -> None:
    assert far_origin(law_named("power"), np.array([[1e9], [1.1e9]])) is None
