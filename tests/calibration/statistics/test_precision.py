"""What an example and a source text add to the error of EntCE, and how many of each are needed."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_summaries import LOG_LOSS, summary

from calibration.statistics.ent_ce import estimate
from calibration.statistics.intervals import critical_value
from calibration.statistics.precision import (
    Components,
    components,
    half_width,
    needed,
    variance_components,
)

LADDER = Components(0.1, 0.3, 224)


def nested(
    sizes: list[int], *, cluster: float, example: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values and cluster numbers of the two-level model."""
    generator = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    shared = cluster * generator.standard_normal(len(sizes))
    return shared[clusters] + example * generator.standard_normal(len(clusters)), clusters


def measured(table: pl.DataFrame, *, steps: int) -> Components:
    found = components(table)
    assert found is not None
    return found.after(steps)


def test_balanced_components_are_the_textbook_ones() -> None:
    found = variance_components(np.array([1.0, 3.0, 5.0, 9.0]), np.array([0, 0, 1, 1]))
    # MS between = 2(2.5² + 2.5²)/1 = 25, MS within = (2 + 8)/2 = 5, n0 = 2
    assert found == (pytest.approx((25 - 5) / 2), pytest.approx(5))


def test_unbalanced_components_use_the_effective_size() -> None:
    found = variance_components(np.array([0.0, 2.0, 6.0]), np.array([0, 0, 1]))
    # mean 8/3; MS between = 2(1 - 8/3)² + (6 - 8/3)² = 50/3, MS within = 2, n0 = 3 - 5/3
    assert found == (pytest.approx((50 / 3 - 2) / (4 / 3)), pytest.approx(2))


def test_known_components_of_uneven_clusters_are_found() -> None:
    sizes = [2, 3, 5, 8] * 300
    found = variance_components(*nested(sizes, cluster=0.1, example=0.3, seed=1))
    assert found is not None
    assert found.between == pytest.approx(0.01, rel=0.15)
    assert found.within == pytest.approx(0.09, rel=0.05)


def test_clusters_that_share_nothing_have_no_component() -> None:
    same_means = np.array([1.0, -1.0, 2.0, -2.0])
    assert variance_components(same_means, np.array([0, 0, 1, 1])) == (0, pytest.approx(5))


def test_one_example_a_text_counts_as_between_texts() -> None:
    values = np.array([1.0, 2.0, 6.0])
    assert variance_components(values, np.arange(3)) == (pytest.approx(values.var(ddof=1)), 0)


def test_one_source_text_shows_no_spread_between_texts() -> None:
    assert variance_components(np.array([1.0, 2.0]), np.zeros(2)) is None
    assert components(summary(["a", "a"], entropy=[1.0, 2.0])) is None


def test_an_influence_is_the_examples_own_distance_from_the_mean() -> None:
    texts, entropy = ["a", "a", "b", "b"], np.array([1.0, 3.0, 5.0, 9.0])
    found = measured(summary(texts, entropy=entropy), steps=10)
    assert found.cluster**2 == pytest.approx(10)
    assert found.example**2 == pytest.approx(5)
    same = summary(texts, entropy=entropy, log_loss=entropy)
    assert measured(same, steps=10) == Components(0, 0, 10)


def test_the_expected_error_of_what_was_measured_is_what_was_measured() -> None:
    values, clusters = nested([6] * 400, cluster=0.1, example=0.3, seed=2)
    table = summary([f"text {index}" for index in clusters], entropy=LOG_LOSS + values)
    expected = measured(table, steps=10).standard_error(400, 2400)
    assert expected == pytest.approx(estimate(table).ent_ce.standard_error, rel=0.01)


def test_a_measurement_is_read_at_its_last_horizon() -> None:
    table = summary(["a", "a", "b"], entropy=[1.0, 2.0, 4.0], steps=100, horizons=(0.1, 0.4, 1.0))
    found = components(table)
    assert found is not None
    assert found.steps == 100


def test_an_examples_own_part_falls_with_the_root_of_its_steps() -> None:
    longer = LADDER.after(4 * 224)
    assert (longer.cluster, longer.example) == (0.1, pytest.approx(0.15))


def test_the_error_adds_a_term_for_texts_and_one_for_examples() -> None:
    assert LADDER.standard_error(25, 100) == pytest.approx(math.sqrt(0.01 / 25 + 0.09 / 100))


def test_the_half_width_takes_t_over_source_texts() -> None:
    assert half_width(0.02, 5) == pytest.approx(2.776445 * 0.02)
    assert math.isnan(half_width(0.02, 1))


def test_examples_needed_are_the_closed_form() -> None:
    found = needed(LADDER, clusters=2000, examples=2000)
    error = 0.01 / critical_value(0.95, 1999)
    assert found.examples == math.ceil(0.09 / (error**2 - 0.01 / 2000))


def test_uneven_texts_need_more_of_everything() -> None:
    even = needed(LADDER, clusters=2000, examples=2000)
    uneven = needed(LADDER, clusters=2000, examples=2000, effective=20)
    error = 0.01 / critical_value(0.95, 19)
    assert uneven.examples == math.ceil(0.09 / (error**2 - 0.01 / 2000))
    assert uneven.clusters > even.clusters
    assert needed(LADDER, clusters=2000, examples=2000, effective=2000) == even


def test_where_texts_alone_vary_too_much_no_number_of_examples_does() -> None:
    found = needed(LADDER, clusters=48, examples=192)
    assert found.examples is None
    error = LADDER.standard_error(found.clusters, 4 * found.clusters)
    assert half_width(error, found.clusters) <= 0.01
    fewer = found.clusters - 1
    assert half_width(LADDER.standard_error(fewer, 4 * fewer), fewer) > 0.01


def test_one_source_text_never_has_enough_examples() -> None:
    assert needed(Components(0, 0.3, 224), clusters=1, examples=10**6).examples is None


def test_without_any_spread_two_texts_do() -> None:
    assert needed(Components(0, 0, 224), clusters=8, examples=16).clusters == 2


@given(
    st.floats(0, 1),
    st.floats(0.001, 1),
    st.integers(2, 500),
    st.integers(1, 20),
    st.floats(0.005, 0.5),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_what_is_needed_reaches_the_target(
    cluster: float, example: float, clusters: int, each: int, target: float
) -> None:
    spread = Components(cluster, example, 100)
    found = needed(spread, clusters=clusters, examples=clusters * each, target=target)
    texts = found.clusters
    reached = half_width(spread.standard_error(texts, each * texts), texts)
    assert reached <= target * (1 + 1e-12)
    if found.examples is not None:
        error = spread.standard_error(clusters, found.examples)
        assert half_width(error, clusters) <= target * (1 + 1e-12)
