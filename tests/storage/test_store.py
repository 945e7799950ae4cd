"""Bytes by key: each whole or absent, whatever stops a write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calibration.errors import StoreError
from storage.store import ASIDE, Store, open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def child(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_written_is_read_and_measured(store: Store) -> None:
    store.write("a/b/c.bin", b"123")
    assert store.read("a/b/c.bin") == b"123"
    assert store.size("a/b/c.bin") == 3
    store.write("a/b/c.bin", b"")
    assert store.read("a/b/c.bin") == b""
    assert store.size("a/b/c.bin") == 0


def test_what_is_missing_is_a_key_error_and_has_no_size(store: Store) -> None:
    for key in ("nothing", "no/such/key"):
        with pytest.raises(KeyError, match=key):
            store.read(key)
        assert store.size(key) is None
    store.write("file", b"1")
    with pytest.raises(KeyError, match="file/below"):
        store.read("file/below")
    assert store.size("file/below") is None


def test_removing_leaves_nothing_and_may_be_repeated(store: Store) -> None:
    store.write("a/b", b"1")
    store.remove("a/b")
    store.remove("a/b")
    assert list(store.keys()) == []


def test_names_are_the_files_right_below_a_prefix_sorted(store: Store) -> None:
    for key in ("a/2", "a/1", "a/deeper/3", "b/4"):
        store.write(key, b"")
    assert store.names("a") == ["1", "2"]
    assert store.names("c") == []
    assert list(store.keys()) == ["a/1", "a/2", "a/deeper/3", "b/4"]


def test_a_store_that_is_not_there_is_empty(store: Store) -> None:
    assert list(store.keys()) == []
    assert not store.root.exists()


def test_a_file_left_aside_is_invisible(store: Store) -> None:
    store.write("a/1", b"whole")
    (store.root / "a" / f"{ASIDE}0123").write_bytes(b"ha")
    assert store.names("a") == ["1"]
    assert list(store.keys()) == ["a/1"]


def test_a_write_leaves_nothing_aside(store: Store) -> None:
    store.write("a/1", b"whole")
    assert [path.name for path in (store.root / "a").iterdir()] == ["1"]


def test_a_kill_leaves_a_whole_file(store: Store) -> None:
    program = (
        "import itertools, sys; from pathlib import Path; from storage.store import Store\n"
        "for n in itertools.count():\n"
        "    Store(Path(sys.argv[1])).write('a/key', bytes([n % 256]) * 1_000_000)\n"
        "    print(n, flush=True)\n"
    )
    with child(program, str(store.root)) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    found = store.read("a/key")
    assert found == found[:1] * 1_000_000
    assert store.names("a") == ["key"]


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(store: Store) -> None:
    store.write("a/key", b"before")
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from calibration.errors import StoreError; from storage.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: Store(Path(sys.argv[1])).write('a/key', b'x' * 5000)\n"
        "except StoreError as error: print(error)\n"
    )
    with child(program, str(store.root)) as process:
        said = process.communicate()[0]
    assert said.startswith(f"the store {store.root} cannot be written: File too large")
    assert store.read("a/key") == b"before"
    assert [path.name for path in (store.root / "a").iterdir()] == ["key"]


def test_a_file_in_the_way_is_a_sentence(store: Store) -> None:
    store.write("a", b"in the way")
    with pytest.raises(StoreError) as caught:
        store.write("a/b/c", b"1")
    said = str(caught.value)
    assert said.startswith(f"the store {store.root} cannot be written: ")
    assert said.endswith("so mend this and run the same command again")
    assert str(store.root / "a") in said
    assert store.read("a") == b"in the way"


def test_a_directory_in_the_way_is_a_sentence(store: Store) -> None:
    store.write("a/b", b"1")
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        store.read("a")
    with pytest.raises(StoreError, match="cannot be written: "):
        store.write("a", b"1")
    with pytest.raises(StoreError, match="cannot be written: "):
        store.remove("a")
    assert store.names("a") == ["b"]
    assert [path.name for path in store.root.iterdir()] == ["a"]


def test_a_store_is_opened_by_its_path(tmp_path: Path) -> None:
    assert open_store(str(tmp_path / "new")).root == tmp_path / "new"
    assert open_store("relative").root == Path("relative").absolute()


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="a directory was expected for the store, found the file"):
        open_store(str(tmp_path / "file"))
    with pytest.raises(StoreError, match="found 's3://bucket': give a path, for instance --store"):
        open_store("s3://bucket")
