"""Models measured on a Ray cluster, each where as many GPUs are free as it needs.

The cluster is the one that RAY_ADDRESS names; without it a Ray is started on this machine for the
run. Ray says where; what a model is, and how its run ends, is as everywhere.
"""

import os
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any, Final, NamedTuple

from prefect import tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Failed

from calibration.errors import ModelError, ServerError
from flows.measure_model import measure_model

try:
    import ray
    from prefect_ray import RayTaskRunner
    from prefect_ray.context import remote_options
except ImportError as error:
    raise ServerError(
        "`execution: ray` needs the packages ray and prefect-ray, found them missing: install them "
        "with `pip install -e '.[ray]'`, or run the study with another `execution`"
    ) from error

ADDRESS: Final = "RAY_ADDRESS"
# A Ray of our own has no pages, since Prefect's are there, and tells its makers nothing.
OWN: Final[dict[str, Any]] = {"include_dashboard": False}
QUIET: Final = "RAY_USAGE_STATS_ENABLED"


class Wanted(NamedTuple):
    """A model to measure: the parameters of its flow, what it is found by, the GPUs it needs."""

    parameters: dict[str, str]
    tags: list[str]
    gpus: int


@task(
    name="measure",
    task_run_name="measure {model} on Ray",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def measure(study: str, model: str, store: str, checkout: str) -> None:
    """Measure a model of a study file, where paths are relative to `checkout` as they were."""
    with chdir(checkout):  # a worker of Ray begins elsewhere
        measure_model(study, model, store)


def ended(wanted: Sequence[Wanted], *, tries: int) -> list[State]:
    """The states in which the runs of some models ended, begun anew where they crashed."""
    os.environ.setdefault(QUIET, "0")
    given = {} if os.environ.get(ADDRESS) else OWN
    with RayTaskRunner(init_kwargs=given) as runner:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        futures = [_begun(one, runner, nodes, tries=tries) for one in wanted]
        return [future if isinstance(future, State) else _end(future) for future in futures]


def _begun(one: Wanted, runner: Any, nodes: Sequence[Any], *, tries: int) -> Any:  # noqa: ANN401
    """The future of a model's run; its state where no node of the cluster can ever take it."""
    try:
        asked = resources(one.gpus, nodes)
    except ModelError as error:
        return Failed(name=type(error).__name__, message=str(error), data=error)
    parameters = {**one.parameters, "checkout": str(Path.cwd())}
    with tags(*one.tags), remote_options(**asked, max_retries=tries - 1):
        return runner.submit(measure, parameters=parameters)


def resources(gpus: int, nodes: Sequence[dict[str, float]]) -> dict[str, float]:
    """What a model asks Ray for: its GPUs, or all cores of a node where the cluster has no GPU.

    Raises ModelError where no node has as many GPUs.
    """
    most = max((node.get("GPU", 0) for node in nodes), default=0)
    if not most:
        # A model uses every core there is; two would only be in each other's way.
        return {"num_cpus": min((node["CPU"] for node in nodes if node.get("CPU")), default=1)}
    if gpus > most:
        raise ModelError(
            f"a node of the Ray cluster with {gpus} GPUs was expected, found none with more than "
            f"{most:g}: add one, or state fewer `gpus`"
        )
    return {"num_gpus": gpus}


def _end(future: Any) -> State:  # noqa: ANN401
    future.wait()
    # The state itself knows its exception by words alone.
    raised = future.result(raise_on_failure=False)
    state: State = future.state
    return state.model_copy(update={"data": raised}) if isinstance(raised, Exception) else state
