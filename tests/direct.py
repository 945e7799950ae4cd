"""A whole study made in this process, by the steps of the flows and without Prefect's server.

Every task is called as the plain function that it decorates, so nothing is recorded, and nothing
is shown on pages; what is made, and in which order, is what a flow makes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.tasks import Task

from calibration.lineage import Lineage
from flows.conclude import conclude
from flows.measure import measure
from flows.place import Place, is_measured
from flows.prepare import prepare_texts
from storage.resolution import resolved
from storage.result_block import ArtifactRecords
from storage.roots import write_root
from storage.store import open_store
from storage.studies import read_study

AnyTask = Task[Any, Any]


@dataclass(frozen=True)
class DirectPlace(Place):
    """Where a run keeps what it makes; no task of it meets Prefect."""

    left_out: tuple[AnyTask, ...]

    def keeping(self, task: AnyTask) -> Any:  # noqa: ANN401
        return _nothing if task in self.left_out else task.fn


def run_directly(study_file: Path, store: str, *, left_out: tuple[AnyTask, ...] = ()) -> Lineage:
    """Make whatever a study file lacks in the store at a location; what it resolved to.

    Tests of tables alone leave `report`, the longest, out.
    """
    study = read_study(study_file)
    lineage = resolved(study, file=str(study_file))
    write_root(open_store(store), lineage)
    make_directly(lineage, DirectPlace(store, ArtifactRecords(location=store), left_out))
    return lineage


def make_directly(lineage: Lineage, place: Place) -> None:
    """Make whatever a store lacks of a study that is read already; no root file is written."""
    for error in prepare_texts(lineage, place).values():
        raise error
    for model in lineage.study.models:
        measurements = lineage.of_model(model.name)
        if not is_measured(measurements, place):
            measure(measurements, lineage.study.root, place)
    conclude(lineage, place)


def _nothing(*_: object, **__: object) -> None:
    """Stands for a task that is left out."""
