"""The flow `calibration`: a study from its texts to its report."""

from pathlib import PurePath

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.states import Failed

from calibration.errors import CheckFailed, Incomplete, PartlyRefused
from calibration.left_out import left_out_lines, left_out_sentence
from calibration.lineage import Lineage
from flows.conclude import conclude
from flows.fanning import Execution, measuring
from flows.granted import granted
from flows.place import Losses, record_place
from flows.publishing import publish
from flows.recounting import recount
from flows.remaining import carried_out
from storage.studies import read_study


def _run_name() -> str:
    """The name of the study's file: of a whole path, a list of runs shows the beginning alone."""
    return PurePath(runtime.flow_run.parameters["study"]).stem


@flow(name="calibration", flow_run_name=_run_name, persist_result=False)
def calibration(
    study: str = "studies/quickstart.yaml",
    store: str = "artifacts",
    execution: Execution = "inline",
) -> str | State[str]:
    """Make whatever a study file lacks, in order; the address of its report.

    Models are measured here (`inline`), or all at once on `workers` of the pool `gpu` or on `ray`.
    A model that cannot be measured is left out, and the rest is made. Raises Incomplete then.
    """
    with granted():
        return _made(study, store, execution)


def _made(study: str, store: str, execution: Execution) -> str | State[str]:
    asked = read_study(study)
    place = record_place(store)
    lineage, losses, there = carried_out(
        asked,
        place,
        file=study,
        measuring=lambda found: measuring(execution, found, study=study, store=store),
    )
    report = conclude(lineage, place)
    publish(lineage.report, title=asked.name, store=store)
    recount(lineage, there=there, store=store)
    if lineage.absent:
        return _incomplete(lineage, losses, asked=len(asked.models), report=report)
    return report


def _incomplete(lineage: Lineage, losses: Losses, *, asked: int, report: str) -> State[str]:
    # The report is there. But whoever watches the pages, an automation or the exit code of a
    # deployment must not take the run for a whole one: so it has failed, by a name that says how.
    refused = any(isinstance(error, CheckFailed) for error in losses.values())
    fault = PartlyRefused if refused else Incomplete
    lines = [*left_out_lines(lineage.absent), f"The report of the others is {report}"]
    return Failed(
        name="Incomplete",
        message="\n".join(lines),
        data=fault(left_out_sentence(lineage.absent, asked=asked)),
    )
