"""A study cut into its steps: every task with its arguments, and the store as it was before each.

A step made again from where it began does what it did in the whole study, so that a fault can be
tried at any of them at the cost of that step alone.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

from direct import AnyTask, DirectPlace, make_directly
from faults import Plan, faulty

from calibration.recipes import Checked
from storage.resolution import resolved
from storage.result_block import ArtifactRecords
from storage.roots import write_root
from storage.store import open_store
from storage.studies import read_study


class Step(NamedTuple):
    """One task of a study."""

    name: str
    make: Callable[[str], object]  # in the store at a location
    operations: list[str]  # of the store, in order
    before: Path  # the store as it was then
    after: Path


@dataclass(frozen=True)
class WatchedPlace(DirectPlace):
    """A place that keeps every call, and a copy of its store before it."""

    plan: Plan
    made: list[tuple[str, Callable[[str], object], int]] = field(default_factory=list)

    def keeping(self, task: AnyTask) -> Any:  # noqa: ANN401
        function = super().keeping(task)

        @wraps(function)
        def watched(*arguments: object, store: str, **named: object) -> object:
            def make(location: str) -> object:
                return function(*arguments, store=location, **named)

            return self.watch(task.name, make)

        return watched

    def holds(self, recipes: Iterable[Checked]) -> bool:
        tables = list(recipes)

        def look(location: str) -> bool:
            return DirectPlace(location, self.records, self.left_out).holds(tables)

        return bool(self.watch("holds", look))

    def watch(self, name: str, make: Callable[[str], object]) -> object:
        copied(self.root, self.copy(len(self.made)))
        self.made.append((name, make, len(self.plan.operations)))
        return make(self.store)

    def copy(self, number: int) -> Path:
        """The store as it was before a step."""
        return Path(f"{self.root}-before-{number:03d}")

    @property
    def root(self) -> Path:
        return Path(self.store.partition("://")[2])

    def steps(self) -> list[Step]:
        copied(self.root, self.copy(len(self.made)))
        ends = [first for _, _, first in self.made[1:]] + [len(self.plan.operations)]
        operations = [name for name, _ in self.plan.operations]
        return [
            Step(name, make, operations[first:end], self.copy(number), self.copy(number + 1))
            for number, ((name, make, first), end) in enumerate(zip(self.made, ends, strict=True))
        ]


def steps_of(study_file: Path, store: Path) -> list[Step]:
    """Make a study in a directory; every step of it that reads or writes the store."""
    lineage = resolved(read_study(study_file), file=str(study_file))
    plan = Plan()
    place = WatchedPlace(faulty(store, plan), ArtifactRecords(location=str(store)), (), plan)

    def root(location: str) -> object:
        return write_root(open_store(location), lineage)

    store.mkdir()
    place.watch("root", root)
    make_directly(lineage, place)
    return [step for step in place.steps() if step.operations]


def copied(store: Path, target: Path) -> Path:
    """The same store at another place; its files are shared until one of them is written."""
    return Path(shutil.copytree(store, target, copy_function=os.link))
