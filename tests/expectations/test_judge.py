"""Verdicts in general: bounds are inclusive, evidence is needed, failures are a sentence."""

import json
import math
import threading
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.record_tables import VERDICT
from expectations.judge import failure_sentence, judge
from expectations.rules import Case, Rule, every_row, in_words, within
from expectations.suites import VERSIONS
from expectations.validation import expectation_suite, held

NUMBERED = in_words("number {}", pl.col("number"))


def rule(name: str, low: float | None, high: float | None) -> Rule:
    return Rule(name, "the number is right", pl.col(name).first(), low=low, high=high)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("low", "high"), [(None, 5.0), (-5.0, None), (-5.0, 5.0)])
def test_what_is_not_a_finite_number_is_within_no_bounds(
    value: float | None, low: float | None, high: float | None
) -> None:
    row = pl.DataFrame({"x": [value], "y": [0.0]}, schema={"x": pl.Float64, "y": pl.Float64})
    assert held(row, [rule("x", low, high), rule("y", low, high)]) == {"y"}


@settings(deadline=None, derandomize=True, max_examples=15)
@given(
    value=st.floats(-1e6, 1e6),
    low=st.one_of(st.none(), st.floats(-1e6, 1e6)),
    high=st.floats(-1e6, 1e6),
)
def test_a_number_holds_exactly_within_its_inclusive_bounds(
    value: float, low: float | None, high: float
) -> None:
    row = pl.DataFrame({"x": [value], "low_itself": [low], "high_itself": [high]})
    judged = held(
        row.select("x", pl.col("low_itself").cast(pl.Float64), "high_itself"),
        [rule("x", low, high), rule("high_itself", None, high)],
    )
    inside = value <= high and (low is None or low <= value)
    assert judged == ({"x", "high_itself"} if inside else {"high_itself"})


def test_a_rule_without_a_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot fail"):
        rule("x", None, None)


def test_a_rule_that_cannot_be_evaluated_is_an_error_and_no_verdict() -> None:
    with pytest.raises(RuntimeError, match="rule y could not be evaluated"):
        held(pl.DataFrame({"x": [1.0]}), [rule("x", 0, 1), rule("y", 0, 1)])


def test_a_rule_that_does_not_aggregate_is_an_error() -> None:
    loose = Rule("loose", "every number is right", pl.col("number"), low=0)
    with pytest.raises(RuntimeError, match="one row, found 2"):
        judge([Case(pl.DataFrame({"number": [1, 2]}), (loose,))])


def test_offenders_are_counted_and_the_first_three_are_told() -> None:
    small = every_row(
        "small",
        "every number is at most 3",
        holds=within(pl.col("number"), None, 3),
        words=NUMBERED,
    )
    total = Rule("total", "the numbers have a small sum", pl.col("number").sum(), high=10.0)
    verdict = judge([Case(pl.DataFrame({"number": [1, 4, None, 5, 2, 6]}), (small, total))])
    assert verdict.schema == VERDICT
    assert verdict.to_dicts() == [
        {
            "rule": "small",
            "severity": "fail",
            "passed": False,
            "observed": "4 of 6 rows",
            "expected": "every number is at most 3",
            "count": 4,
            "examples": ["number 4", "number nothing", "number 5"],
        },
        {
            "rule": "total",
            "severity": "fail",
            "passed": False,
            "observed": "18",
            "expected": "the numbers have a small sum, at most 10",
            "count": 0,
            "examples": [],
        },
    ]


def test_offenders_in_several_chunks_are_told() -> None:
    even = every_row(
        "even", "every number is even", holds=pl.col("number") % 2 == 0, words=NUMBERED
    )
    parts = [pl.DataFrame({"number": numbers}) for numbers in ([1], [2, 4], [6], [3])]
    verdict = judge([Case(pl.concat(parts, rechunk=False), (even,))])
    assert verdict["examples"].item().to_list() == ["number 1", "number 3"]


def test_the_failure_sentence_names_table_rules_and_offenders() -> None:
    verdict = judge(
        [
            Case(
                pl.DataFrame({"number": [5]}),
                (
                    every_row("none", "no number", holds=pl.lit(value=False), words=NUMBERED),
                    Rule("few", "few numbers", pl.len(), high=0.5),
                    Rule("fewer", "fewer numbers", pl.len(), high=0.25, severity="warn"),
                ),
            )
        ]
    )
    assert failure_sentence("texts/00/00ff", verdict) == (
        "texts/00/00ff breaks 2 rules that must hold, so nothing is made from it: "
        "none (no number), found 1 of 1 rows, such as number 5; "
        "few (few numbers, at most 0.5), found 1"
    )


def test_warnings_alone_are_no_failure() -> None:
    careful = Rule("careful", "few numbers", pl.len(), high=0, severity="warn")
    verdict = judge([Case(pl.DataFrame({"number": [5]}), (careful,))])
    assert verdict["passed"].to_list() == [False]
    assert failure_sentence("texts/00/00ff", verdict) is None


def test_a_suite_keeps_claim_and_severity_of_its_rules_through_json() -> None:
    from great_expectations import ExpectationSuite

    careful = Rule("careful", "few numbers", pl.len(), high=4, severity="warn")
    suite = expectation_suite([rule("x", 0, 1), careful])
    written: dict[str, Any] = json.loads(json.dumps(suite.to_json_dict()))
    kept = [one.configuration for one in ExpectationSuite(**written).expectations]
    assert [(one.kwargs["column"], one.description, one.severity) for one in kept] == [
        ("x", "the number is right", "critical"),
        ("careful", "few numbers", "warning"),
    ]
    assert (kept[0].kwargs["min_value"], kept[0].kwargs["max_value"]) == (0, 1)


def test_threads_judge_side_by_side() -> None:
    found: dict[int, frozenset[str]] = {}

    def judged(number: int) -> None:
        found[number] = held(pl.DataFrame({"x": [float(number)]}), [rule("x", 0, 2)])

    threads = [threading.Thread(target=judged, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bool(found[number]) for number in range(6)] == [True] * 3 + [False] * 3


def test_every_judged_kind_of_table_has_a_suite_version() -> None:
    measured = {"texts", "examples", "samples", "rescores", "scores", "summaries"}
    judged = measured | {"calibrations", "fits", "study-fits", "theories"}
    assert set(VERSIONS) == judged
    assert all(version >= 1 for version in VERSIONS.values())
