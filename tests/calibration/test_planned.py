"""Sums over a plan, and the plan as JSON."""

import json

from made_up_plans import artifact, plan, statement

from calibration.estimates import UNKNOWN, Estimate
from calibration.planned import Unread, model_totals, record, totals

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
    found = record(statement(plan(artifact())))
    assert list(found) == [
        *("study", "store", "gpu", "unread", "artifacts", "totals", "models", "precision"),
    ]
    assert list(found["artifacts"][0]) == [
        *("kind", "title", "address", "state", "parts", "parts_made", "why", "tokens"),
        *("seconds", "memory_bytes", "memory_at_least", "estimate_from"),
    ]
    cost = ["tokens", "flops", "bytes", "gpu_hours", "memory_bytes", "gpus", "disk_bytes"]
    left = ["artifacts", "to_make", "tokens_to_make", "seconds", "unknown"]
    assert list(found["totals"]) == cost + left
    assert list(found["models"][0]) == [
        *("name", "parameters", *cost, "weight_bytes", "artifact_bytes"),
        *(*left, "measured_memory_bytes"),
    ]


def test_the_record_is_json_with_null_for_what_is_unknown() -> None:
    whole = statement(plan(artifact(estimate=UNKNOWN)))
    found = json.loads(json.dumps(record(whole), allow_nan=False))
    assert found["artifacts"][0]["seconds"] is None
    assert found["models"][0]["measured_memory_bytes"] is None
    assert found["precision"][0]["half_width"] is None  # of one source text
    assert found["precision"][0]["standard_error"] == 0.5


def test_the_cost_and_what_is_left_of_a_model_stand_side_by_side() -> None:
    small, large = record(statement(plan(artifact())))["models"]
    assert (small["name"], small["gpu_hours"], small["disk_bytes"]) == ("small", 2.0, 13)
    assert (small["to_make"], small["seconds"], small["measured_memory_bytes"]) == (1, 10.0, 500)
    assert (large["name"], large["gpu_hours"], large["to_make"]) == ("large", None, None)


def test_a_study_that_could_not_be_looked_at_has_a_cost_and_no_plan() -> None:
    found = record(statement(None, Unread("d", "it is gated")))
    assert (found["artifacts"], found["precision"], found["store"]) == ([], [], None)
    assert found["unread"] == [{"name": "d", "why": "it is gated"}]
    assert found["totals"]["tokens"] == 50
    assert found["totals"]["to_make"] is None
