"""A store that fails at any operation of a study: the right answer or a sentence, and then a rerun.

Each operation of each task fails in turn: by an error, by the end of the program, and, where it
changes the store, by an answer that is lost after it was done.
"""

import random
from collections import Counter
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from faults import CHANGING, Plan, Stopped, Way, contents, faulty
from markov import chain, texts, write_texts
from steps import Step, copied, steps_of

from calibration.errors import StoreError
from storage.artifacts import is_complete_at
from storage.catalogue import catalogue
from storage.local import LocalStore
from studies import model, write_models, write_study

EXAMPLES, PROMPT, CONTINUATION = 70, 4, 12  # two parts
SAMPLED = 2  # faults tried of each operation and way


class Fault(NamedTuple):
    """One operation of one step, and how it fails."""

    step: Step
    at: int
    operation: str
    way: Way


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    root = tmp_path_factory.mktemp("study")
    write_models(root, count=1)
    lines = texts(chain(99), count=EXAMPLES, length=PROMPT + CONTINUATION, seed=5)
    write_texts(root / "texts.jsonl", lines)
    dataset = {
        "name": "letters",
        "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
        "prompt": PROMPT,
        "continuation": CONTINUATION,
        "examples": EXAMPLES,
    }
    study = write_study(
        root, models=[model(0)], datasets=[dataset], decodings=[{"temperature": 1.0}]
    )
    return steps_of(study, root / "store")


@pytest.fixture(scope="module")
def faults(steps: list[Step]) -> list[Fault]:
    """Every fault there is."""
    return [
        Fault(step, at, operation, way)
        for step in steps
        for at, operation in enumerate(step.operations)
        for way in (Way if operation in CHANGING else (Way.FAIL, Way.STOP))
    ]


def require_right_or_a_sentence(fault: Fault, directory: Path) -> None:
    """Try a fault, then make the same step without one: all that is ever sealed is right."""
    store = LocalStore(copied(fault.step.before, directory))
    right = contents(LocalStore(fault.step.after))
    plan = Plan(fault.at, fault.way)
    try:
        fault.step.make(faulty(directory, plan))
    except (StoreError, Stopped):
        assert contents(store).items() <= right.items()
    else:
        assert contents(store) == right
    # Threads that look side by side stop at the first that finds nothing, some before they began.
    met = len(plan.operations) > fault.at
    assert met or fault.step.name == "holds", "the fault was not met"
    fault.step.make(str(directory))
    assert contents(store) == right
    found = catalogue(store)
    assert (found.damaged, found.begun) == ((), frozenset())
    assert all(is_complete_at(store, address) for address in found.artifacts)


def sampled(faults: list[Fault]) -> list[Fault]:
    """Some of every operation and way, the same each time, and of the report the fewest."""
    shuffled = random.Random(0).sample(faults, len(faults))
    shuffled.sort(key=lambda fault: fault.step.name == "report")  # takes longer than all others
    taken: Counter[tuple[str, Way]] = Counter()
    chosen = []
    for fault in shuffled:
        kind = (fault.operation, fault.way)
        if taken[kind] < SAMPLED or (fault.step.name == "report" and taken["report", Way.FAIL] < 2):
            taken[kind] += 1
            taken["report", Way.FAIL] += fault.step.name == "report"
            chosen.append(fault)
    return chosen


def test_a_store_that_fails_gives_a_sentence_and_a_rerun_completes(
    faults: list[Fault], tmp_path: Path
) -> None:
    chosen = sampled(faults)
    assert {fault.operation for fault in chosen} == {*CHANGING, "read", "entries"}
    for number, fault in enumerate(chosen):
        require_right_or_a_sentence(fault, tmp_path / str(number))


@pytest.mark.nightly
def test_every_operation_of_a_study_may_fail(faults: list[Fault], tmp_path: Path) -> None:
    assert len(faults) > 500
    for number, fault in zip(count(), faults, strict=False):
        require_right_or_a_sentence(fault, tmp_path / str(number))
