"""The gate: a replay that agrees passes, and each planted disagreement is named by its rule."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from calibration.engine.decoding import Decoding
from calibration.recipes import Precision
from expectations.suites import samples_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]
Judged = Callable[..., pl.DataFrame]
NATS = pl.Float32


@pytest.fixture
def judged(samples: pl.DataFrame, examples: pl.DataFrame) -> Judged:
    def verdict(replay: pl.DataFrame, precision: Precision = "float32") -> pl.DataFrame:
        return samples_verdict(
            samples,
            replay,
            examples,
            vocabulary=11,
            unit="tokens",
            at_end="continue",
            end_ids=[10],
            precision=precision,
            decoding=Decoding(),
        )

    return verdict


def moved(replay: pl.DataFrame, column: str, by: float) -> pl.DataFrame:
    return replay.with_columns(pl.col(column).list.eval((pl.element() + by).cast(NATS)))


def observed(verdict: pl.DataFrame, rule: str) -> str:
    return str(verdict.filter(rule=rule)["observed"].item())


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_equal_values_pass_where_something_is_measured(
    replay: pl.DataFrame, judged: Judged, broken: Broken, precision: Precision
) -> None:
    assert broken(judged(replay, precision)) == {}


def test_the_smallest_detectable_bias_is_stated(replay: pl.DataFrame, judged: Judged) -> None:
    told = observed(judged(replay), "replay-mean")
    assert "a mean bias of" in told
    assert "nats would be refused" in told


def test_one_token_beyond_the_tolerance_of_32_bits_is_named(
    replay: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    last = pl.col("replayed_log_prob").list.last() - 0.001
    head = pl.col("replayed_log_prob").list.head(pl.col("replayed_log_prob").list.len() - 1)
    off = judged(spoiled(replay, replayed_log_prob=pl.concat_list(head, last.cast(NATS))))
    assert broken(off) == {"replay-agrees": 4}
    shown = off.filter(rule="replay-agrees")["examples"].item().to_list()
    assert len(shown) == 3
    assert shown[0].startswith("example 5 of speech 5: up to 0.0 nats in entropy, 0.00")


def test_another_prefix_at_the_first_step_is_named(
    replay: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    first = (pl.col("replayed_entropy").list.first() + 0.01).cast(NATS)
    other = pl.concat_list(first, pl.col("replayed_entropy").list.slice(1))
    assert broken(judged(spoiled(replay, replayed_entropy=other))) == {
        "replay-agrees": 4,
        "first-step-agrees": 0,
    }


def test_in_16_bits_single_tokens_may_differ_but_not_their_mean(
    replay: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    generator = np.random.default_rng(5)
    rounded = replay.with_columns(
        pl.Series(
            "replayed_entropy",
            [
                [value + sign * 0.0005 for value, sign in zip(row, signs, strict=True)]
                for row in replay["entropy"].to_list()
                for signs in [generator.permutation([(-1) ** step for step in range(len(row))])]
            ],
            dtype=pl.List(NATS),
        )
    )
    assert broken(judged(rounded, "bfloat16")) == {}
    assert "replay-agrees" in broken(judged(rounded, "float32"))
    shifted = moved(replay, "replayed_entropy", 0.02)
    assert broken(judged(shifted, "bfloat16")) == {"replay-agrees": 0}


def test_surprise_that_is_not_entropy_in_the_mean_is_refused(
    replay: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    named = broken(judged(moved(replay, "replayed_log_prob", -2.0), "bfloat16"))
    assert {"replay-mean", "replay-mean-close", "replay-agrees"} <= set(named)


def test_surprise_that_varies_with_entropy_is_refused(
    replay: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    varying = replay.with_columns(
        replayed_log_prob=(pl.col("replayed_entropy") * -4.0 + 4.0).cast(pl.List(NATS))
    )
    named = broken(judged(varying, "bfloat16"))
    assert {"replay-covariance", "replay-covariance-close"} <= set(named)


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_replayed_value_that_is_no_number_never_passes(
    replay: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken, value: float | None
) -> None:
    tail = pl.col("replayed_entropy").list.slice(1)
    none = spoiled(replay, replayed_entropy=pl.concat_list(pl.lit(value, dtype=NATS), tail))
    named = broken(judged(none))
    assert named["replay-finite"] == 4
    assert {"replay-agrees", "first-step-agrees", "replay-mean", "replay-covariance"} <= set(named)


def test_too_few_replayed_texts_are_refused(
    replay: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    assert broken(judged(replay.head(63))) == {"enough-replayed": 0}
    repeated = pl.concat([replay.head(63), replay.tail(1), replay.head(1)])
    assert broken(judged(repeated)) == {"replayed-once": 2}


def test_a_replay_of_other_samples_is_named(
    replay: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    other = pl.col("entropy").list.eval(pl.element() * 0.999999)
    assert broken(judged(spoiled(replay, entropy=other))) == {"replayed-as-sampled": 4}


def test_without_comparable_values_the_gate_does_not_pass(
    replay: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    ragged = judged(spoiled(replay, replayed_entropy=pl.col("replayed_entropy").list.slice(1)))
    assert broken(ragged)["one-replayed-value-a-step"] == 4
    assert observed(ragged, "replay-mean") == "no value"
    assert "replay-mean" in broken(ragged)
    nothing = broken(judged(replay.clear()))
    assert {"enough-replayed", "replay-mean", "replay-agrees"} <= set(nothing)
