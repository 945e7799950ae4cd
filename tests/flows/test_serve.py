"""`calibration serve`: a server and workers that come and go together, whatever happens to them."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prefect_host import PATIENCE, until

from flows.deploying import ROOT
from studies import model, write_models, write_study

# Whole servers and workers: minutes of processor time.
pytestmark = pytest.mark.nightly

LISTENING = "0A"  # as a state
LOOPBACK = "0100007F"  # 127.0.0.1, its bytes from the last


def processes(home: Path) -> dict[int, str]:
    """The commands of all processes that have a Prefect home, by their numbers."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"PREFECT_HOME={home}".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
        except OSError:  # ended, or another person's
            continue
    return found


def listened_at(home: Path) -> set[str]:
    """The addresses at which they listen, as the kernel writes them."""
    sockets = set()
    for number in processes(home):
        for held in Path(f"/proc/{number}/fd").glob("*"):
            with suppress(OSError):  # closed meanwhile
                sockets.add(os.readlink(held))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING and f"socket:[{words[9]}]" in sockets:
                found.add(words[1].partition(":")[0])
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are seen in /proc")
def test_a_killed_worker_comes_back_and_nothing_is_left_after_an_interrupt(tmp_path: Path) -> None:
    write_models(tmp_path, count=1)
    study = write_study(tmp_path, models=[model(0)])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home, words, url = tmp_path / "home", tmp_path / "words", f"http://127.0.0.1:{port}/api"
    options = ["--port", str(port), "--study", str(study), "--store", str(tmp_path / "store")]
    environment = {"PREFECT_HOME": str(home), "CUDA_VISIBLE_DEVICES": "", "NO_PROXY": "127.0.0.1"}
    with words.open("wb") as output:
        serving = subprocess.Popen(
            [sys.executable, "-c", "from flows.cli import main; main()", "serve", *options],
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=output,
            stderr=output,
        )
    until(lambda: "Ctrl-C stops" in words.read_text())
    assert serving.poll() is None, words.read_text()
    assert listened_at(home) == {LOOPBACK}

    gpu = until(lambda: [one for one, said in processes(home).items() if "--limit" in said])
    os.kill(gpu[0], signal.SIGKILL)
    until(lambda: "The worker gpu ended by -9 and is started again" in words.read_text())
    until(lambda: any("--limit" in said for said in processes(home).values()))

    before = len(processes(home))
    begin_a_run(url, "full")
    until(lambda: len(processes(home)) > before)  # it has a process of its own
    serving.send_signal(signal.SIGINT)
    assert serving.wait(PATIENCE) == 0
    assert processes(home) == {}


def begin_a_run(url: str, deployment: str) -> None:
    known = httpx.get(f"{url}/deployments/name/calibration/{deployment}").raise_for_status()
    made = httpx.post(f"{url}/deployments/{known.json()['id']}/create_flow_run", json={})
    made.raise_for_status()
