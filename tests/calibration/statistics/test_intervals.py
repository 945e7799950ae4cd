"""The jackknife agrees with closed forms and refuses to invent a spread."""

import math

import numpy as np
import pytest

from calibration.statistics.intervals import (
    FEW_CLUSTERS,
    cluster_degrees,
    critical_value,
    few_clusters,
    jackknife,
    two_sided,
)
from calibration.statistics.ragged import Floats


def ratio(totals: Floats) -> Floats:
    result: Floats = totals[..., 0] / totals[..., 1]
    return result


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.array([1.0, 4.0, 2.0, 7.0])
    interval = jackknife(np.stack([values, np.ones(4)], axis=1), ratio)
    expected = values.std(ddof=1) / 2
    assert interval.value == pytest.approx(3.5)
    assert interval.standard_error == pytest.approx(expected)
    assert interval.high - interval.value == pytest.approx(3.182446305 * expected)
    assert interval.value - interval.low == pytest.approx(3.182446305 * expected)


def test_one_cluster_has_a_value_and_no_interval() -> None:
    interval = jackknife(np.array([[3.0, 2.0]]), ratio)
    assert interval.value == 1.5
    assert all(map(math.isnan, (interval.standard_error, interval.low, interval.high)))


def test_clusters_that_agree_have_no_spread() -> None:
    interval = jackknife(np.array([[2.0, 1.0], [6.0, 3.0], [4.0, 2.0]]), ratio)
    assert interval.standard_error == pytest.approx(0.0, abs=1e-15)


def test_the_p_value_at_the_critical_value_is_one_minus_the_level() -> None:
    for degrees in (None, 3, 50):
        assert two_sided(-critical_value(0.9, degrees), degrees) == pytest.approx(0.1)


def test_many_clusters_are_as_good_as_normal() -> None:
    assert cluster_degrees(None) is None
    assert cluster_degrees(5000) is None
    assert cluster_degrees(50) == 49


def test_few_clusters_are_said_in_words() -> None:
    assert few_clusters(FEW_CLUSTERS) is None
    assert few_clusters(12) == "intervals are approximate below 40 source texts, found 12"
