"""Summaries: every rule holds of good tables, and names the defect that is planted in others."""

import math
import re
from collections.abc import Callable

import polars as pl
import pytest
from worlds import PURE, SPELLED, judged_summary, world

from calibration.engine.decoding import Decoding
from calibration.recipes import Precision
from expectations.suites import summary_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]


def verdict(
    sums: pl.DataFrame, positions: pl.DataFrame, precision: Precision = "float32"
) -> pl.DataFrame:
    """The verdict on these two, beside the other tables of the same measurement."""
    tables = world("tokens", "continue").summary
    beside = {name: tables[name] for name in ("texts", "spread", "gate", "readings")}
    return summary_verdict(
        sums,
        positions,
        **beside,
        unit="tokens",
        at_end="continue",
        precision=precision,
        vocabulary=len(SPELLED),
        decoding=Decoding(),
    )


# Other sums no longer fit those over positions, the means of texts, or what bounds them.
BESIDE = re.compile(
    r"texts?-.*|.*-adds-up|.*-within-(horizon|log-v)|one-token-a-step-.*|all-inside"
)


def last_sum(column: str, value: float | None) -> pl.Expr:
    head = pl.col(column).list.head(pl.col(column).list.len() - 1)
    return pl.concat_list(head, pl.lit(value, dtype=pl.Float64))


def test_good_summaries_break_no_rule(
    sums: pl.DataFrame, positions: pl.DataFrame, broken: Broken
) -> None:
    assert broken(verdict(sums, positions)) == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"entropy": last_sum("entropy", 0.5)}, {"entropy-never-falls"}),
        ({"entropy": last_sum("entropy", math.nan)}, {"entropy-summed", "entropy-never-falls"}),
        ({"log_loss": last_sum("log_loss", math.inf)}, {"log-loss-summed", "log-loss-never-falls"}),
        ({"log_loss": last_sum("log_loss", None)}, {"log-loss-summed", "log-loss-never-falls"}),
        (
            {"teacher_entropy": pl.col("teacher_entropy").list.slice(1)},
            {"teacher-entropy-summed"},
        ),
        (
            {"entropy": last_sum("entropy", 13 * math.log(len(SPELLED)))},
            {"entropy-within-log-v"},
        ),
        ({"steps_human": last_sum("steps_human", 13)}, {"steps-human-within-horizon"}),
        (
            {"steps_generated": pl.col("steps_generated").list.eval(pl.element() - 1)},
            {"steps-generated-within-horizon", "one-token-a-step-generated"},
        ),
        ({"tokens_human": last_sum("tokens_human", 13)}, {"one-token-a-step-human"}),
        (
            {"tokens_generated": pl.col("tokens_generated").list.eval(pl.element() - 1)},
            {"first-step-generated-is-of-a-token", "one-token-a-step-generated"},
        ),
        ({"tokens_human": pl.col("tokens_human").list.slice(1)}, {"tokens-human-summed"}),
        ({"bytes_human": last_sum("bytes_human", 1.0)}, {"bytes-human-never-falls"}),
        ({"inside": last_sum("inside", 13)}, {"all-inside"}),
        ({"inside": pl.col("inside").list.slice(1)}, {"inside-summed"}),
        ({"ended": last_sum("ended", 1.0)}, {"never-ended"}),
        ({"horizons": pl.col("horizons").list.reverse()}, {"same-horizons", "horizons-increase"}),
        ({"example": pl.lit(5)}, {"one-row-an-example"}),
        ({"cluster": pl.lit(None)}, {"cluster-named"}),
    ],
)
def test_a_defect_planted_in_the_sums_is_named_and_counted(
    sums: pl.DataFrame,
    positions: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: set[str],
) -> None:
    judged = verdict(spoiled(sums, **values), positions)
    found = broken(judged)
    assert dict.fromkeys(named, 4).items() <= found.items()
    assert all(BESIDE.fullmatch(name) for name in set(found) - named)
    shown = judged.filter(pl.col("rule").is_in(list(named)))["examples"]
    assert shown.list.len().to_list() == [3] * len(named)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"position": pl.col("position") + 1}, {"positions-contiguous"}),
        ({"entropy_entropy": pl.lit(math.nan)}, {"positions-finite"}),
        ({"count_generated_count_human": pl.lit(None)}, {"positions-finite"}),
        ({"end_probability": pl.lit(math.inf)}, {"positions-finite"}),
        ({"count_generated": pl.lit(0), "count_human": pl.lit(0)}, {"counts-positive"}),
        ({"count_generated": pl.lit(-1)}, {"counts-positive"}),
        ({"clusters": pl.lit(0)}, {"clusters-within-counts"}),
        ({"clusters": pl.lit(1000)}, {"clusters-within-counts"}),
        ({"ended": pl.lit(81.0)}, {"ended-within-counts"}),
        ({"log_loss_log_loss": pl.lit(-1.0)}, {"sums-not-negative"}),
        ({"entropy_log_loss": pl.lit(1e9)}, {"products-within-squares"}),
    ],
)
def test_a_defect_planted_in_the_positions_is_named_and_counted(
    sums: pl.DataFrame,
    positions: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: set[str],
) -> None:
    found = broken(verdict(sums, spoiled(positions, **values)))
    assert dict.fromkeys(named, 4).items() <= found.items()
    # What is not a number, or counts nobody, is outside the bounds of other rules too.
    assert set(found) - named <= {
        "sums-not-negative",
        "products-within-squares",
        "counts-never-rise",
        "clusters-within-counts",
        "ended-within-counts",
        "equal-weights",
        *(f"{name}-adds-up" for name in ("ended", "count-generated", "count-human")),
    }


