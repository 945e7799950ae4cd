"""Which studies lie between two: one switch at a time, in one order, and nothing else."""

from typing import Any

import pytest

from calibration.bridge import bridge_steps
from calibration.errors import StudyError
from calibration.study import Study, parsed_study

FILES = ("old.yaml", "new.yaml")
DATASET = {
    "name": "letters",
    "source": {"kind": "files", "path": "texts/*.txt"},
    "prompt": 128,
    "continuation": 1000,
    "examples": 50,
}
OURS = {"unit": "bytes", "prompt": 512, "continuation": 4096, "shortest": 5000}


def study(dataset: dict[str, Any] | None = None, **changes: Any) -> Study:  # noqa: ANN401
    models = [{"name": "m", "path": "m", "family": "chains"}]
    datasets = [DATASET | (dataset or {})]
    return parsed_study({"name": "s", "models": models, "datasets": datasets} | changes, "s.yaml")


PUBLISHED = study(as_published=["four-bit", "selection", "slip"], at_end="stop", name="old")
NEW = study(OURS, name="new")


def test_every_switch_is_thrown_once_in_order() -> None:
    steps = bridge_steps(PUBLISHED, NEW, files=FILES)
    assert [step.name for step in steps] == [
        "as published",
        "without the slip",
        "one set of weights",
        "the same texts",
        "at the end: continue",
        "windows of bytes",
    ]
    assert steps[0].study == PUBLISHED
    assert steps[-1].study == NEW
    assert [set(step.study.as_published) for step in steps[:4]] == [
        {"four-bit", "selection", "slip"},
        {"four-bit", "selection"},
        {"selection"},
        set(),
    ]
    assert [step.study.at_end for step in steps] == ["stop"] * 4 + ["continue"] * 2


def test_a_choice_by_bytes_comes_with_the_end_of_the_choice_by_tokens() -> None:
    steps = bridge_steps(PUBLISHED, NEW, files=FILES)
    assert [step.study.datasets[0].shortest for step in steps] == [None] * 3 + [5000] * 3
    assert [step.study.datasets[0].unit for step in steps] == ["tokens"] * 5 + ["bytes"]


def test_what_both_have_alike_is_no_step() -> None:
    steps = bridge_steps(study(at_end="stop"), study(name="t"), files=FILES)
    assert [step.name for step in steps] == ["s", "at the end: continue"]
    windows = bridge_steps(study(), study({"shortest": 9}), files=FILES)
    assert [step.name for step in windows] == ["s", "windows of tokens"]


@pytest.mark.parametrize(
    ("end", "difference"),
    [
        (study(seed=1, at_end="stop"), "`seed`"),
        (study(decodings=[{"temperature": 0.8}], at_end="stop"), "`decodings`"),
        (study({"samples_per_prompt": 2}, at_end="stop"), r"`datasets\[1\].samples_per_prompt`"),
        (study({"name": "other"}, at_end="stop"), "list of `datasets`"),
    ],
)
def test_studies_that_differ_in_more_are_refused_by_its_name(end: Study, difference: str) -> None:
    with pytest.raises(StudyError, match=f"new.yaml: .* found another {difference} than in old"):
        bridge_steps(study(), end, files=FILES)


def test_studies_of_one_protocol_have_no_bridge() -> None:
    with pytest.raises(StudyError, match=r"a protocol other than that of old\.yaml was expected"):
        bridge_steps(study(), study(name="t"), files=FILES)


def test_a_step_that_cannot_be_run_is_named_with_the_other_way_round() -> None:
    with pytest.raises(StudyError, match=r"walk from new\.yaml to old\.yaml") as refused:
        bridge_steps(NEW, PUBLISHED, files=FILES)
    assert "with the slip" in str(refused.value)
