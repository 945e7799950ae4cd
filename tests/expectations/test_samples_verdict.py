"""Samples: every rule holds of a good table, and names the defect that is planted in another."""

import math
from collections.abc import Callable

import polars as pl
import pytest

from calibration.conventions import AtEnd
from calibration.engine.decoding import Decoding
from expectations.suites import samples_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]
Judged = Callable[..., pl.DataFrame]


@pytest.fixture
def judged(samples: pl.DataFrame, replay: pl.DataFrame, examples: pl.DataFrame) -> Judged:
    """The verdict on samples of which nothing, or what is named, is other than it should be."""

    def verdict(
        samples: pl.DataFrame = samples,
        replay: pl.DataFrame = replay,
        examples: pl.DataFrame = examples,
        at_end: AtEnd = "continue",
    ) -> pl.DataFrame:
        # What is replayed are these samples, whatever was planted in them.
        replay = replay.select("cluster", "example", "^replayed_.*$").join(
            samples.select("example", "entropy", "log_prob").unique("example"), on="example"
        )
        return samples_verdict(
            samples,
            replay,
            examples,
            vocabulary=11,
            unit="tokens",
            at_end=at_end,
            end_ids=[10],
            precision="float32",
            decoding=Decoding(),
        )

    return verdict


def first_step(column: str, value: float | None) -> pl.Expr:
    rest = pl.col(column).list.slice(1)
    return pl.concat_list(pl.lit(value, dtype=pl.Float32), rest)


GATE = {"replay-finite", "replay-agrees", "first-step-agrees"} | {
    f"replay-{what}{close}" for what in ("mean", "covariance") for close in ("", "-close")
}


def test_good_samples_break_no_rule(judged: Judged, broken: Broken) -> None:
    assert broken(judged()) == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"tokens": pl.col("tokens").list.slice(1)}, {"one-value-a-step": 4}),
        ({"bytes": pl.lit(None)}, {"one-value-a-step": 4, "bytes-not-negative": 4}),
        ({"bytes": pl.col("bytes").list.eval(-pl.element())}, {"bytes-not-negative": 4}),
        ({"tokens": pl.col("tokens").list.eval(pl.element() + 11)}, {"token-in-vocabulary": 4}),
        ({"tokens": pl.col("tokens").list.eval(pl.element() * 0 - 1)}, {"token-in-vocabulary": 4}),
        ({"tokens": pl.col("tokens").list.eval(pl.element() * 0 + 10)}, {"no-end-token": 4}),
        ({"ended": pl.lit(value=True)}, {"never-ended": 4}),
        ({"ended": pl.lit(None)}, {"never-ended": 4}),
        ({"entropy": first_step("entropy", math.nan)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", None)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", math.inf)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", -0.01)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", 2.4)}, {"entropy-in-range": 4}),
        ({"log_prob": first_step("log_prob", math.nan)}, {"token-possible": 4}),
        ({"log_prob": first_step("log_prob", -math.inf)}, {"token-possible": 4}),
        ({"log_prob": first_step("log_prob", 0.01)}, {"token-possible": 4}),
        (
            {"end_probability": first_step("end_probability", math.nan)},
            {"end-probability-in-range": 4, "little-end-mass": 0},
        ),
        (
            {"end_probability": first_step("end_probability", 1.5)},
            {"end-probability-in-range": 4, "little-end-mass": 0},
        ),
    ],
)
def test_a_planted_defect_is_named_and_counted(
    samples: pl.DataFrame,
    judged: Judged,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: dict[str, int],
) -> None:
    found = broken(judged(spoiled(samples, **values)))
    assert named.items() <= found.items()
    # Values changed after sampling are caught a second time, by the replay; lengths by their rules.
    assert set(found) - set(named) <= GATE | {"fills-window"}


def test_three_offenders_are_shown_in_words(
    samples: pl.DataFrame, judged: Judged, spoiled: Spoiled
) -> None:
    row = (
        judged(spoiled(samples, entropy=first_step("entropy", math.nan)))
        .filter(rule="entropy-in-range")
        .to_dicts()[0]
    )
    assert row["observed"] == "4 of 80 rows"
    assert row["examples"] == [
        f"example {n} of speech {n}: entropy NaN at step 1" for n in (5, 6, 7)
    ]


