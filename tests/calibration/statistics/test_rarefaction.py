"""Rarefaction: every sample of a small text counted, and a long one against its law."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zipf_texts import ZipfTexts

from calibration.statistics.rarefaction import FEWEST_TOKENS, grid, rarefied
from calibration.statistics.toy import ZipfLaw


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5).filter(lambda c: 1 <= sum(c) <= 12))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_expectations_are_means_over_all_samples(counts: list[int]) -> None:
    tokens = np.repeat(np.arange(len(counts)), counts)
    for size in range(1, len(tokens) + 1):
        seen = np.array(
            [
                np.bincount(tokens[list(chosen)], minlength=len(counts))
                for chosen in combinations(range(len(tokens)), size)
            ]
        )
        found = rarefied(np.array(counts), np.array([size]))
        once, twice = ((seen == times).sum(axis=1).mean() for times in (1, 2))
        assert found.types[0] == pytest.approx((seen > 0).sum(axis=1).mean(), rel=1e-9)
        assert found.singleton_mass[0] == pytest.approx(once / size, abs=1e-12)
        if once > 0:
            assert found.local_exponent[0] == pytest.approx(-2 * twice / once, abs=1e-9)


def test_the_whole_text_is_as_it_was_counted() -> None:
    counts = np.array([0, 1, 1, 1, 2, 2, 9])
    found = rarefied(counts, np.array([counts.sum()]))
    assert found.types[0] == pytest.approx(6)
    assert found.singleton_mass[0] == pytest.approx(3 / 16)
    assert found.local_exponent[0] == pytest.approx(-2 * 2 / 3)


def test_one_token_is_one_type_seen_once() -> None:
    found = rarefied(np.array([5, 3]), np.array([1]))
    assert (found.types[0], found.singleton_mass[0]) == pytest.approx((1, 1))


def test_a_text_of_repetitions_alone_has_no_exponent() -> None:
    assert np.isnan(rarefied(np.array([3, 3]), np.array([6])).local_exponent[0])


def test_a_text_of_its_own_law_shows_the_masses_of_the_law() -> None:
    law, tokens = ZipfLaw(1.3, 100_000), 300_000
    drawn = ZipfTexts(1.3, 100_000).tokens(tokens, np.random.default_rng(0))
    sizes = np.array([300, 3_000, 30_000, tokens])
    found = rarefied(np.bincount(drawn), sizes)
    # At the full size K₁ is a Poisson count of some 10,000, so its relative error is .01.
    assert found.singleton_mass == pytest.approx(law.singleton_mass(sizes), rel=0.04)
    assert found.local_exponent == pytest.approx(law.local_exponent(sizes), abs=0.04)


def test_large_counts_lose_no_digits_that_matter() -> None:
    counts = np.array([10**9, 10**8, 1, 1])
    found = rarefied(counts, np.array([int(counts.sum())]))
    assert found.singleton_mass[0] * counts.sum() == pytest.approx(2, rel=1e-4)


def test_the_grid_has_powers_of_ten_and_ends_with_the_text() -> None:
    sizes = grid(123_456).tolist()
    assert {100, 1_000, 10_000, 100_000} <= set(sizes)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 123_456
    assert grid(50).tolist() == [50]
    assert grid(FEWEST_TOKENS).tolist() == [FEWEST_TOKENS]


@pytest.mark.parametrize("size", [0, 9])
def test_a_sample_that_cannot_be_drawn_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"samples of 1 to 8 tokens were expected, found {size}"):
        rarefied(np.array([5, 3]), np.array([4, size]))


@pytest.mark.parametrize("tokens", [384, 5000, 77_184])
def test_where_nothing_occurs_twice_the_singleton_mass_is_one_and_no_more(tokens: int) -> None:
    mass = rarefied(np.ones(tokens, dtype=np.int64), grid(tokens)).singleton_mass
    assert mass == pytest.approx(1, abs=1e-9)
    assert (mass <= 1).all()
