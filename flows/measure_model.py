"""The flow `measure-model`: samples, scores and summaries of one model of a study."""

import hashlib
from typing import Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from calibration.errors import CalibrationError, StudyError
from flows.granted import granted
from flows.stages import Place, measure
from storage.resolution import resolved
from storage.result_block import ArtifactRecords
from storage.store import open_store
from storage.studies import read_study

# A worker that hangs would keep its GPU for ever. The longest model of a published study takes
# about a day on one GPU; what was slower continues from its parts in the next run.
LONGEST_HOURS: Final = 72


def record_place(store: str) -> Place:
    """The place of a store, its block saved under a name that the store's location fixes."""
    location = open_store(store).location
    name = f"records-{hashlib.sha256(location.encode()).hexdigest()[:16]}"
    records = ArtifactRecords(location=location)
    records.save(name, overwrite=True)
    return Place(store, records)


@flow(
    name="measure-model",
    flow_run_name="measure {model}",
    persist_result=False,
    timeout_seconds=LONGEST_HOURS * 3600,
)
def measure_model(study: str, model: str, store: str = "artifacts") -> State[None] | None:
    """Measure one model of a study file, by its name there. Its examples must have been made.

    What is raised names the state that the run fails in, so that a caller elsewhere knows it.
    """
    try:
        with granted():
            _measure(study, model, store)
    except CalibrationError as error:
        return Failed(name=type(error).__name__, message=str(error), data=error)
    return None


def _measure(study: str, model: str, store: str) -> None:
    entry = read_study(study)
    alone = tuple(one for one in entry.models if one.name == model)
    if not alone:
        names = ", ".join(one.name for one in entry.models)
        raise StudyError(f"{study}: a model named {model!r} was expected, found {names}")
    lineage = resolved(entry.model_copy(update={"models": alone}), file=study)
    measure(lineage.measurements, entry.root, record_place(store))