def test_a_text_of_another_length_than_its_reference_is_named(
    samples: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    lists = ("tokens", "entropy", "log_prob", "end_probability", "bytes")
    shorter = samples.with_columns(
        pl.when(pl.col("example") >= 70)
        .then(pl.col(name).list.slice(1))
        .otherwise(pl.col(name))
        .alias(name)
        for name in lists
    )
    assert broken(judged(shorter)) == {"fills-window": 10}
    longer = samples.with_columns(
        pl.when(pl.col("example") >= 70)
        .then(pl.concat_list(pl.col(name), pl.col(name).list.first()))
        .otherwise(pl.col(name))
        .alias(name)
        for name in lists
    )
    assert broken(judged(longer)) == {"stops-at-window": 10}


def test_missing_added_and_repeated_examples_are_told_apart(
    samples: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    assert broken(judged(samples.head(70))) == {"no-example-missing": 10}
    added = samples.tail(3).with_columns(pl.col("example") + 100)
    assert broken(judged(pl.concat([samples, added]))) == {"no-example-added": 3}
    repeated = pl.concat([samples, samples.tail(3)])
    assert broken(judged(repeated)) == {"one-row-an-example": 6}


def test_a_row_under_another_cluster_is_named(
    samples: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    moved = judged(spoiled(samples, cluster=pl.lit("elsewhere")))
    assert broken(moved) == {"clusters-agree": 4}
    assert moved.filter(rule="clusters-agree")["examples"].to_list()[0][0] == (
        "example 5 of elsewhere, by the examples of speech 5"
    )


def test_no_samples_at_all_fail(samples: pl.DataFrame, judged: Judged) -> None:
    failed = judged(samples.clear()).filter(~pl.col("passed"), severity="fail")
    assert {"some-samples", "no-example-missing"} <= set(failed["rule"])


def ended_after(steps: int, samples: pl.DataFrame) -> pl.DataFrame:
    """The samples with examples from 70 on ended by the end token, with 0 bytes, at that step."""
    late = pl.col("example") >= 70
    kept = {name: pl.col(name).list.head(steps) for name in ("entropy", "end_probability")}
    last = {
        "tokens": pl.lit(10, dtype=pl.Int32),
        "bytes": pl.lit(0, dtype=pl.Int32),
        "log_prob": pl.lit(math.log(0.001), dtype=pl.Float32),
    }
    kept |= {
        name: pl.concat_list(pl.col(name).list.head(steps - 1), end) for name, end in last.items()
    }
    kept["ended"] = pl.lit(value=True)
    return samples.with_columns(
        pl.when(late).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in kept.items()
    )


def test_under_stop_an_end_token_ends_a_text(
    samples: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    assert broken(judged(ended_after(2, samples), at_end="stop")) == {}


def test_under_stop_a_short_text_that_has_not_ended_is_named(
    samples: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    silent = ended_after(2, samples).with_columns(ended=pl.lit(value=False))
    assert broken(judged(silent, at_end="stop")) == {
        "ended-by-end-token": 10,
        "fills-window": 10,
    }


def test_under_stop_nothing_follows_the_end(
    samples: pl.DataFrame, judged: Judged, spoiled: Spoiled, broken: Broken
) -> None:
    last = pl.lit(3, dtype=pl.Int32)
    beyond = pl.concat_list(
        pl.col("tokens").list.head(pl.col("tokens").list.len() - 2),
        pl.lit(10, dtype=pl.Int32),
        last,
    )
    assert broken(judged(spoiled(samples, tokens=beyond), at_end="stop")) == {
        "nothing-after-the-end": 4
    }


def test_under_stop_the_end_token_has_no_bytes(
    samples: pl.DataFrame, judged: Judged, broken: Broken
) -> None:
    weighty = ended_after(2, samples).with_columns(
        bytes=pl.col("tokens").list.eval(pl.element() + 1)
    )
    assert broken(judged(weighty, at_end="stop")) == {"end-has-no-bytes": 10}


def test_texts_that_want_to_end_warn(samples: pl.DataFrame, judged: Judged, broken: Broken) -> None:
    wanting = samples.with_columns(
        end_probability=pl.col("end_probability").list.eval(pl.element() * 20)
    )
    assert broken(judged(wanting)) == {"little-end-mass": 0}
