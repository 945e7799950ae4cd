"""Processes that make a whole study, each begun at once from a server that has imported all."""

import multiprocessing
import os
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from threading import RLock

import pytest
from faults import JournalStore, open_as

ROOT = Path(__file__).parents[1]


@cache
def server() -> ForkServerContext:
    """Where processes come from; it imports for seconds, once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        # It finds modules by the environment alone, and threads must not start in it.
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
        patch.setenv("OMP_NUM_THREADS", "1")
        forkserver.ensure_running()
    return context


def wait_for_server() -> None:
    """Returns once processes begin at once."""
    process = server().Process()
    process.start()
    process.join()


def begun(study: Path, store: str) -> ForkServerProcess:
    """A process that makes the tables of a study in the store at a location; no report of them."""
    process = server().Process(target=_make, args=(study, store))
    process.start()
    return process


def make(study: Path, store: str) -> None:
    """Make the tables of a study in a process of its own, to the end."""
    process = begun(study, store)
    process.join()
    assert process.exitcode == 0


def _make(study: Path, store: str) -> None:
    from direct import run_directly
    from tqdm import tqdm

    from tasks.report import report

    # Its own lock is one for all that are forked, and one that was killed may hold it for ever.
    tqdm.set_lock(RLock())
    open_as("journal", JournalStore)
    run_directly(study, store, left_out=(report,))
