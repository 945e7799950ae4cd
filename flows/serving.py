"""A Prefect server and its workers on this machine, from one process that stops them all.

Everything listens on the loopback address alone. A worker of the pool `gpu` sees the GPUs that are
its own and measures one model at a time.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

import httpx
from prefect.settings import PREFECT_API_URL, temporary_settings

from calibration.errors import ServerError
from flows.deploying import ANY, CPU, GPU, LARGE, ROOT, deployed

LOOPBACK: Final = "127.0.0.1"
START: Final = 300.0  # seconds; the first server of a new home writes its database
# Seconds. A worker gives its runs 30 to end; then what is left of them is killed.
STOP: Final = 45.0
POLL: Final = 0.2
# Workers that end so often within so many seconds would end again.
MOST_ENDS: Final = 3
SHORTEST: Final = 60.0
# Whoever starts a server here is the person who looks at it.
ENVIRONMENT: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}

Say = Callable[[str], None]


class Worker(NamedTuple):
    """A worker of a pool: what it is called, the queues it takes from, the GPUs it sees."""

    pool: str
    name: str
    queues: tuple[str, ...] = ()  # none: all of them
    devices: str | None = None  # None: whatever this process sees

    @property
    def command(self) -> list[str]:
        queues = [word for queue in self.queues for word in ("--work-queue", queue)]
        # A study waits for its models, so that any number may; two models would share a GPU.
        limit = ["--limit", "1"] if self.pool == GPU else []
        return ["worker", "start", "--pool", self.pool, "--name", self.name, *queues, *limit]

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.devices is None else {"CUDA_VISIBLE_DEVICES": self.devices}


def workers(devices: Sequence[str], *, each: int) -> list[Worker]:
    """One for whole studies, and one for each group of `each` GPUs; without any, one for the CPU.

    A group of one leaves alone what one GPU does not hold. Raises ServerError where there are
    fewer GPUs than a group has.
    """
    study = Worker(CPU, CPU)
    if not devices:
        return [study, Worker(GPU, GPU)]
    if each > len(devices):
        raise ServerError(f"{each} GPUs for a worker were expected, found {len(devices)}")
    queues = (ANY,) if each == 1 else (ANY, LARGE)
    groups = [devices[at : at + each] for at in range(0, len(devices) - each + 1, each)]
    return [study, *(Worker(GPU, f"gpu-{','.join(one)}", queues, ",".join(one)) for one in groups)]


def serve(
    *, port: int, each: int, study: str | None, store: str | None, file: Path, say: Say
) -> None:
    """Run a server and its workers until SIGINT or SIGTERM; nothing of them is left then.

    Raises ServerError where the server cannot start, or something ends by itself.
    """
    wanted = workers(visible_devices(), each=each)
    url = f"http://{LOOPBACK}:{port}/api"
    with ExitStack() as stack, _signals_as_interrupts():
        try:
            say("Starting the server")
            server = stack.enter_context(_server(port, url=url))
            say("Telling it of the deployments")
            with temporary_settings({PREFECT_API_URL: url}):
                deployed(file, study=study, store=store, gpus=len(wanted) - 1)
            say(f"Workers: {', '.join(one.name for one in wanted)}")
            say(f"The pages: http://{LOOPBACK}:{port}  (what was made: /artifacts)")
            say(f"Others on this machine: export PREFECT_API_URL={url}")
            say("Ctrl-C stops all of it")

            def start(worker: Worker) -> subprocess.Popen[bytes]:
                environment = worker.environment | {"PREFECT_API_URL": url}
                return stack.enter_context(_running(worker.command, environment))

            _keep(wanted, start=start, server=server, say=say)
        except KeyboardInterrupt:
            say("Stopping")


def visible_devices() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [one for one in named.split(",") if one and one != "-1"]
    from storage.memory import gpus

    return [str(number) for number in range(gpus())]


@contextmanager
def _server(port: int, *, url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = ["server", "start", "--host", LOOPBACK, "--port", str(port)]
    if _answers(url):
        raise ServerError(
            f"no server was expected at {url}, found one: stop it, or give another --port"
        )
    with _running(command, {"PREFECT_API_URL": url}) as process:
        end = time.monotonic() + START
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > end:
                raise ServerError(
                    f"a Prefect server was expected to start at {url}, but it did not: its own "
                    "words are above; is the port taken? --port gives another"
                )
            time.sleep(POLL)
        yield process


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A Prefect command in a process that Ctrl-C of the terminal does not reach."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "--no-prompt", *command],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever it started and left
    process.wait()


def _keep(
    wanted: Sequence[Worker],
    *,
    start: Callable[[Worker], subprocess.Popen[bytes]],
    server: subprocess.Popen[bytes],
    say: Say,
) -> None:
    """Have workers run as long as the server does. Raises ServerError where they cannot."""
    running = {one: start(one) for one in wanted}
    ends: list[float] = []
    while server.poll() is None:
        for one, process in running.items():
            if process.poll() is None:
                continue
            ends = [*ends[1 - MOST_ENDS :], time.monotonic()]
            if len(ends) == MOST_ENDS and ends[-1] - ends[0] < SHORTEST:
                raise ServerError(f"the worker {one.name} was expected to run on, but ends at once")
            say(f"The worker {one.name} ended by {process.returncode} and is started again")
            running[one] = start(one)
        time.sleep(POLL)
    raise ServerError("the server was expected to run on, but ended: see above")


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does; a second one changes nothing while all is stopped."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
