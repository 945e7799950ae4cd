"""The simplified theory: sums term by term, limits in closed form, and the toy played out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.statistics.ragged import Floats
from calibration.statistics.toy import (
    HEAD,
    MOST_TYPES,
    SERIES,
    ZipfLaw,
    asymptotic_exponent,
    derailed_share,
    limiting_constant,
    matched_types,
    passed_on,
    simulated,
)


def probabilities(alpha: float, types: int) -> Floats:
    powers = np.arange(1, types + 1, dtype=np.float64) ** -alpha
    return powers / powers.sum()


@pytest.mark.parametrize(
    ("alpha", "constant"), [(1.114, 1.120), (1.25, 1.084), (1.5, 0.942), (2, 0.691)]
)
def test_the_limiting_constant_is_the_published_one(alpha: float, constant: float) -> None:
    assert limiting_constant(alpha) == pytest.approx(constant, abs=5e-4)


def test_the_limiting_constant_of_two_is_in_closed_form() -> None:
    # Γ(1/2) / (2 sqrt(π²/6)) = sqrt(π) sqrt(6) / (2 π)
    assert limiting_constant(2) == pytest.approx(math.sqrt(6 / math.pi) / 2, rel=1e-12)


def test_the_singleton_mass_is_known_at_four_sizes() -> None:
    mass = ZipfLaw(1.5, 10**7).singleton_mass([1e2, 1e3, 1e4, 1e5])
    assert mass == pytest.approx([0.2029, 0.0939, 0.0435, 0.0200], abs=5e-5)


@pytest.mark.parametrize(
    ("alpha", "early", "late", "asymptote"),
    [
        (1.05, -0.165, -0.395, -0.048),
        (1.2, -0.221, -0.353, -0.167),
        (1.5, -0.341, -0.373, -0.333),
        (2.0, -0.500, -0.501, -0.500),
    ],
)
def test_a_finite_vocabulary_bends_the_exponent(
    alpha: float, early: float, late: float, asymptote: float
) -> None:
    found = ZipfLaw(alpha, 128_000).local_exponent([1e3, 1e5])
    assert found == pytest.approx([early, late], abs=5e-4)
    assert asymptotic_exponent(alpha) == pytest.approx(asymptote, abs=5e-4)


@pytest.mark.parametrize("types", [2, 50, HEAD, HEAD + 1, 3 * HEAD, 1_000_000])
@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.3, 2.5])
def test_sums_are_those_of_every_term(alpha: float, types: int) -> None:
    p, law = probabilities(alpha, types), ZipfLaw(alpha, types)
    for tokens in (1, 10, 1_000, 100_000):
        unseen = np.exp((tokens - 1) * np.log1p(-p))
        assert float(law.singleton_mass(tokens)) == pytest.approx(p @ unseen, rel=1e-8, abs=1e-300)
        assert law.types_seen(tokens) == pytest.approx((1 - unseen * (1 - p)).sum(), rel=1e-8)


def test_one_token_is_always_seen_once() -> None:
    assert float(ZipfLaw(1.2, 10**9).singleton_mass(1)) == pytest.approx(1, rel=1e-9)
    assert ZipfLaw(1.2, 10**9).types_seen(1) == pytest.approx(1, rel=1e-9)


def test_a_vocabulary_without_end_follows_its_power_law() -> None:
    mass = ZipfLaw(2.0, MOST_TYPES).singleton_mass([1e6, 1e8])
    assert mass == pytest.approx(limiting_constant(2) * np.array([1e-3, 1e-4]), rel=1e-3)


@given(
    st.floats(0.2, 3.0),
    st.integers(2, 10**12),
    st.floats(1, 1e6),
)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_more_training_never_leaves_more_unseen(alpha: float, types: int, tokens: float) -> None:
    law = ZipfLaw(alpha, types)
    masses = law.singleton_mass([tokens, 2 * tokens])
    if masses[0] == 0:  # less than the smallest number
        return
    assert 0 <= masses[1] < masses[0] <= 1 + 1e-9
    assert float(law.local_exponent(tokens)) < 0


@given(st.floats(0.3, 3.0), st.integers(10, 10**9), st.floats(10, 1e5))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_the_local_exponent_is_the_slope_of_the_mass(
    alpha: float, types: int, tokens: float
) -> None:
    law, step = ZipfLaw(alpha, types), 1e-4
    low, high = law.singleton_mass([tokens * math.exp(-step), tokens * math.exp(step)])
    if low < 1e-250:
        return
    slope = math.log(high / low) / (2 * step)
    # The error of a central difference is the third derivative times step²/6.
    assert float(law.local_exponent(tokens)) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("alpha", [1.0, 0.918, 0.3])
def test_no_exponent_is_predicted_at_one_or_below(alpha: float) -> None:
    assert asymptotic_exponent(alpha) is None
    with pytest.raises(ValueError, match="a rank exponent above 1 was expected, found"):
        limiting_constant(alpha)


@pytest.mark.parametrize(
    ("alpha", "types"), [(1.2, 10**6), (0.8, 20_000), (1.5, 10**5), (1.05, 50_000)]
)
def test_the_types_of_a_law_are_found_from_what_it_shows(alpha: float, types: int) -> None:
    seen = ZipfLaw(alpha, types).types_seen(100_000)
    found = matched_types(alpha, tokens=100_000, seen=round(seen))
    # A type more or less that is shown moves the vocabulary by the inverse of d seen / d types.
    near = ZipfLaw(alpha, found).types_seen(100_000)
    assert near == pytest.approx(seen, abs=1)
    assert found == pytest.approx(types, rel=0.02)


def test_a_text_that_shows_everything_has_no_more_types() -> None:
    assert matched_types(1.0, tokens=10**6, seen=50) == 50


def test_a_text_with_more_types_than_any_law_has_no_end() -> None:
    assert matched_types(2.0, tokens=1_000, seen=900) == MOST_TYPES


@given(st.floats(1e-12, 1), st.integers(1, 5_000))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_the_derailed_share_is_the_mean_over_steps(mass: float, steps: int) -> None:
    before = np.arange(steps)
    derailed = -np.expm1(before * np.log1p(-mass)) if mass < 1 else (before > 0).astype(float)
    assert float(derailed_share(mass, steps)) == pytest.approx(derailed.mean(), rel=1e-5, abs=1e-15)


def test_the_derailed_share_is_half_the_expected_derailments_where_few() -> None:
    assert float(derailed_share(1e-9, 1_001)) == pytest.approx(1e-9 * 1_000 / 2, rel=1e-6)


@given(st.floats(1e-9, 0.9), st.integers(2, 5_000))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_what_is_passed_on_is_the_slope_of_the_share(mass: float, steps: int) -> None:
    step = 1e-4
    low, high = derailed_share([mass * math.exp(-step), mass * math.exp(step)], steps)
    slope = math.log(high / low) / (2 * step)
    assert float(passed_on(mass, steps)) == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_long_texts_hide_the_exponent() -> None:
    mass = ZipfLaw(1.5, 10**7).singleton_mass(1e5)
    assert float(passed_on(mass, 1_024)) * (1 / 1.5 - 1) == pytest.approx(-0.017, abs=5e-4)
    assert float(passed_on(0.1 * SERIES / 1_024, 1_024)) == 1


def test_the_toy_played_out_agrees_with_the_sums() -> None:
    law = ZipfLaw(1.2, 5_000)
    played = simulated(law, tokens=2_000, texts=50, steps=40, repetitions=400, seed=3)
    mass = float(law.singleton_mass(2_000))
    assert abs(played.singleton_mass - mass) < 3 * played.singleton_mass_se
    assert played.singleton_mass_se < 0.005 * mass
    # The share is concave in the mass, which varies by a few percent between trainings: the share
    # at the mean mass is above the mean share by half the curvature times the variance.
    variance = 400 * played.singleton_mass_se**2
    shares = derailed_share([mass - 1e-3, mass, mass + 1e-3], 40)
    curvature = (shares[0] - 2 * shares[1] + shares[2]) / 1e-6
    expected = shares[1] + curvature * variance / 2
    assert abs(played.derailed_share - expected) < 3 * played.derailed_share_se
    assert played.derailed_share_se < 0.01 * expected


def test_a_seed_repeats_the_toy() -> None:
    law = ZipfLaw(1.5, 100)
    one, again, other = (
        simulated(law, tokens=100, texts=5, steps=10, repetitions=3, seed=seed)
        for seed in (0, 0, 1)
    )
    assert one == again != other


@pytest.mark.parametrize(
    ("alpha", "types", "message"),
    [
        (0.0, 10, "a rank exponent above 0 was expected, found 0"),
        (float("nan"), 10, "a rank exponent above 0 was expected, found nan"),
        (1.0, 1, "2 to 1e\\+15 types were expected, found 1"),
    ],
)
def test_a_law_that_is_none_is_refused(alpha: float, types: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ZipfLaw(alpha, types)


def test_one_repetition_has_no_error() -> None:
    with pytest.raises(ValueError, match="at least two repetitions were expected, found 1"):
        simulated(ZipfLaw(1.5, 100), tokens=10, texts=1, steps=1, repetitions=1, seed=0)


@pytest.mark.nightly
@pytest.mark.parametrize(("alpha", "types"), [(0.9, 50_000), (1.1, 50_000), (1.5, 1_000_000)])
def test_the_toy_agrees_with_the_sums_at_scale(alpha: float, types: int) -> None:
    law = ZipfLaw(alpha, types)
    played = simulated(law, tokens=100_000, texts=200, steps=200, repetitions=200, seed=1)
    mass = float(law.singleton_mass(100_000))
    assert abs(played.singleton_mass - mass) < 3 * played.singleton_mass_se
    # The mass varies by so little between trainings that the share's curvature does not show.
    difference = played.derailed_share - float(derailed_share(mass, 200))
    assert abs(difference) < 3 * played.derailed_share_se + 1e-4
