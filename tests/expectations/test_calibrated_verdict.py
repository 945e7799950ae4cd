"""The rules of fitted decodings beside temperatures: what passes, and what each catches."""

import polars as pl
import pytest
from made_up_calibrated import calibrated_study

from expectations.against_temperatures import calibrated_rules
from expectations.judge import judge
from expectations.rules import Case

TABLE = calibrated_study().tables.calibrated

BROKEN = {
    "fitted-decoding-once": TABLE.vstack(TABLE.head(1)),
    "difference-needs-temperatures": TABLE.with_columns(temperatures=pl.lit(2, pl.Int64)),
    "difference-has-path-error": TABLE.with_columns(path_error=pl.lit(None, pl.Float64)),
    "calibrated-difference-within-interval": TABLE.with_columns(difference=pl.lit(0.5)),
    "calibrated-log-loss-within-interval": TABLE.with_columns(log_loss=pl.lit(99.0)),
}


def broken_rules(table: pl.DataFrame) -> set[str]:
    verdict = judge([Case(table, calibrated_rules())])
    return set(verdict.filter(~pl.col("passed"))["rule"])


def test_what_was_measured_passes() -> None:
    assert broken_rules(TABLE) == set()


def test_what_is_not_known_passes() -> None:
    ends = ("difference", "difference_se", "difference_low", "difference_high", "path_error")
    unknown = TABLE.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in ends),
        pl.lit(None, pl.Boolean).alias("inside"),
        pl.lit(0, pl.Int64).alias("temperatures"),
    )
    assert broken_rules(unknown) == set()


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_catches_what_it_is_for(rule: str) -> None:
    assert rule in broken_rules(BROKEN[rule])
