"""Sums over a plan, and the plan as JSON."""

import json

from made_up_plans import artifact, plan

from calibration.estimates import UNKNOWN, Estimate
from calibration.planned import model_totals, record, totals

LEAST = Estimate(4.0, 900, memory_at_least=True, source="another, scaled")


def test_what_is_complete_costs_nothing_more() -> None:
    found = totals([artifact(state="complete"), artifact(), artifact(state="partial")])
    assert found == (3, 2, 200, 20.0, 0)


def test_what_is_unknown_is_counted_and_not_summed() -> None:
    assert totals([artifact(), artifact(estimate=UNKNOWN)]) == (2, 2, 200, 10.0, 1)


def test_a_model_needs_the_most_memory_of_its_tables() -> None:
    [small] = model_totals([artifact(), artifact("scores", estimate=LEAST)])
    assert (small.totals.seconds, small.memory_bytes, small.memory_at_least) == (14, 900, True)
    assert small.source == "before"


def test_a_model_that_is_complete_is_not_listed() -> None:
    found = model_totals(
        [artifact(state="complete"), artifact(model="large"), artifact(model=None)]
    )
    assert [one.model for one in found] == ["large"]


def test_the_keys_of_the_record_are_these() -> None:
    found = record(plan(artifact()))
    assert list(found) == ["study", "store", "artifacts", "totals", "models", "precision"]
    assert list(found["artifacts"][0]) == [
        *("kind", "title", "address", "state", "parts", "parts_made", "why", "tokens"),
        *("seconds", "memory_bytes", "memory_at_least", "estimate_from"),
    ]
    assert list(found["totals"]) == ["artifacts", "to_make", "tokens", "seconds", "unknown"]


def test_the_record_is_json_with_null_for_what_is_unknown() -> None:
    found = json.loads(json.dumps(record(plan(artifact(estimate=UNKNOWN))), allow_nan=False))
    assert found["artifacts"][0]["seconds"] is None
    assert found["models"][0]["memory_bytes"] is None
    assert found["precision"][0]["half_width"] is None  # of one source text
    assert found["precision"][0]["standard_error"] == 0.5
