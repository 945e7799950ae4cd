"""Where models are measured: one after the other in this process, or all at once on workers or Ray.

What comes back is the same of all: what was raised of each model that failed.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from prefect import tags
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State, WorkerStatus
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import FlowRunTimeoutError
from prefect.states import Crashed

from calibration import errors
from calibration.errors import CalibrationError, CheckFailed, ModelError, ServerError
from calibration.lineage import Lineage
from calibration.study import ModelEntry
from flows.deploying import ANY, GPU, LARGE
from flows.measure_model import measure_model
from flows.patience import LONGEST_HOURS
from flows.place import Losses
from flows.remaining import Measure, one_by_one, say_left_out

LOG = logging.getLogger("calibration")

Execution = Literal["inline", "workers", "ray"]

DEPLOYMENT: Final = "measure-model/gpu"
# A second try is for a machine that went down or a neighbour that took the memory; what crashes
# twice in a row would crash for ever.
TRIES: Final = 2
POLL: Final = 2.0  # seconds between two looks at a run; a run takes minutes
TIMED_OUT: Final = "TimedOut"


class Job(NamedTuple):
    """What every model of a study is measured with."""

    study: str  # the file
    store: str
    datasets: tuple[str, ...]

    def tags(self, model: ModelEntry) -> list[str]:
        """What the pages can be searched by."""
        return [f"family: {model.family}", *(f"data set: {name}" for name in self.datasets)]

    def parameters(self, model: ModelEntry) -> dict[str, str]:
        return {"study": self.study, "model": model.name, "store": self.store}


def measuring(execution: Execution, lineage: Lineage, *, study: str, store: str) -> Measure:
    """What measures some models of a study, given its file: the one place that decides where."""
    job = Job(study, store, tuple(one.name for one in lineage.study.datasets))
    if execution == "inline":
        return one_by_one(lambda model: _in_process(job, model))
    if execution == "ray":
        return lambda models: _on_ray(job, models)
    return lambda models: asyncio.run(_on_workers(job, models))


def _in_process(job: Job, model: ModelEntry) -> None:
    with tags(*job.tags(model)):
        try:
            measure_model(**job.parameters(model))
        except FlowRunTimeoutError:
            raise _too_slow(model) from None


async def _on_workers(job: Job, models: Sequence[ModelEntry]) -> Losses:
    async with get_client() as client:
        await _require_deployment(client)
    raised = await asyncio.gather(*(_raised(job, model) for model in models))
    return _losses(models, raised)


def _on_ray(job: Job, models: Sequence[ModelEntry]) -> Losses:
    from flows.on_ray import Wanted, ended  # of an extra that few have

    wanted = [Wanted(job.parameters(one), job.tags(one), one.gpus) for one in models]
    states = ended(wanted, tries=TRIES)
    raised = [fault(model, state) for model, state in zip(models, states, strict=True)]
    for model, error in zip(models, raised, strict=True):
        if error is not None:
            say_left_out(model.name, error)
    return _losses(models, raised)


def _losses(models: Sequence[ModelEntry], raised: Sequence[Exception | None]) -> Losses:
    """What was raised of single models. Raises what is not of one model alone."""
    losses: Losses = {}
    for model, error in zip(models, raised, strict=True):
        if isinstance(error, (ModelError, CheckFailed)):
            losses[model.name] = error
        elif error is not None:
            raise error
    return losses


async def _raised(job: Job, model: ModelEntry) -> Exception | None:
    """What the run of one model raised on a worker; None where it completed."""
    error = fault(model, await _ended(job, model))
    if error is not None:
        say_left_out(model.name, error)
    return error


async def _require_deployment(client: PrefectClient) -> None:
    """Raises ServerError without the deployment; says so where no worker would take its runs."""
    try:
        await client.read_deployment_by_name(DEPLOYMENT)
    except ObjectNotFound:
        raise ServerError(
            f"the deployment {DEPLOYMENT} was expected on the Prefect server, found none: make it "
            "with `calibration deploy`, or run the study with `execution: inline`"
        ) from None
    workers = await client.read_workers_for_work_pool(GPU)
    if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
        LOG.warning(
            "no worker of the pool %s runs: its models wait until one is started, with "
            "`prefect worker start --pool %s`",
            GPU,
            GPU,
        )


async def _ended(job: Job, model: ModelEntry) -> State:
    """The state in which the run of one model ended, begun anew where it crashed."""
    for tries_left in reversed(range(TRIES)):
        run = await arun_deployment(
            DEPLOYMENT,
            parameters=job.parameters(model),
            flow_run_name=f"measure {model.name}",
            tags=job.tags(model),
            work_queue_name=LARGE if (model.gpus or 1) > 1 else ANY,
            poll_interval=POLL,
        )
        state: State = run.state or Crashed(message="the server knows no state of it")
        if not (state.is_crashed() and tries_left):
            break
        LOG.warning("measure %s crashed and is tried again: %s", model.name, state.message)
    return state


def fault(model: ModelEntry, state: State) -> Exception | None:
    """What a run raised elsewhere, as it would have been raised here; None if it completed."""
    if state.is_completed():
        return None
    if isinstance(state.data, CalibrationError):
        return state.data
    if isinstance(state.data, FlowRunTimeoutError):
        return _too_slow(model)
    if state.is_crashed():
        return ModelError(
            f"its run was expected to end, but crashed {TRIES} times: the log of its worker says "
            "why; where the system killed it, there was too little memory"
        )
    if state.is_cancelled():
        return ModelError("its run was cancelled")
    if state.name == TIMED_OUT:
        return _too_slow(model)
    kind = getattr(errors, state.name or "", None)
    if isinstance(kind, type) and issubclass(kind, CalibrationError):
        return kind(state.message)
    return RuntimeError(f"measure {model.name} ended as {state.name}: {state.message}")


def _too_slow(model: ModelEntry) -> ModelError:
    return ModelError(
        f"model {model.name!r}: it was expected to be measured in {LONGEST_HOURS} hours, but was "
        "not: run the same command again, which continues where it stopped"
    )
