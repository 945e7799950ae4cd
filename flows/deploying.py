"""What a Prefect server has to know before studies run on it; telling it again changes nothing.

Two work pools of processes: `cpu` for whole studies and `gpu` for single models, whose limit is the
number of GPUs. The deployments of a file like prefect.yaml. And an automation by which a run whose
machine is gone counts as crashed: nobody else can say it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessWorker

from calibration.errors import ServerError

ROOT: Final = Path(__file__).resolve().parents[1]  # of the checkout
DEPLOYMENTS: Final = ROOT / "prefect.yaml"
CPU: Final = "cpu"
GPU: Final = "gpu"
ANY: Final = "default"  # the queue that every pool has
LARGE: Final = "large"  # the queue of models that one GPU does not hold
HEARTBEAT: Final = "prefect.flow-run.heartbeat"
ENDS: Final = frozenset(f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled"))
# Three heartbeats of the 30 s that prefect.yaml asks for: one may come late on a busy machine.
SILENCE: Final = timedelta(seconds=100)
MOST: Final = 200  # deployments that a server lists at once
UNHEARD: Final = "calibration: runs that are heard of no more have crashed"


def deployed(
    file: Path = DEPLOYMENTS,
    *,
    study: str | None,
    store: str | None,
    gpus: int,
    silence: timedelta = SILENCE,
) -> list[str]:
    """The names of the deployments of a file, which the server knows now, with their pools.

    `study` is what runs on a schedule, `store` that of every deployment; None leaves the file's.
    Raises ServerError where no server answers or it refuses.
    """
    wanted = given(file, study=study, store=store)
    with answering_server() as server:
        _make_pool(server, CPU, limit=None)
        _make_pool(server, GPU, limit=gpus)
        _make_queue(server, LARGE, pool=GPU)
        _deploy(wanted, url=str(server.api_url))
        names = _names(server, wanted)
        _watch(server, names.values(), silence=silence)
    return list(names)


@contextmanager
def answering_server() -> Iterator[SyncPrefectClient]:
    """A client of the server that the settings name. Raises ServerError where none answers."""
    url = get_current_settings().api.url
    start = "start one with `calibration serve`, or set PREFECT_API_URL to the address of yours"
    if url is None:
        raise ServerError(f"a Prefect server was expected, found no PREFECT_API_URL: {start}")
    with get_client(sync_client=True) as server:
        fault = server.api_healthcheck()
        if fault is not None:
            said = str(fault).partition("\n")[0] or type(fault).__name__
            raise ServerError(
                f"a Prefect server was expected at {url}, found none ({said}): {start}"
            )
        yield server


def given(file: Path, *, study: str | None, store: str | None) -> dict[str, Any]:
    """What a file of deployments says, with a study and a store in place of the file's."""
    try:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ServerError(
            f"{file}: a file of deployments like prefect.yaml was expected, but it cannot be read "
            f"({error})"
        ) from error
    for deployment in content["deployments"]:
        given = {"study": study if "schedules" in deployment else None, "store": store}
        stated = {key: value for key, value in given.items() if value is not None}
        deployment["parameters"] = deployment.get("parameters", {}) | stated
    return content


def _make_pool(server: SyncPrefectClient, name: str, *, limit: int | None) -> None:
    try:
        server.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        pool = WorkPoolCreate(
            name=name, type=ProcessWorker.type, base_job_template=template, concurrency_limit=limit
        )
        server.create_work_pool(pool)
    else:  # a person may have changed the rest
        server.update_work_pool(name, WorkPoolUpdate(concurrency_limit=limit))


def _make_queue(server: SyncPrefectClient, name: str, *, pool: str) -> None:
    try:
        server.read_work_queue_by_name(name, work_pool_name=pool)
    except ObjectNotFound:
        server.create_work_queue(name, work_pool_name=pool)


def _deploy(content: Mapping[str, Any], *, url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        command = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            # The file may ask for the folder; the address may be another than the environment's.
            env=os.environ | {"PWD": str(ROOT), "PREFECT_API_URL": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ServerError(f"the deployments were refused; Prefect says\n{done.stdout.strip()}")


def _names(server: SyncPrefectClient, content: Mapping[str, Any]) -> dict[str, UUID]:
    """The identifier of every deployment of a file, by the name that commands take."""
    wanted = {(one["name"], one["entrypoint"]) for one in content["deployments"]}
    return {
        f"{server.read_flow(one.flow_id).name}/{one.name}": one.id
        for one in server.read_deployments(limit=MOST)
        if (one.name, one.entrypoint) in wanted
    }


def _watch(server: SyncPrefectClient, deployments: Iterable[UUID], *, silence: timedelta) -> None:
    """Have runs of some deployments count as crashed after a silence."""
    related = [f"prefect.deployment.{one}" for one in deployments]
    wanted = AutomationCore(
        name=UNHEARD,
        description="Heartbeats stop with the machine; the run's state would stay Running for ever",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.role": "deployment",
                "prefect.resource.id": related,
            },
            after={HEARTBEAT},
            expect=ENDS | {HEARTBEAT, "prefect.flow-run.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"Nothing was heard of it for {silence.seconds} s: its machine or its "
                "process is gone",
            )
        ],
    )
    found = server.read_automations_by_name(UNHEARD)
    if found:
        server.update_automation(found[0].id, wanted)
    else:
        server.create_automation(wanted)
