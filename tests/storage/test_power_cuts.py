"""Power cuts after every call to the disk: what was written is there, the rest is made again."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from forgetful_disk import ForgetfulDisk, ForgetfulDiskWithoutFlushes, PowerCut
from small_recipes import TEXTS, changed

from storage.artifacts import is_complete, read_table, unseal
from storage.drafts import Draft
from storage.entries import Entry
from storage.local import LocalStore
from storage.manifests import manifest_key, manifest_of, parsed_manifest
from storage.parts import part_rows, progress_of
from storage.roots import ROOTS

ROWS = pl.DataFrame({"value": np.arange(130)})  # three parts
RECIPES = (TEXTS, changed(TEXTS, seed=1))
STORE = "deep/store"  # two directories that are not there at first
NEVER = -1  # calls after which the power is cut
ROOT_FILE = f"{ROOTS}/study.json"
Outcomes = tuple[bytes | None, ...]  # what a key may hold; None where it may hold nothing


class Noting:
    """A store that notes what each key may hold after a power cut: what was promised of it."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self.promised: dict[str, Outcomes] = {}
        self.removed: set[str] = set()
        self.location = store.location

    def place(self, key: str) -> str:
        return self._store.place(key)

    def read(self, key: str) -> bytes:
        return self._store.read(key)

    def write(self, key: str, content: bytes) -> None:
        self._may_hold(key, content)
        self._store.write(key, content)
        self.promised[key] = (content,)

    def create(self, key: str, content: bytes) -> bool:
        before = self.promised.get(key, (None,))
        self._may_hold(key, content)
        created = self._store.create(key, content)
        self.promised[key] = (content,) if created else before
        return created

    def remove(self, key: str) -> None:
        self._may_hold(key, None)
        self.removed.add(key)
        self._store.remove(key)

    def entries(self, prefix: str) -> Iterator[Entry]:
        return self._store.entries(prefix)

    def leftovers(self) -> Iterator[Entry]:
        return self._store.leftovers()

    def _may_hold(self, key: str, content: bytes | None) -> None:
        self.promised[key] = (*self.promised.get(key, (None,)), content)


def make(store: LocalStore | Noting) -> None:
    """What stages do: make the parts that are missing, then seal."""
    store.write(ROOT_FILE, b"what the study wants")
    for recipe in RECIPES:
        if not is_complete(store, recipe):
            draft = Draft(store, recipe)
            files, missing = progress_of(draft, table="texts", rows=len(ROWS))
            for index in missing:
                files[index] = draft.write_table(part_rows(ROWS, index), table="texts", index=index)
            draft.seal(list(files.values()), title="texts")


def make_and_mend(store: LocalStore | Noting) -> None:
    """The same, then again after a part was found damaged and the study was edited."""
    make(store)
    manifest = manifest_of(store, TEXTS)
    assert manifest is not None
    unseal(store, TEXTS.address, manifest.files[1].name)
    make(store)
    store.write(ROOT_FILE, b"what the edited study wants")


def left_after(disk: ForgetfulDisk, directory: Path, *, seed: int) -> Noting | None:
    """Work until the power is cut; what is left is below `directory`. None: it was not cut."""
    root, left = directory / "before", directory / "left"
    root.mkdir(parents=True)
    left.mkdir()
    store = Noting(LocalStore(root / STORE, disk=disk))
    try:
        make_and_mend(store)
    except PowerCut:
        disk.write_what_is_left(root, left, seed=seed)
        return store
    return None


def outcomes(
    directory: Path, disk_kind: type[ForgetfulDisk], *, seed: int
) -> Iterator[tuple[Noting, LocalStore]]:
    """What was promised and what is there, for a power cut after every call."""
    for calls in count():
        noted = left_after(disk_kind(calls), directory / str(calls), seed=seed + calls)
        if noted is None:
            return
        left = directory / str(calls) / "left" / STORE
        yield noted, LocalStore(left, disk=ForgetfulDisk(NEVER))


def held(store: LocalStore, key: str) -> bytes | None:
    try:
        return store.read(key)
    except KeyError:
        return None


def broken_promises(noted: Noting, store: LocalStore) -> list[str]:
    return [key for key, allowed in noted.promised.items() if held(store, key) not in allowed]


def require_whole_or_absent(noted: Noting, store: LocalStore) -> None:
    """No manifest is torn, and none that was not to be removed names what is not there."""
    for recipe in RECIPES:
        key = manifest_key(recipe.address)
        if held(store, key) is not None:
            assert parsed_manifest(store.read(key)).address == recipe.address
            assert is_complete(store, recipe) or key in noted.removed
        if is_complete(store, recipe):
            assert read_table(store, recipe, "texts").equals(ROWS)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(1000 * one, marks=pytest.mark.nightly) for one in range(1, 21))]
)
def test_what_was_written_is_there_whole_and_a_rerun_completes(tmp_path: Path, seed: int) -> None:
    cuts = 0
    for noted, store in outcomes(tmp_path, ForgetfulDisk, seed=seed):
        assert broken_promises(noted, store) == []
        require_whole_or_absent(noted, store)
        make(store)
        for recipe in RECIPES:
            assert read_table(store, recipe, "texts").equals(ROWS)
        cuts += 1
    assert cuts > 100


def test_a_store_that_does_not_flush_breaks_its_promises(tmp_path: Path) -> None:
    without = outcomes(tmp_path, ForgetfulDiskWithoutFlushes, seed=0)
    kept = [not broken_promises(*one) for one in without]
    assert kept.count(False) > len(kept) / 2


@pytest.mark.parametrize("calls", [0, 1])
def test_a_machine_that_is_off_does_nothing_more(tmp_path: Path, calls: int) -> None:
    store = LocalStore(tmp_path / "store", disk=ForgetfulDisk(calls))
    for _ in range(2):
        with pytest.raises(PowerCut):
            store.write("key", b"content")
    assert [path.name for path in tmp_path.rglob("*")] == ["store"] * calls
