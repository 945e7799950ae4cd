"""A Prefect server on this machine with workers that can be killed, as a person would have them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deploying import DEPLOYMENTS, ROOT, deployed

PATIENCE = 600.0  # seconds: other work may share the machine, and nothing here is timed
POLL = 0.5
SETTLED = 10  # seconds without another model added, the least that Prefect allows
# A heartbeat comes every 30 s, the least that Prefect allows; on SQLite the server stands still at
# times, for up to a minute.
SILENCE = timedelta(seconds=40)
SILENCE_ON_SQLITE = timedelta(seconds=100)
LISTED = ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "work_pools", "automations")

Process = subprocess.Popen[bytes]


class Host:
    """A server, and what runs beside it."""

    client: SyncPrefectClient  # of the server, once that answers

    def __init__(
        self, root: Path, port: int, environment: Mapping[str, str], *, silence: timedelta
    ) -> None:
        self.root = root
        self.silence = silence
        self.url = f"http://127.0.0.1:{port}/api"
        self._environment = {**environment, "PREFECT_API_URL": self.url}

    def deploy(self, *, study: Path, store: str) -> list[str]:
        """What `calibration deploy --gpus 1` does, with less patience for runs and models."""
        text, times = re.subn(r"within: \d+", f"within: {SETTLED}", DEPLOYMENTS.read_text())
        assert times == 1
        file = self.root / "prefect.yaml"
        file.write_text(text)
        return deployed(file, study=str(study), store=store, gpus=1, silence=self.silence)

    def worker(self, pool: str, *, name: str) -> Process:
        kind = ("--type", "process")  # of the pool, where it is not there yet
        return self.started("worker", "start", "--pool", pool, "--name", name, *kind)

    def calibration(self, *words: str) -> str:
        """What the command line says, in a process that tells no other server of events."""
        done = subprocess.run(
            [sys.executable, "-c", "from flows.cli import main; main()", *words],
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def started(self, *words: str) -> Process:
        """A command of Prefect in a process and a session of its own."""
        with (self.root / "output").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", *words],
                cwd=ROOT,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def begin(self, deployment: str, **parameters: object) -> FlowRun:
        known = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(known.id, parameters=parameters)

    def runs(self, flow: str) -> list[FlowRun]:
        """The runs of a flow that are not waiting for the night, the oldest first."""
        named = FlowFilter(name=FlowFilterName(any_=[flow]))
        runs = self.client.read_flow_runs(flow_filter=named)
        begun = [run for run in runs if not (run.auto_scheduled and run.start_time is None)]
        return sorted(begun, key=lambda run: (run.start_time is None, str(run.start_time)))

    def ended(self, run: FlowRun) -> FlowRun:
        """A run, once it has ended."""

        def look() -> FlowRun | None:
            found = self.client.read_flow_run(run.id)
            return found if found.state is not None and found.state.is_final() else None

        return until(look)

    def artifact(self, key: str) -> str:
        """What the latest artifact of a key shows."""
        answer = httpx.get(f"{self.url}/artifacts/{key}/latest").raise_for_status()
        return str(answer.json()["data"])

    def everything(self) -> str:
        """All that the server tells about runs, their words and what they show."""
        answers = []
        for kind in LISTED:
            for offset in range(0, 10_000, 200):
                page = httpx.post(
                    f"{self.url}/{kind}/filter", json={"limit": 200, "offset": offset}
                ).raise_for_status()
                answers.append(page.text)
                if len(page.json()) < 200:
                    break
        return "\n".join(answers)


def until(look: Callable[[], Any]) -> Any:  # noqa: ANN401
    """What `look` gives once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(POLL)
    raise AssertionError("it was expected to come about, but did not")


def killed(worker: Process) -> None:
    """End a worker and the runs that it started, as a machine does that loses its power."""
    for group in (worker.pid, *_children(worker.pid)):
        os.kill(group, signal.SIGKILL)
    worker.wait()


def stop(process: Process) -> None:
    """End a process and wait for it."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _children(process: int) -> list[int]:
    done = subprocess.run(
        ["pgrep", "-P", str(process)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in done.stdout.split()]


@contextmanager
def hosted(root: Path, *, database: str | None) -> Iterator[Host]:
    """A host with its server up and no worker; without a database it has SQLite."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PREFECT_HOME": str(root / "prefect"),
        # Never that of whoever runs the tests; Prefect asks for this name first.
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database or f"sqlite+aiosqlite:///{root}/db",
    }
    silence = SILENCE if database is not None else SILENCE_ON_SQLITE
    host = Host(root, port, environment, silence=silence)
    server = host.started("server", "start", "--host", "127.0.0.1", "--port", str(port))
    try:
        until(lambda: server.poll() is not None or _answers(host.url))
        assert server.poll() is None, (root / "output").read_text()
        with (
            temporary_settings({PREFECT_API_URL: host.url}),
            get_client(sync_client=True) as host.client,
        ):
            yield host
    finally:
        stop(server)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.HTTPError:
        return False
