"""What a study costs, as a terminal shows it."""

import pytest
from made_up_plans import COST, artifact, plan, statement

from calibration.cost_lines import cost_lines, hours, statement_lines
from calibration.hardware import GPUS
from calibration.model_costs import StudyCost
from calibration.planned import Unread


def lines(*unread: Unread) -> list[str]:
    return list(statement_lines(statement(None, *unread), file="s.yaml"))


def test_each_model_is_a_row_and_the_sums_the_last() -> None:
    larger = COST._replace(name="larger", parameters=70 * 10**9, seconds=7200.0, memory=3 * 10**9)
    found = list(cost_lines(StudyCost(GPUS["h100"], (COST, larger))))
    rows = [line.split() for line in found[1:5]]
    assert rows[0] == ["model", "parameters", "tokens", "GPU-hours", "GPUs", "memory", "disk"]
    assert rows[1] == ["small", "1k", "50", "2", "2", "1", "GB", "13", "B"]
    assert rows[2] == ["larger", "70B", "50", "4", "2", "3", "GB", "13", "B"]
    assert rows[3] == ["2", "models", "together", "100", "6", "≤", "2", "≤", "3", "GB", "26", "B"]
    assert len({len(line) for line in found[1:3]}) == 1
    assert "larger takes longest, 2 h 0 min" in found[5]


def test_the_gpu_and_what_is_assumed_of_it_are_named() -> None:
    found = "\n".join(lines())
    assert "on h100 (H100 SXM, 80 GB: 3.35 TB/s" in found
    assert "50 % of the GPU's data sheet" in found
    assert "--gpu" in found


def test_one_reason_for_many_models_is_one_line() -> None:
    out = [Unread(name, f"{name} was expected, found the hub out of reach") for name in "abc"]
    found = lines(*out, Unread("d", "a text was expected, found none"))
    assert (
        "  a: a was expected, found the hub out of reach (and 2 more for the same reason)" in found
    )
    assert "  d: a text was expected, found none" in found


def test_a_model_without_a_cost_is_named_with_the_remedy() -> None:
    assert "Without a cost: large; state their `shape` in the study" in lines()


def test_a_plan_comes_before_the_cost() -> None:
    found = list(statement_lines(statement(plan(artifact())), file="s.yaml"))
    assert found.index("Estimated time: about 10 s") < found.index(
        next(cost_lines(StudyCost(GPUS["h100"], (COST,))))
    )
    assert found[-1] == "All of it: calibration run s.yaml"


@pytest.mark.parametrize(
    ("value", "said"), [(0.00412, "0.0041"), (3.24, "3.2"), (214.4, "214"), (1250, "1,250")]
)
def test_hours_have_two_digits_or_are_whole(value: float, said: str) -> None:
    assert hours(value) == said
