"""What stands beside a law: each planted fault is named by its rule, and good tables break none."""

from collections.abc import Callable
from functools import cache

import polars as pl
import pytest
from made_up_study import Study, made_up_study, study_of

from calibration.tables import SERIES_LABELS
from expectations.judge import judge
from expectations.laws import (
    horizon_rules,
    leave_one_out_rules,
    overall_rules,
    point_rules,
    stated_rules,
    tuning_rules,
)
from expectations.rules import Case, Rule

Broken = Callable[[pl.DataFrame], dict[str, int]]
RULES: dict[str, Callable[[], tuple[Rule, ...]]] = {
    "fits": stated_rules,
    "points": point_rules,
    "leave_one_out": leave_one_out_rules,
    "horizons": horizon_rules,
    "overall": overall_rules,
    "tuning": tuning_rules,
}


@cache
def two_families() -> Study:
    sizes = {"s": 10**6, "m": 10**7, "l": 10**8, "xl": 10**9}
    return study_of(
        {"a": sizes, "bb": sizes},
        datasets=("d",),
        decodings=("plain",),
        steps=64,
        tuned=("bb",),
    )


def judged(name: str, table: pl.DataFrame) -> pl.DataFrame:
    return judge([Case(table, RULES[name]())])


@pytest.mark.parametrize("name", RULES)
def test_made_up_tables_break_no_rule(name: str, broken: Broken) -> None:
    assert broken(judged(name, getattr(two_families().tables, name))) == {}
    assert broken(judged(name, getattr(made_up_study().tables, name))) == {}


@pytest.mark.parametrize(
    ("name", "values", "rule"),
    [
        ("fits", {"pooled_high": pl.lit(-0.9)}, "pooled-exponent-within-interval"),
        ("fits", {"pooled_exponent": pl.lit(None)}, "pooled-exponent-within-interval"),
        ("fits", {"scatter_low": pl.lit(0.2)}, "scatter-within-interval"),
        ("fits", {"scatter_low": pl.lit(-0.1)}, "scatter-within-interval"),
        ("fits", {"i_squared": pl.lit(1.5)}, "i-squared-is-a-share"),
        ("fits", {"p_heterogeneity": pl.lit(float("nan"))}, "p-heterogeneity-is-a-share"),
        ("fits", {"p_holm": pl.lit(0.001)}, "adjusted-p-not-smaller"),
        ("fits", {"heterogeneity": pl.lit(-1.0)}, "heterogeneity-not-negative"),
        ("fits", {"effective_clusters": pl.lit(50.0)}, "effective-clusters-no-more"),
        ("fits", {"halving": pl.lit(0.5)}, "halving-above-one"),
        ("points", {"value": pl.col("high") + 1}, "point-within-interval"),
        ("points", {"covariance": pl.lit([0.1])}, "covariance-with-every-model"),
        ("points", {"model": pl.lit("one")}, "one-point-a-model"),
        ("leave_one_out", {"flagged": pl.lit(None)}, "flag-has-a-shift"),
        ("leave_one_out", {"low": pl.lit(None)}, "left-out-within-interval"),
        ("leave_one_out", {"left_out": pl.lit("one")}, "left-out-once"),
        ("leave_one_out", {"models": pl.lit(2)}, "models-left"),
        ("horizons", {"steps": pl.lit(7)}, "length-once"),
        ("horizons", {"high": pl.lit(-0.9)}, "length-within-interval"),
        ("horizons", {"identified": pl.lit(value=False)}, "length-identified"),
        ("overall", {"low": pl.lit(0.9)}, "overall-within-interval"),
        ("overall", {"families": pl.lit(1)}, "enough-families"),
        ("overall", {"tokenizers_differ": pl.lit(value=True)}, "enough-families"),
        ("tuning", {"chat": pl.lit("s chat"), "base": pl.lit("s")}, "pair-once"),
        ("tuning", {"of_chat": pl.col("of_chat") + 0.001}, "difference-is-chat-less-base"),
        ("tuning", {"low": pl.col("high") + 1}, "difference-within-interval"),
    ],
)
def test_a_planted_fault_is_named_with_its_law(
    name: str, values: dict[str, pl.Expr], rule: str, broken: Broken
) -> None:
    table = getattr(two_families().tables, name)
    spoiled = table.with_columns(
        value.cast(table.schema[column]).alias(column) for column, value in values.items()
    )
    verdict = judged(name, spoiled)
    assert broken(verdict).keys() == {rule}
    [shown] = verdict.filter(rule=rule)["examples"].to_list()
    named = "ent_ce of s chat less s on d" if name == "tuning" else "ent_ce of a on d"
    assert named in shown[0] if set(SERIES_LABELS) <= set(table.columns) else shown[0]
