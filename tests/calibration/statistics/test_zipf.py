"""α: exact where counts are an exact power, near the truth on samples, with honest intervals."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from zipf_texts import ZipfTexts

from calibration.statistics.intervals import Interval, critical_value
from calibration.statistics.zipf import (
    FEWEST_RANKED,
    GROUPS,
    RANKED,
    TOP,
    Counts,
    count_exponent,
    counts_of,
    split_half_exponent,
    split_half_points,
    top_exponent,
)

BOTH = pytest.mark.parametrize("estimator", [split_half_exponent, top_exponent])


def alike(counts: list[int], documents: int) -> Counts:
    """Documents that all hold the same counts of the types 0, 1, …"""
    types, copies = len(counts), np.tile(counts, documents)
    return Counts(
        np.repeat(np.arange(documents), types),
        np.tile(np.arange(types), documents),
        copies,
        documents,
        types,
    )


def test_counts_are_of_documents_and_types() -> None:
    counts = counts_of(np.array([7, 7, 3, 3, 3]), np.array([50, 60, 50, 50, 70]))
    cells = list(zip(counts.document, counts.type, counts.count, strict=True))
    assert cells == [(0, 0, 2), (0, 2, 1), (1, 0, 1), (1, 1, 1)]
    assert (counts.documents, counts.types, counts.tokens) == (2, 3, 5)
    assert counts.totals.tolist() == [3, 1, 1]


def test_nothing_counted_is_nothing() -> None:
    counts = counts_of(np.array([], dtype=np.int64), np.array([], dtype=np.int64))
    assert (counts.documents, counts.types, counts.tokens) == (0, 0, 0)
    assert math.isnan(split_half_exponent(counts, seed=0).value)


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.5])
def test_exact_powers_are_recovered_exactly(alpha: float) -> None:
    powers = [round(1e7 * rank**-alpha) for rank in range(1, 1_001)]
    top = top_exponent(alike(powers, 20), seed=0)
    assert top.value == pytest.approx(alpha, abs=1e-4)
    # A bin's mean frequency lies above that at its mean log rank, by less the narrower the bin.
    half = split_half_exponent(alike(powers, 20), seed=0)
    assert half.value == pytest.approx(alpha, abs=2e-3)


@BOTH
def test_documents_that_agree_leave_nothing_uncertain(
    estimator: Callable[..., Interval],
) -> None:
    powers = [round(1e5 / rank) for rank in range(1, 101)]
    found = estimator(alike(powers, 2 * GROUPS), seed=0)
    assert found.standard_error == pytest.approx(0, abs=1e-12)
    assert found.low == pytest.approx(found.value) == pytest.approx(found.high)


def test_the_interval_is_a_jackknife_over_groups() -> None:
    generator = np.random.default_rng(2)
    counts = ZipfTexts(1.2, 2_000).documents(GROUPS, 500, generator, repeated=0.0)
    found = top_exponent(counts, seed=0)
    without = [top_exponent(_without(counts, document), seed=0).value for document in range(GROUPS)]
    spread = ((np.array(without) - np.mean(without)) ** 2).sum()
    error = math.sqrt((GROUPS - 1) / GROUPS * spread)
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    reach = critical_value(0.95, GROUPS - 1) * error
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach))


def _without(counts: Counts, document: int) -> Counts:
    kept = counts.document != document
    return Counts(
        counts.document[kept], counts.type[kept], counts.count[kept], GROUPS, counts.types
    )


@pytest.mark.parametrize("alpha", [1.05, 1.2, 1.5, 2.0])
@pytest.mark.parametrize("types", [50_000, 10_000_000])
def test_split_halves_are_near_the_truth_where_a_steep_top_is_not(alpha: float, types: int) -> None:
    generator = np.random.default_rng(4)
    tokens = ZipfTexts(alpha, types).tokens(1_000_000, generator)
    counts = counts_of(np.arange(len(tokens)) % 400, tokens)
    half, top = split_half_exponent(counts, seed=0), top_exponent(counts, seed=0)
    assert half.value == pytest.approx(alpha, abs=0.03)
    assert alpha < 1.5 or top.value < alpha - 0.04


@BOTH
def test_intervals_cover_the_mean_of_the_estimator(estimator: Callable[..., Interval]) -> None:
    generator = np.random.default_rng(6)
    texts = ZipfTexts(1.3, 20_000)
    found = [
        estimator(texts.documents(60, 300, generator, repeated=0.3), seed=0) for _ in range(60)
    ]
    mean = np.mean([one.value for one in found])
    # The mean of 60 is itself off by an eighth of a standard error. At a true coverage of .95, 52
    # of 60 or fewer would be seen once in a hundred runs.
    assert sum(one.low <= mean <= one.high for one in found) > 52


def test_repetition_within_documents_widens_the_interval() -> None:
    texts, widths = ZipfTexts(1.2, 20_000), []
    for repeated in (0.0, 0.6):
        generator = np.random.default_rng(8)
        drawn = [texts.documents(100, 500, generator, repeated=repeated) for _ in range(5)]
        widths.append(np.mean([split_half_exponent(one, seed=0).standard_error for one in drawn]))
    assert widths[1] > 1.5 * widths[0]


def test_a_seed_draws_the_halves() -> None:
    counts = ZipfTexts(1.2, 5_000).documents(40, 300, np.random.default_rng(0), repeated=0.2)
    one, again, other = (split_half_exponent(counts, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one.value != other.value


@BOTH
def test_one_document_has_no_half_and_no_interval(estimator: Callable[..., Interval]) -> None:
    found = estimator(alike([100] * 50, 1), seed=0)
    assert math.isnan(found.value)
    assert math.isnan(found.low)


def test_types_that_are_rare_cannot_be_ranked() -> None:
    rare = alike([RANKED - 1] * (2 * FEWEST_RANKED), 2)  # a document is a half here
    assert math.isnan(split_half_exponent(rare, seed=0).value)
    assert all(not len(points.rank) for points in split_half_points(rare, seed=0))
    assert top_exponent(rare, seed=0).value == pytest.approx(0, abs=1e-12)


def test_the_top_is_the_most_frequent_types_alone() -> None:
    flat_tail = [round(1e6 / rank) for rank in range(1, TOP + 1)] + [1] * TOP
    assert top_exponent(alike(flat_tail, 4), seed=0).value == pytest.approx(1, abs=1e-3)


def test_points_are_shares_of_the_tokens_and_fall_with_rank() -> None:
    counts = ZipfTexts(1.2, 5_000).documents(40, 3_000, np.random.default_rng(0), repeated=0.0)
    for points in split_half_points(counts, seed=0):
        assert points.rank[0] == 1
        assert (np.diff(points.rank) > 0).all()
        # 60,000 tokens a half: the first type's share is known to some percent.
        expected = 1 / (np.arange(1, 5_001) ** -1.2).sum()
        assert points.frequency[0] == pytest.approx(expected, rel=0.05)


def test_the_exponent_of_counts_is_another_number() -> None:
    assert count_exponent(1.0) == 2.0
    assert count_exponent(2.0) == 1.5


@pytest.mark.nightly
@BOTH
@pytest.mark.parametrize(
    ("alpha", "types", "documents", "repeated"),
    [(1.2, 10_000_000, 200, 0.0), (1.5, 10_000_000, 200, 0.3)],
)
def test_intervals_cover_over_many_replicates(
    estimator: Callable[..., Interval], alpha: float, types: int, documents: int, repeated: float
) -> None:
    generator, texts = np.random.default_rng(0), ZipfTexts(alpha, types)
    found = [
        estimator(texts.documents(documents, 1_000, generator, repeated=repeated), seed=0)
        for _ in range(200)
    ]
    mean = np.mean([one.value for one in found])
    assert np.mean([one.low <= mean <= one.high for one in found]) >= 0.93
