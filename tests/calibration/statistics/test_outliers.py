"""A clean table loses a row once in a hundred times, and a gross error is always found."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import OLSInfluence

from calibration.statistics.outliers import FALSE_ALARM, huber_weights, judged, robust_scale


def line(rows: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(-1, 1, rows)
    return sm.add_constant(x), 2 + x


def residuals(design: np.ndarray, values: np.ndarray) -> np.ndarray:
    return sm.OLS(values, design).fit().resid


def test_distances_are_externally_studentised_residuals() -> None:
    design, values = line(20)
    values = values + np.random.default_rng(0).standard_normal(20)
    known = OLSInfluence(sm.OLS(values, design).fit()).resid_studentized_external
    found = judged(residuals(design, values), design, np.ones(20, dtype=bool))
    assert found.distance == pytest.approx(np.abs(known))
    assert found.kept.all()


def test_a_row_left_out_is_judged_as_a_new_one() -> None:
    design, values = line(20)
    values = values + np.random.default_rng(0).standard_normal(20)
    kept = np.arange(20) != 7
    fit = sm.OLS(values[kept], design[kept]).fit()
    inside = OLSInfluence(sm.OLS(values, design).fit()).resid_studentized_external[7]
    found = judged(values - fit.predict(design), design, kept)
    # Deleting a row and studentising it externally are the same thing.
    assert found.distance[7] == pytest.approx(abs(inside))


def test_a_clean_table_loses_a_row_once_in_a_hundred_times() -> None:
    design, values = line(30)
    generator = np.random.default_rng(1)
    everything = np.ones(30, dtype=bool)
    lost = sum(
        not judged(
            residuals(design, values + generator.standard_normal(30)), design, everything
        ).kept.all()
        for _ in range(1000)
    )
    assert lost / 1000 <= FALSE_ALARM + 3 * np.sqrt(FALSE_ALARM / 1000)


def test_huber_weights_leave_the_middle_alone() -> None:
    values = np.random.default_rng(2).standard_normal(1000)
    values[0] = 50
    weights = huber_weights(values, parameters=2)
    assert robust_scale(values, parameters=2) == pytest.approx(1, abs=0.1)
    assert (weights[np.abs(values) < 1.2] == 1).all()
    assert weights[0] == pytest.approx(1.345 / 50, rel=0.1)
