"""Two measurements side by side: exact on themselves, the t interval on pairs, antisymmetric."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_summaries import summary

from calibration.statistics.comparison import COMPARED, Comparison, Difference, comparison
from calibration.statistics.ent_ce import estimate
from calibration.statistics.intervals import critical_value

TEXTS = [f"text {number}" for number in range(12)]


def drawn(seed: int, *, texts: list[str] = TEXTS, common: bool = True) -> pl.DataFrame:
    """Uneven texts; with `common`, most of what varies belongs to the text, whatever the seed."""
    of_text = np.random.default_rng(99).normal(2.0, 1.0, len(texts))
    own = np.random.default_rng(seed)
    level = of_text if common else own.normal(2.0, 1.0, len(texts))
    return summary(
        texts,
        entropy=level + own.normal(0.1, 0.05, len(texts)),
        log_loss=own.normal(1.8, 0.05, len(texts)),
        teacher_entropy=own.normal(1.9, 0.05, len(texts)),
        steps=own.integers(5, 15, len(texts)),
    )


def of(found: Comparison, quantity: str = "ent_ce") -> Difference:
    return next(one for one in found.differences if one.quantity == quantity)


def width(found: Comparison) -> float:
    interval = of(found).difference
    return interval.high - interval.low


def test_a_measurement_against_itself_is_exactly_zero() -> None:
    found = comparison(drawn(1), drawn(1))
    assert (found.shared, found.paired) == (12, True)
    for one in found.differences:
        interval = one.difference
        assert (interval.value, interval.standard_error) == (0.0, 0.0)
        assert (interval.low, interval.high) == (0.0, 0.0)


def test_equal_lengths_give_the_paired_t_interval() -> None:
    one, other = np.array([2.0, 2.5, 3.0, 2.2]), np.array([2.1, 2.9, 3.0, 2.6])
    found = comparison(summary(list("abcd"), entropy=one), summary(list("abcd"), entropy=other))
    pairs = other - one
    half = critical_value(0.95, 3) * pairs.std(ddof=1) / math.sqrt(4)
    interval = of(found).difference
    assert interval.value == pytest.approx(pairs.mean())
    assert interval.low == pytest.approx(pairs.mean() - half)
    assert interval.high == pytest.approx(pairs.mean() + half)


def test_texts_not_shared_give_welchs_interval() -> None:
    one, other = np.array([2.0, 2.5, 3.0, 2.2]), np.array([2.1, 3.9, 3.0])
    found = comparison(summary(list("abcd"), entropy=one), summary(list("xyz"), entropy=other))
    assert (found.shared, found.paired) == (0, False)
    parts = [one.var(ddof=1) / 4, other.var(ddof=1) / 3]
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 2)
    interval = of(found).difference
    assert interval.value == pytest.approx(other.mean() - one.mean())
    assert interval.standard_error == pytest.approx(math.sqrt(sum(parts)))
    half = critical_value(0.95, degrees) * math.sqrt(sum(parts))
    assert interval.high - interval.value == pytest.approx(half)


def test_uneven_texts_count_for_as_many_as_even_ones_would() -> None:
    steps = np.array([30, 10, 10, 10])  # 60² / (30² + 3 · 10²) = 3 texts
    one = summary(list("abcd"), entropy=np.array([2.0, 2.5, 3.0, 2.2]), steps=steps)
    other = summary(list("abcd"), entropy=np.array([2.1, 2.9, 3.0, 2.6]), steps=steps)
    paired = of(comparison(one, other)).difference
    assert paired.high - paired.value == pytest.approx(
        critical_value(0.95, 3 - 1) * paired.standard_error
    )
    elsewhere = other.with_columns(cluster=pl.col("cluster") + " elsewhere")
    apart = of(comparison(one, elsewhere)).difference
    alone = [estimate(side).ent_ce.standard_error for side in (one, other)]
    degrees = sum(se**2 for se in alone) ** 2 / sum(se**4 / (3 - 1) for se in alone)
    assert apart.high - apart.value == pytest.approx(
        critical_value(0.95, degrees) * apart.standard_error
    )


def test_pairing_takes_out_what_texts_do_to_both() -> None:
    elsewhere = drawn(2).with_columns(pl.col("cluster") + " elsewhere")
    # A third is left: texts are uneven, and each side weighs them by lengths of its own.
    assert width(comparison(drawn(1), drawn(2))) < 0.5 * width(comparison(drawn(1), elsewhere))


def test_only_shared_texts_enter_a_paired_difference() -> None:
    more = pl.concat([drawn(2), summary(["other"], entropy=[50.0])])
    whole, part = comparison(drawn(1), more), comparison(drawn(1), drawn(2))
    assert (whole.clusters_second, whole.shared) == (13, 12)
    assert whole.differences == part.differences


def test_a_few_shared_texts_do_not_make_a_pair() -> None:
    far = [*TEXTS[:3], *(f"far {number}" for number in range(9))]
    found = comparison(drawn(1), drawn(2, texts=far))
    assert (found.shared, found.paired) == (3, False)


def test_each_side_shows_what_it_measured() -> None:
    found = comparison(drawn(1), drawn(2))
    for name in ("ent_ce", "drift", "static"):
        assert of(found, name).first == getattr(estimate(drawn(1)), name).value
        assert of(found, name).second == getattr(estimate(drawn(2)), name).value
    assert of(found, "log_loss").second == estimate(drawn(2)).log_loss
    assert [one.quantity for one in found.differences] == list(COMPARED)


def test_one_text_gives_a_value_without_an_interval() -> None:
    for other in ("a", "b"):
        found = comparison(summary(["a"], entropy=[2.0]), summary([other], entropy=[2.5]))
        interval = of(found).difference
        assert interval.value == pytest.approx(0.5)
        assert math.isnan(interval.standard_error)
        assert math.isnan(interval.low)


@given(st.integers(0, 50), st.integers(51, 99), st.booleans(), st.sampled_from(["", " elsewhere"]))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_the_other_way_round_is_the_opposite(
    seed: int, other_seed: int, common: bool, place: str
) -> None:
    one = drawn(seed, common=common)
    other = drawn(other_seed, common=common).with_columns(pl.col("cluster") + place)
    forward, back = comparison(one, other), comparison(other, one)
    for there, here in zip(forward.differences, back.differences, strict=True):
        assert (there.first, there.second) == (here.second, here.first)
        assert there.difference.value == -here.difference.value
        assert there.difference.low == pytest.approx(-here.difference.high, abs=1e-12)
        assert there.difference.standard_error == pytest.approx(here.difference.standard_error)


@given(st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    shuffled = drawn(2).sample(fraction=1.0, shuffle=True, seed=seed)
    assert comparison(drawn(1), shuffled) == comparison(drawn(1), drawn(2))