def test_a_position_is_shown_with_what_is_not_finite(
    sums: pl.DataFrame, positions: pl.DataFrame, spoiled: Spoiled
) -> None:
    lacking = spoiled(positions, ended=pl.lit(math.nan), clusters=pl.lit(None))
    shown = verdict(sums, lacking).filter(rule="positions-finite")["examples"].item()
    assert shown.to_list() == [f"position {n}: clusters, ended" for n in (6, 7, 8)]


@pytest.mark.parametrize(("precision", "step"), [("float32", 0.01), ("bfloat16", 1.0)])
def test_drift_at_the_first_step_is_refused(
    sums: pl.DataFrame, positions: pl.DataFrame, broken: Broken, precision: Precision, step: float
) -> None:
    """80 examples: a sum that is off by .01 or 1 is a drift of 1.25e-4 or 1.25e-2."""
    first = pl.col("position") == 1
    off = positions.with_columns(pl.col("entropy") + step * first)
    assert "no-drift-at-first-step" in broken(verdict(sums, off, precision))
    half = positions.with_columns(pl.col("entropy") + 0.5 * step * first)
    assert "no-drift-at-first-step" not in broken(verdict(sums, half, precision))


def test_an_example_summed_only_once_is_named(
    sums: pl.DataFrame, positions: pl.DataFrame, broken: Broken
) -> None:
    assert broken(verdict(sums.head(79), positions)) == {
        "all-start": 1,
        "entropy-adds-up": 0,
        "log-loss-adds-up": 0,
        "teacher-entropy-adds-up": 0,
        "count-generated-adds-up": 0,
        "count-human-adds-up": 0,
        "texts-no-example-added": 1,
    }


def test_counts_that_rise_are_named(
    sums: pl.DataFrame, positions: pl.DataFrame, broken: Broken
) -> None:
    last = pl.col("position") == pl.len()
    more = positions.with_columns(pl.col("count_human") + 80 * last)
    assert broken(verdict(sums, more)) == {
        "counts-never-rise": 1,
        "equal-weights": 1,
        "count-human-adds-up": 0,
    }


def test_no_summary_at_all_fails(sums: pl.DataFrame, positions: pl.DataFrame) -> None:
    failed = verdict(sums.clear(), positions.clear()).filter(~pl.col("passed"), severity="fail")
    assert {"some-examples", "some-positions", "no-drift-at-first-step"} <= set(failed["rule"])


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"log_loss": last_sum("log_loss", 60.0)}, "infinite-once-outside"),
        ({"log_loss": last_sum("log_loss", math.nan)}, "infinite-once-outside"),
        ({"log_loss": pl.lit([math.inf] * 12)}, "infinite-once-outside"),
        ({"inside": pl.col("tokens_human")}, "infinite-once-outside"),
        ({"inside": last_sum("inside", 13)}, "inside-are-tokens"),
    ],
)
def test_the_sums_of_a_pure_sampler_are_infinite_once_a_token_is_outside(
    broken: Broken, values: dict[str, pl.Expr], named: str
) -> None:
    found = world("tokens", "continue", decoding=PURE)
    sums = found.summary["examples"]
    assert 0 < sums["log_loss"].list.last().is_infinite().sum() < len(sums)
    assert broken(judged_summary(found)) == {}
    spoiled = sums.with_columns(
        value.cast(sums.schema[name]).alias(name) for name, value in values.items()
    )
    assert broken(judged_summary(found, examples=spoiled))[named] > 0
