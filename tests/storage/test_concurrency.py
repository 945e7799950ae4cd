"""Several at work on one store: what each is told holds, and nothing is torn, mixed or refused."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from rival_seals import PARTS, RIVALS, part, recipe_of
from small_recipes import TEXTS

from storage.artifacts import is_complete, read_table
from storage.catalogue import catalogue
from storage.disk import Disk
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import manifest_key, manifest_of
from storage.verification import verified

ROOT = Path(__file__).parents[2]
ROUNDS = 12


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalStore, list[list[str]]]:
    """A store in which processes sealed each artifact at once, and what each was told."""
    store = LocalStore(tmp_path_factory.mktemp("rivals") / "store")
    found = subprocess.run(
        [sys.executable, ROOT / "tests" / "rival_seals.py", store.root, str(ROUNDS)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        check=True,
    )
    return store, json.loads(found.stdout)


def test_of_processes_that_seal_different_contents_one_wins_whole(
    rivals: tuple[LocalStore, list[list[str]]],
) -> None:
    store, _ = rivals
    for number in range(ROUNDS):
        rows = read_table(store, recipe_of(number), "rows")
        winner = rows["rival"][0]
        assert rows.equals(pl.concat(part(winner, index) for index in range(PARTS)))
    assert [one for one in verified(store) if one.fault] == []


def test_every_process_is_told_of_the_artifact_that_stays(
    rivals: tuple[LocalStore, list[list[str]]],
) -> None:
    store, told = rivals
    for number, contents in enumerate(told):
        manifest = manifest_of(store, recipe_of(number))
        assert manifest is not None
        assert contents == [manifest.content] * RIVALS
    assert catalogue(store).begun == frozenset()


def at_once(*works: Callable[[], object]) -> None:
    with ThreadPoolExecutor(len(works)) as pool:
        for made in [pool.submit(work) for work in works]:
            made.result()


class MeddledDisk(Disk):
    """A disk on which another run removes a key, and what it leaves empty, just before one call."""

    def __init__(self, other: LocalStore, key: str, *, before: int) -> None:
        self._other = other
        self._key = key
        self._left = before

    @property
    def was_meddled_with(self) -> bool:
        return self._left < 0

    def flush(self, path: Path) -> None:
        self._count()
        super().flush(path)

    def rename(self, path: Path, target: Path) -> None:
        self._count()
        super().rename(path, target)

    def link(self, path: Path, target: Path) -> None:
        self._count()
        super().link(path, target)

    def make_directory(self, path: Path) -> None:
        self._count()
        super().make_directory(path)

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._other.remove(self._key)


@pytest.mark.parametrize("put", [LocalStore.write, LocalStore.create])
@pytest.mark.parametrize("removed", ["a/b/key", "a/b/other"])
def test_a_directory_that_another_run_removes_at_any_moment_stops_nothing(
    tmp_path: Path, put: Callable[[LocalStore, str, bytes], object], removed: str
) -> None:
    for before in count():
        other = LocalStore(tmp_path / f"store-{before}")
        other.write(removed, b"")
        disk = MeddledDisk(other, removed, before=before)
        store = LocalStore(other.root, disk=disk)
        put(store, "a/b/key", b"content")
        if removed == "a/b/other":
            assert store.read("a/b/key") == b"content"
        assert list(store.leftovers()) == []
        if not disk.was_meddled_with:
            break
    assert before > 4


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    whole = [bytes([value]) * 300_000 for value in range(4)]
    store.write("key", whole[0])
    reading = iter(range(300))

    def write() -> None:
        for _ in reading:
            for content in whole:
                store.write("key", content)

    def read() -> None:
        for _ in reading:
            assert store.read("key") in whole

    at_once(read, write, read)


def test_what_another_run_sealed_while_this_one_worked_stays(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    slow, fast = Draft(store, TEXTS), Draft(store, TEXTS)
    kept = fast.seal([fast.write_table(part(1, 0), table="rows")], title="fast")
    assert slow.seal([slow.write_table(part(0, 0), table="rows")], title="slow") == kept
    assert read_table(store, TEXTS, "rows").equals(part(1, 0))
    assert [entry.key for entry in store.entries("catalogue")] == [manifest_key(TEXTS.address)]


def test_what_another_run_sealed_and_lost_again_is_sealed_anew(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    slow, fast = Draft(store, TEXTS), Draft(store, TEXTS)
    mine = slow.write_table(part(0, 0), table="rows")
    lost = fast.write_table(part(1, 0), table="rows")
    fast.seal([lost], title="fast")
    store.remove(f"{TEXTS.address}/{lost.name}")
    assert slow.seal([mine], title="slow").title == "slow"
    assert is_complete(store, TEXTS)
    assert read_table(store, TEXTS, "rows").equals(part(0, 0))
