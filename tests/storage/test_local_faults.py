"""Disks that fail, file systems that lack something, and clocks that are wrong."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from forgetful_disk import ForgetfulDisk
from small_recipes import TEXTS

from calibration.errors import StoreError
from storage.artifacts import current_manifest, is_complete, read_table
from storage.catalogue import catalogue
from storage.disk import Disk
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import manifest_key, manifest_of, sealed_manifest
from storage.parts import part_rows, progress_of

ROWS = pl.DataFrame({"value": range(70)})  # two parts
IN_THE_FUTURE = 4_000_000_000  # seconds since 1970


class FailingDisk(ForgetfulDisk):
    """A disk of which one call fails."""

    def __init__(self, failing: int, reason: int) -> None:
        super().__init__(calls=failing)
        self._reason = reason

    @property
    def has_failed(self) -> bool:
        return self.calls < 0

    def _count(self) -> None:
        self.calls -= 1
        if self.calls == -1:
            raise OSError(self._reason, os.strerror(self._reason))


class DiskWithoutLinks(Disk):
    """A file system such as FAT, where a file has one name."""

    def link(self, path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))


class DiskThatFlushesFilesAlone(Disk):
    """Directories cannot be flushed, or not all of them be opened."""

    def __init__(self, reason: int) -> None:
        self._reason = reason

    def flush(self, path: Path) -> None:
        if path.is_dir():
            raise OSError(self._reason, os.strerror(self._reason), str(path))
        super().flush(path)


def make(store: LocalStore) -> None:
    """What a stage does: make the parts that are missing, then seal."""
    if is_complete(store, TEXTS):
        return
    draft = Draft(store, TEXTS)
    files, missing = progress_of(draft, table="texts", rows=len(ROWS))
    for index in missing:
        files[index] = draft.write_table(part_rows(ROWS, index), table="texts", index=index)
    draft.seal(list(files.values()), title="texts")


def require_made(store: LocalStore) -> None:
    assert is_complete(store, TEXTS)
    assert read_table(store, TEXTS, "texts").equals(ROWS)
    assert catalogue(store).begun == frozenset()


@pytest.mark.parametrize("reason", [errno.EIO, errno.ENOSPC])
def test_whichever_call_to_a_disk_fails_is_a_sentence_and_a_rerun_completes(
    tmp_path: Path, reason: int
) -> None:
    for failing in count():
        disk = FailingDisk(failing, reason)
        store = LocalStore(tmp_path / str(failing))
        with suppress(StoreError):
            make(LocalStore(store.root, disk=disk))
        if is_complete(store, TEXTS):
            assert read_table(store, TEXTS, "texts").equals(ROWS)
        make(store)
        require_made(store)
        if not disk.has_failed:
            break
    assert failing > 30


def test_a_disk_that_fails_is_named_with_what_to_do(tmp_path: Path) -> None:
    disk = FailingDisk(failing=3, reason=errno.ENOSPC)
    with pytest.raises(StoreError, match=r"cannot be written: No space left.*run the same command"):
        make(LocalStore(tmp_path / "store", disk=disk))


def test_a_file_system_without_links_still_creates_a_key_once(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", disk=DiskWithoutLinks())
    assert store.create("a/key", b"first")
    assert not store.create("a/key", b"second")
    assert store.read("a/key") == b"first"
    make(store)
    require_made(store)
    assert list(store.leftovers()) == []


@pytest.mark.parametrize("reason", [errno.EINVAL, errno.EACCES])
def test_directories_that_cannot_be_flushed_do_not_stop_a_run(tmp_path: Path, reason: int) -> None:
    make(LocalStore(tmp_path / "store", disk=DiskThatFlushesFilesAlone(reason)))
    require_made(LocalStore(tmp_path / "store"))


@pytest.mark.parametrize("change", [LocalStore.write, LocalStore.create])
def test_a_file_where_a_directory_belongs_is_a_sentence(
    tmp_path: Path, change: Callable[[LocalStore, str, bytes], object]
) -> None:
    store = LocalStore(tmp_path / "store")
    store.write("catalogue", b"in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        change(store, "catalogue/texts/key", b"content")
    assert store.read("catalogue") == b"in the way"
    assert list(store.leftovers()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_store_that_may_only_be_read_is_read_and_writing_is_a_sentence(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    make(store)
    directories = [store.root, *(path for path in store.root.rglob("*") if path.is_dir())]
    for directory in directories:
        directory.chmod(0o555)
    try:
        require_made(store)
        with pytest.raises(StoreError, match="Permission denied"):
            store.write("key", b"")
    finally:
        for directory in directories:
            directory.chmod(0o755)


def test_a_directory_that_is_removed_under_a_run_is_made_by_the_next(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    draft = Draft(store, TEXTS)
    files = [draft.write_table(part_rows(ROWS, 0), table="texts", index=0)]
    shutil.rmtree(store.root)
    files.append(draft.write_table(part_rows(ROWS, 1), table="texts", index=1))
    draft.seal(files, title="texts")
    assert not is_complete(store, TEXTS)
    make(store)
    require_made(store)


def test_clocks_decide_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    make(store)
    manifest = manifest_of(store, TEXTS)
    assert manifest is not None
    later = sealed_manifest(manifest.model_copy(update={"made_at": "2096-10-02T07:06:40+00:00"}))
    store.write(manifest_key(TEXTS.address), later.model_dump_json(indent=1).encode())
    for path in store.root.rglob("*"):
        os.utime(path, (IN_THE_FUTURE, IN_THE_FUTURE))
    make(store)
    assert current_manifest(store, TEXTS) == later
    require_made(store)
