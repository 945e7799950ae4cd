"""Whole studies in processes of their own: killed at any moment, and eight at once on one store."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from faults import Contents, contents, journal_of
from markov import chain, texts, write_texts
from study_processes import begun, make, wait_for_server

from storage.artifacts import is_complete_at
from storage.catalogue import catalogue
from storage.local import LocalStore
from storage.manifests import manifest_at
from storage.store import open_store
from studies import PROMPT, model, write_models, write_study

EXAMPLES, CONTINUATION, TABLE_PARTS = 70, 24, 2
DECODINGS = [{"temperature": 1.0}, {"temperature": 0.8}]
KILLS_IN_A_ROW = 10
LONGEST = 0.25  # of an uninterrupted run, until a kill
PARTS = ("samples", "scores")  # tables that are made part by part


class Uninterrupted(NamedTuple):
    """A study, what an uninterrupted run made of it, and in which time."""

    study: Path
    contents: Contents
    seconds: float


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    root = tmp_path_factory.mktemp("study")
    write_models(root, count=1)
    lines = texts(chain(99), count=EXAMPLES, length=PROMPT + CONTINUATION, seed=5)
    write_texts(root / "texts.jsonl", lines)
    dataset = {
        "name": "letters",
        "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
        "prompt": PROMPT,
        "continuation": CONTINUATION,
        "examples": EXAMPLES,
    }
    study = write_study(root, models=[model(0)], datasets=[dataset], decodings=DECODINGS)
    wait_for_server()
    start = time.monotonic()
    make(study, str(root / "store"))
    seconds = time.monotonic() - start
    return Uninterrupted(study, contents(open_store(str(root / "store"))), seconds)


def killed_in_a_row(one: Uninterrupted, store: str, *, moments: Iterator[float]) -> int:
    """Kill runs of a study, each continuing where the last was killed; how many were.

    The last one runs to its end.
    """
    for kills in range(KILLS_IN_A_ROW):
        process = begun(one.study, store)
        process.join(next(moments) * one.seconds)
        if process.exitcode is not None:
            assert process.exitcode == 0
            return kills
        process.kill()
        process.join()
    make(one.study, store)
    return KILLS_IN_A_ROW


def writes_of_parts(root: Path) -> list[tuple[int, str, str]]:
    """The process, `begun` or `finished`, and the key, of every write of a part, in order."""
    store = LocalStore(root)
    manifests = [manifest_at(store, address) for address in catalogue(store).artifacts]
    keys = {
        f"{manifest.address}/{file.name}"
        for manifest in manifests
        if manifest is not None
        for file in manifest.files
        if file.table in PARTS and manifest.address.startswith(PARTS)
    }
    assert len(keys) == len(PARTS) * len(DECODINGS) * TABLE_PARTS
    lines = (json.loads(line) for line in journal_of(root).read_text().splitlines())
    return [(process, what, key) for process, what, key in lines if key in keys]


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.nightly)])
def test_a_study_that_was_killed_again_and_again_loses_and_changes_nothing(
    uninterrupted: Uninterrupted, tmp_path: Path, kills: int
) -> None:
    generator = random.Random(kills)
    moments = iter(lambda: generator.uniform(0, LONGEST), None)
    made = 0
    while made < kills:
        root = tmp_path / f"store-{made}"
        in_a_row = killed_in_a_row(uninterrupted, f"journal://{root}", moments=moments)
        made += in_a_row
        assert contents(LocalStore(root)) == uninterrupted.contents
        writes = writes_of_parts(root)
        finished = Counter(key for _, what, key in writes if what == "finished")
        assert set(finished.values()) <= {1}, "a finished part was made twice"
        begun_writes = [key for _, what, key in writes if what == "begun"]
        assert len(begun_writes) - len(set(begun_writes)) <= in_a_row, "more than a part was lost"
        for number, (process, what, key) in enumerate(writes):
            if what == "finished":  # nothing else was under way in that process
                assert writes[number - 1] == (process, "begun", key)


def test_eight_processes_at_once_make_each_artifact_once_and_whole(
    uninterrupted: Uninterrupted, tmp_path: Path
) -> None:
    store = open_store(str(tmp_path / "store"))
    processes = [begun(uninterrupted.study, store.location) for _ in range(8)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    assert contents(store) == uninterrupted.contents
    found = catalogue(store)
    assert (found.damaged, found.begun) == ((), frozenset())
    assert all(is_complete_at(store, address) for address in found.artifacts)
    assert list(store.leftovers()) == []
