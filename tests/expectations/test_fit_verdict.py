"""Fits: every rule holds of good tables, and names the defect that is planted in others."""

import math
from collections.abc import Callable

import polars as pl
import pytest
from worlds import fitted

from expectations.suites import fit_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]


def verdict(ent_ce: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """The verdict on these two, beside other tables that have every model and are in order."""
    labels = ent_ce.select("model", "dataset", "decoding").unique()
    measured = fitted("tokens", "continue")
    one = {
        name: table.filter(model="chain-1") for name, table in measured.items() if "model" in table
    }
    beside = {
        name: labels.join(one[name].drop(labels.columns), how="cross").select(one[name].columns)
        for name in ("curves", "spread", "gate")
    }
    of_laws = ("bands", "points", "leave_one_out", "horizons", "seen")
    return fit_verdict(ent_ce, fits, **{name: measured[name].clear() for name in of_laws}, **beside)


def test_good_fits_break_no_rule(ent_ce: pl.DataFrame, fits: pl.DataFrame, broken: Broken) -> None:
    assert broken(verdict(ent_ce, fits)) == {}


def test_a_series_without_a_fit_breaks_no_rule(
    ent_ce: pl.DataFrame, fits: pl.DataFrame, broken: Broken
) -> None:
    assert broken(verdict(ent_ce, fits.clear())) == {}


def test_several_series_side_by_side_break_no_rule(
    ent_ce: pl.DataFrame, fits: pl.DataFrame, broken: Broken
) -> None:
    both = [
        pl.concat([table, table.with_columns(dataset=pl.lit("mine"))]) for table in (ent_ce, fits)
    ]
    assert broken(verdict(*both)) == {}


def test_an_interval_that_is_not_known_breaks_no_rule(
    ent_ce: pl.DataFrame, fits: pl.DataFrame, broken: Broken
) -> None:
    ends = ["ent_ce_se", "ent_ce_low", "ent_ce_high"]
    assert broken(verdict(ent_ce.with_columns(pl.lit(None).alias(end) for end in ends), fits)) == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"drift": pl.col("drift") + 1e-8}, {"ent-ce-adds-up", "drift-is-a-difference"}),
        ({"static": pl.lit(None)}, {"ent-ce-adds-up", "static-is-a-difference"}),
        (
            {"ent_ce": pl.lit(math.nan)},
            {"ent-ce-adds-up", "ent-ce-is-a-difference", "ent-ce-within-interval"},
        ),
        ({"ent_ce_se": pl.lit(-0.1)}, {"ent-ce-within-interval"}),
        ({"ent_ce_se": pl.lit(math.nan)}, {"ent-ce-within-interval"}),
        ({"ent_ce_se": pl.lit(None)}, {"ent-ce-within-interval"}),
        ({"drift_low": pl.lit(0.4)}, {"drift-within-interval"}),
        ({"static_high": pl.lit(0.1)}, {"static-within-interval"}),
        ({"static_high": pl.lit(math.inf)}, {"static-within-interval"}),
        ({"model": pl.lit("m1")}, {"one-row-a-model"}),
        ({"parameters": pl.lit(0)}, {"parameters-counted", "parameters-agree"}),
        ({"non_embedding_parameters": pl.col("parameters") + 1}, {"parameters-agree"}),
        ({"examples": pl.lit(47)}, {"amounts-positive"}),
        ({"clusters": pl.lit(39)}, {"enough-clusters"}),
        ({"unit": pl.lit("words")}, {"unit-known"}),
        ({"at_end": pl.lit(None)}, {"end-policy-known"}),
        ({"chat": pl.lit(None)}, {"chat-models-apart"}),
        ({"distilled": pl.lit(None)}, {"chat-models-apart"}),
        ({"chat": pl.col("parameters") == pl.col("parameters").max()}, {"chat-models-apart"}),
        ({"training_tokens": pl.lit(0)}, {"training-counted"}),
        ({"tokens": pl.lit(79)}, {"amounts-positive"}),
        (
            {"unit": pl.lit("bytes"), "ent_ce_per_byte": pl.col("ent_ce") + 1e-8},
            {"per-byte-in-bytes"},
        ),
        ({"looping_share": pl.lit(-0.1)}, {"looping-share-is-a-share"}),
        ({"derailed_share": pl.lit(1.1)}, {"derailed-share-is-a-share"}),
        ({"distinct_4_human": pl.lit(0.0)}, {"distinct-are-shares"}),
        ({"distinct_1_generated": pl.lit(math.nan)}, {"distinct-are-shares"}),
        ({"end_probability": pl.lit(1.1)}, {"end-probability-in-range"}),
        ({"end_probability": pl.lit(math.nan)}, {"end-probability-in-range"}),
        ({"coverage": pl.lit(1.5)}, {"coverage-is-a-share", "plain-covers-all"}),
        ({"coverage": pl.lit(0.9)}, {"plain-covers-all"}),
        ({"mixture": pl.lit(0.1)}, {"mixture-beside-truncation"}),
        ({"truncation": pl.lit("top-k 40")}, {"mixture-beside-truncation"}),
        (
            {"log_loss": pl.lit(math.inf)},
            {
                "log-loss-in-range",
                "ent-ce-is-a-difference",
                "static-is-a-difference",
            },
        ),
        (
            {
                "truncation": pl.lit("top-k 40"),
                "mixture": pl.lit(0.0),
                "coverage": pl.lit(0.9),
            },
            {"log-loss-in-range", "no-ent-ce-without-loss"},
        ),
        (
            {
                "truncation": pl.lit("top-k 40"),
                "mixture": pl.lit(0.1),
                "coverage": pl.lit(0.9),
                "log_loss": pl.lit(math.inf),
            },
            {"log-loss-in-range", "ent-ce-is-a-difference", "static-is-a-difference"},
        ),
        ({"ended_share": pl.lit(math.nan)}, {"ended-share-is-a-share"}),
    ],
)
def test_a_defect_planted_in_the_measurements_is_named_and_counted(
    ent_ce: pl.DataFrame,
    fits: pl.DataFrame,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: set[str],
) -> None:
    spoiled = ent_ce.with_columns(
        value.cast(ent_ce.schema[name]).alias(name) for name, value in values.items()
    )
    judged = verdict(spoiled, fits)
    found = broken(judged)
    assert dict.fromkeys(named, 3).items() <= found.items()
    assert set(found) - named <= {"static-within-interval", "drift-within-interval"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"identified": pl.lit(value=False)}, {"exponent-identified"}),
        ({"identified": pl.lit(None)}, {"exponent-identified"}),
        ({"exponent": pl.lit(0.2)}, {"exponent-within-interval"}),
        ({"exponent": pl.lit(math.nan)}, {"exponent-within-interval"}),
        ({"low": pl.lit(None)}, {"exponent-within-interval"}),
        ({"models": pl.lit(2)}, {"enough-models"}),
        ({"models": pl.lit(4)}, {"models-measured"}),
        ({"family": pl.lit("other")}, {"models-measured"}),
        ({"quantity": pl.lit("entropy")}, {"quantity-known"}),
        ({"scatter": pl.lit(-0.1)}, {"scatter-not-negative"}),
        ({"p_zero": pl.lit(1.1)}, {"p-value-in-range"}),
        ({"p_zero": pl.lit(math.nan)}, {"p-value-in-range"}),
        ({"measurement_low": pl.lit(0.1)}, {"measurement-interval-ordered"}),
    ],
)
def test_a_defect_planted_in_a_fit_is_named_and_counted(
    ent_ce: pl.DataFrame,
    fits: pl.DataFrame,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: set[str],
) -> None:
    spoiled = fits.head(1).with_columns(
        value.cast(fits.schema[name]).alias(name) for name, value in values.items()
    )
    judged = verdict(ent_ce, spoiled)
    assert broken(judged) == dict.fromkeys(named, 1)
    [shown] = judged.filter(~pl.col("passed"))["examples"].to_list()
    assert shown[0].startswith(("ent_ce of", "entropy of"))


def test_a_quantity_fitted_twice_is_named(
    ent_ce: pl.DataFrame, fits: pl.DataFrame, broken: Broken
) -> None:
    twice = pl.concat([fits, fits.head(1)])
    assert broken(verdict(ent_ce, twice)) == {"one-fit-a-quantity": 2}
