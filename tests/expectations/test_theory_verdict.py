"""The theory beside a study's texts: true tables pass, and each planted fault is named."""

import math
from collections.abc import Callable

import polars as pl
import pytest
from made_up_theory import DATASETS, made_up_theory

from calibration.theory import theory_tables
from expectations.suites import theory_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
NOT_KNOWN = pl.lit(None)


def judged(**changed: pl.DataFrame) -> pl.DataFrame:
    return theory_verdict(**(made_up_theory()._asdict() | changed), datasets=DATASETS)


def planted(name: str, **values: pl.Expr) -> pl.DataFrame:
    """A table of the theory with other values in its rows 2 and 3."""
    table: pl.DataFrame = getattr(made_up_theory(), name)
    chosen = pl.int_range(pl.len()).is_between(2, 3)
    return table.with_columns(
        pl.when(chosen)
        .then(value)
        .otherwise(pl.col(column))
        .cast(table.schema[column])
        .alias(column)
        for column, value in values.items()
    )


def test_what_is_true_of_texts_breaks_no_rule(broken: Broken) -> None:
    assert broken(judged()) == {}


def test_texts_too_short_to_be_counted_are_a_warning_and_no_failure(broken: Broken) -> None:
    verdict = theory_verdict(**theory_tables([], seed=0)._asdict(), datasets=["letters"])
    assert broken(verdict) == {"every-data-set-counted": 1}
    [rule] = verdict.filter(~pl.col("passed")).rows(named=True)
    assert (rule["severity"], rule["examples"]) == ("warn", ["letters"])


@pytest.mark.parametrize("name", ["theory", "ranks", "singletons"])
def test_a_table_that_lacks_a_text_is_named(name: str, broken: Broken) -> None:
    words = (pl.col("unit") == "words") & (pl.col("dataset") == DATASETS[0])
    table: pl.DataFrame = getattr(made_up_theory(), name)
    verdict = judged(**{name: table.filter(~words)})
    assert broken(verdict) == {"every-table-has-every-text": 1}
    [shown] = verdict.filter(~pl.col("passed"))["examples"].to_list()
    assert list(shown) == [f"words of nothing on {DATASETS[0]}"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"estimator": pl.lit("split half")}, {"estimated-once": 2}),
        ({"tokens": pl.lit(0)}, {"amounts-of-text-positive": 2}),
        ({"documents": pl.lit(0)}, {"amounts-of-text-positive": 2}),
        ({"types": pl.col("tokens") + 1}, {"amounts-of-text-positive": 2}),
        ({"low": pl.col("alpha") + 0.01}, {"alpha-within-interval": 2}),
        ({"high": pl.col("alpha") - 0.01}, {"alpha-within-interval": 2}),
        ({"high": NOT_KNOWN}, {"alpha-within-interval": 2}),
        ({"alpha": NOT_KNOWN}, {"alpha-within-interval": 2}),
        ({"alpha": pl.lit(math.inf)}, {"alpha-within-interval": 2}),
        ({"alpha": pl.lit(math.nan)}, {"alpha-within-interval": 2}),
        ({"predicted": pl.lit(0.01)}, {"predicted-not-positive": 2}),
        ({"predicted_finite": pl.lit(0.01)}, {"predicted-finite-not-positive": 2}),
        ({"local_exponent": pl.lit(math.nan)}, {"local-exponent-not-positive": 2}),
        ({"singleton_mass": NOT_KNOWN}, {"singleton-mass-is-a-share": 2}),
        ({"karlin": pl.lit(1.1)}, {"karlin-is-a-share": 2}),
        ({"derailed_share": pl.lit(-0.1)}, {"derailed-share-is-a-share": 2}),
        ({"passed_on": pl.lit(1.1)}, {"passed-on-is-a-share": 2}),
    ],
)
def test_faults_in_the_theory_are_named(
    values: dict[str, pl.Expr], named: dict[str, int], broken: Broken
) -> None:
    assert broken(judged(theory=planted("theory", **values))) == named


@pytest.mark.parametrize("unknown", [("alpha", "low", "high"), ("low", "high")])
def test_what_was_not_estimated_breaks_no_rule(unknown: tuple[str, ...], broken: Broken) -> None:
    assert broken(judged(theory=planted("theory", **dict.fromkeys(unknown, NOT_KNOWN)))) == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"rank": pl.lit(0.5)}, {"rank-at-least-one": 2}),
        ({"frequency": pl.lit(0.0)}, {"frequency-is-a-share": 2}),
        ({"frequency": pl.lit(1.1)}, {"frequency-is-a-share": 2}),
    ],
)
def test_faults_in_the_ranks_are_named(
    values: dict[str, pl.Expr], named: dict[str, int], broken: Broken
) -> None:
    assert broken(judged(ranks=planted("ranks", **values))) == named


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"tokens": pl.lit(1)}, {"lengths-grow": 2}),
        ({"singleton_mass": pl.lit(1.1)}, {"singleton-mass-falls-with-length": 2}),
        ({"predicted_mass": pl.lit(-0.1)}, {"predicted-mass-falls-with-length": 3}),
        # A longer text than those two has the larger mass.
        ({"singleton_mass": pl.lit(1e-6)}, {"singleton-mass-falls-with-length": 1}),
    ],
)
def test_faults_in_the_masses_are_named(
    values: dict[str, pl.Expr], named: dict[str, int], broken: Broken
) -> None:
    assert broken(judged(singletons=planted("singletons", **values))) == named
