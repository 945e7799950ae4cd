"""Bytes by key, in a directory and in a bucket alike; and what stops a write to a directory."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from calibration.errors import StoreError
from storage.local import ASIDE, LocalStore
from storage.store import Store, names, open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["directory", "bucket"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "directory":
        return str(tmp_path / "store")
    bucket: str = request.getfixturevalue("bucket")
    return f"{bucket}/a-prefix/below"


@pytest.fixture
def store(location: str) -> Store:
    return open_store(location)


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def keys(store: Store, prefix: str = "") -> list[str]:
    return sorted(entry.key for entry in store.entries(prefix))


def test_what_is_written_is_read(store: Store) -> None:
    for content in (b"123", b"", bytes(range(256)) * 12_000):
        store.write("a/b/c.bin", content)
        assert store.read("a/b/c.bin") == content


def test_what_is_missing_is_a_key_error(store: Store) -> None:
    store.write("file", b"1")
    for key in ("nothing", "no/such/key", "file/below"):
        with pytest.raises(KeyError, match=key):
            store.read(key)


def test_a_free_key_is_taken_once(store: Store) -> None:
    assert store.create("a/key", b"first") is True
    assert store.create("a/key", b"second") is False
    assert store.read("a/key") == b"first"
    store.remove("a/key")
    assert store.create("a/key", b"") is True
    assert store.create("a/key", b"third") is False
    assert store.read("a/key") == b""


def test_of_many_that_take_a_key_at_once_one_has_it(store: Store) -> None:
    contents = [bytes([number]) * 1000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda content: store.create("a/key", content), contents))
    assert taken.count(True) == 1
    assert store.read("a/key") == contents[taken.index(True)]


def test_removing_leaves_nothing_and_may_be_repeated(store: Store) -> None:
    store.write("a/b", b"1")
    store.remove("a/b")
    store.remove("a/b")
    store.remove("never/there")
    assert keys(store) == []


def test_entries_are_all_keys_below_a_whole_name(store: Store) -> None:
    written = ["a/1", "a/deeper/2", "ab/3", "a.json", "b"]
    for key in written:
        store.write(key, b"")
    assert keys(store) == sorted(written)
    assert keys(store, "a") == ["a/1", "a/deeper/2"]
    assert keys(store, "a/deeper") == ["a/deeper/2"]
    assert keys(store, "c") == []


def test_an_entry_shows_size_and_time_and_other_bytes_by_another_stamp(store: Store) -> None:
    store.write("a/1", b"one")
    store.write("a/2", b"three")
    first, other = sorted(store.entries("a"))
    assert (first.size, other.size) == (3, 5)
    assert abs(first.changed - time.time()) < 3600
    store.write("a/1", b"two")
    second, same = sorted(store.entries("a"))
    assert second.stamp != first.stamp
    assert same == other


def test_names_are_the_files_right_below_a_prefix_sorted(store: Store) -> None:
    for key in ("a/2", "a/1", "a/deeper/3", "b/4"):
        store.write(key, b"")
    assert names(store, "a") == ["1", "2"]
    assert names(store, "c") == []


def test_a_store_that_nothing_was_written_to_is_empty(store: Store) -> None:
    assert keys(store) == []
    assert list(store.leftovers()) == []


def test_a_write_leaves_nothing_but_its_key(store: Store) -> None:
    store.write("a/1", b"whole")
    store.create("a/1", b"again")
    assert keys(store) == ["a/1"]
    assert list(store.leftovers()) == []


def test_its_location_opens_a_store_again(store: Store, location: str) -> None:
    store.write("a/1", b"1")
    assert open_store(store.location).read("a/1") == b"1"
    assert store.place("a/1") == f"{store.location}/a/1"
    assert open_store(f"{location}/").location == store.location


def test_stores_that_lie_beside_each_other_share_nothing(location: str) -> None:
    one, other = open_store(location), open_store(f"{location}-more")
    one.write("a", b"1")
    assert keys(other) == []
    assert other.create("a", b"2") is True
    assert one.read("a") == b"1"


# What is special to a directory.


def child(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_reading_makes_no_directory(local: LocalStore) -> None:
    assert keys(local) == []
    with pytest.raises(KeyError):
        local.read("a")
    local.remove("a")
    assert not local.root.exists()


def test_a_directory_goes_with_its_last_file(local: LocalStore) -> None:
    local.write("a/b/1", b"")
    local.write("a/2", b"")
    local.remove("a/b/1")
    assert [path.name for path in (local.root / "a").iterdir()] == ["2"]
    local.remove("a/2")
    assert not (local.root / "a").exists()


def test_what_a_kill_left_aside_is_seen_among_leftovers_only(local: LocalStore) -> None:
    local.write("a/1", b"whole")
    (local.root / ASIDE / "0123").write_bytes(b"ha")
    assert keys(local) == ["a/1"]
    assert [(entry.key, entry.size) for entry in local.leftovers()] == [(f"{ASIDE}/0123", 2)]


def test_a_kill_leaves_a_whole_file(local: LocalStore) -> None:
    program = (
        "import itertools, sys; from pathlib import Path; from storage.local import LocalStore\n"
        "for n in itertools.count():\n"
        "    LocalStore(Path(sys.argv[1])).write('a/key', bytes([n % 256]) * 1_000_000)\n"
        "    print(n, flush=True)\n"
    )
    with child(program, str(local.root)) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    found = local.read("a/key")
    assert found == found[:1] * 1_000_000
    assert keys(local) == ["a/key"]


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(local: LocalStore) -> None:
    local.write("a/key", b"before")
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from calibration.errors import StoreError; from storage.local import LocalStore\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: LocalStore(Path(sys.argv[1])).write('a/key', b'x' * 5000)\n"
        "except StoreError as error: print(error)\n"
    )
    with child(program, str(local.root)) as process:
        said = process.communicate()[0]
    assert said.startswith(f"the store {local.root} cannot be written: File too large")
    assert local.read("a/key") == b"before"
    assert keys(local) == ["a/key"]
    assert list(local.leftovers()) == []


def test_a_file_in_the_way_is_a_sentence(local: LocalStore) -> None:
    local.write("a", b"in the way")
    with pytest.raises(StoreError) as caught:
        local.write("a/b/c", b"1")
    said = str(caught.value)
    assert said.startswith(f"the store {local.root} cannot be written: ")
    assert said.endswith("so mend this and run the same command again")
    assert str(local.root / "a") in said
    assert local.read("a") == b"in the way"
    assert list(local.leftovers()) == []


def test_a_directory_in_the_way_is_a_sentence(local: LocalStore) -> None:
    local.write("a/b", b"1")
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        local.read("a")
    for change in (lambda: local.write("a", b"1"), lambda: local.remove("a")):
        with pytest.raises(StoreError, match="cannot be written: "):
            change()
    assert keys(local) == ["a/b"]


# What opens a store.


def test_a_store_is_opened_by_its_path(tmp_path: Path) -> None:
    assert open_store(str(tmp_path / "new")).location == str(tmp_path / "new")
    assert open_store("relative").location == str(Path("relative").absolute())


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="a directory was expected for the store, found the file"):
        open_store(str(tmp_path / "file"))


@pytest.mark.parametrize("location", ["gs://bucket", "https://host/bucket", "S3://bucket"])
def test_what_is_of_another_kind_is_refused(location: str) -> None:
    with pytest.raises(StoreError, match=f"found '{location}': give one of them, for instance"):
        open_store(location)
