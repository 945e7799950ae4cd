"""Where a run keeps what it makes: each artifact made, then judged, before anything reads it."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from prefect.tasks import Task

from calibration.errors import CalibrationError
from calibration.lineage import Measurement
from calibration.recipes import Checked, VerdictRecipe
from calibration.titles import verdict_title
from expectations.suites import VERSIONS
from flows.patience import DELAYS, is_tried_again
from storage.result_block import ArtifactRecords
from storage.store import open_store
from storage.verdicts import all_stand
from tasks.check import check

# What was made, in words, belongs on the pages; a logger shows only warnings unless told so.
LOG = logging.getLogger("calibration")
LOG.setLevel(logging.INFO)

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")
Losses = dict[str, CalibrationError]  # what was raised of a model, by its name


@dataclass(frozen=True)
class Place:
    """Where a run keeps what it makes, and Prefect's records of it."""

    store: str
    records: ArtifactRecords

    def keeping(self, task: Task[Parameters, Made]) -> Task[Parameters, Made]:
        """The task with its record laid beside its artifact, tried again after what may pass."""
        return task.with_options(
            result_storage=self.records,
            retries=len(DELAYS),
            retry_delay_seconds=list(DELAYS),
            retry_condition_fn=is_tried_again,
        )

    def judge(self, recipe: Checked, *, title: str) -> None:
        """Make the verdict of a table, given the table's title; raises when it fails."""
        named = verdict_title(recipe, title)
        self.keeping(check)(_verdict(recipe), title=named, store=self.store)

    def holds(self, recipes: Iterable[Checked]) -> bool:
        """Whether all of some tables are there and pass today's rules.

        A task that makes nothing costs Prefect a twentieth of a second; thousands would be minutes.
        """
        return all_stand(open_store(self.store), [_verdict(recipe) for recipe in recipes])


def _verdict(recipe: Checked) -> VerdictRecipe:
    return VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])


def record_place(store: str) -> Place:
    """The place of a store, its block saved under a name that the store's location fixes."""
    location = open_store(store).location
    name = f"records-{hashlib.sha256(location.encode()).hexdigest()[:16]}"
    records = ArtifactRecords(location=location)
    records.save(name, overwrite=True)
    return Place(store, records)


def is_measured(measurements: Iterable[Measurement], place: Place) -> bool:
    """Whether all that `measure` makes is there."""
    return place.holds(recipe for one in measurements for recipe in one.made)
