"""The flow `measure-model`: samples, scores and summaries of one model of a study."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from calibration.errors import CalibrationError, StudyError
from flows.granted import granted
from flows.patience import LONGEST_HOURS
from flows.place import record_place
from storage.resolution import resolved
from storage.studies import read_study


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
    # It brings transformers and torch, for which nobody waits who only knows of this flow.
    from flows.measure import measure

    entry = read_study(study)
    alone = tuple(one for one in entry.models if one.name == model)
    if not alone:
        names = ", ".join(one.name for one in entry.models)
        raise StudyError(f"{study}: a model named {model!r} was expected, found {names}")
    lineage = resolved(entry.model_copy(update={"models": alone}), file=study)
    measure(lineage.measurements, entry.root, record_place(store))
