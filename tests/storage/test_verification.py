"""Verifying a store: what is bad is named, nothing else is, and is taken out to be made again."""

import hashlib
import random
import shutil
from pathlib import Path

import pytest
from small_recipes import (
    EXAMPLES,
    OF_REPORT,
    REPORT,
    SAMPLES,
    SCORES,
    STUDY_FIT,
    SUMMARY,
    TEXTS,
    changed,
)
from whole_store import (
    OTHER_REPORT,
    UNFINISHED,
    ReadOnlyDisk,
    contents,
    fill,
    key_of,
    path_of,
    put,
    put_part,
    put_study,
)

from calibration.errors import StoreError
from calibration.recipes import Recipe
from storage.artifacts import is_complete
from storage.catalogue import INDEX
from storage.local import LocalStore
from storage.manifests import begun_key, manifest_key
from storage.records import RECORD
from storage.store import Store, open_store
from storage.verification import Checked, taken_out, verified


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    fill(store)
    put_part(store, UNFINISHED)
    return store.root


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> LocalStore:
    """A whole store of its own, with an unfinished artifact and an index."""
    shutil.copytree(filled, tmp_path / "store")
    store = LocalStore(tmp_path / "store")
    index = b"what was read before"
    store.write(INDEX, hashlib.sha256(index).hexdigest().encode() + index)
    return store


def bad(store: Store) -> list[Checked]:
    return [one for one in verified(store, jobs=2) if one.fault is not None]


def faults(store: Store) -> dict[str, str]:
    return {one.key: str(one.fault) for one in bad(store)}


def notes(store: Store) -> dict[str, str]:
    return {one.key: one.note for one in verified(store, jobs=2) if one.note is not None}


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


def swap(first: Path, second: Path) -> None:
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def manifest_path(store: LocalStore, recipe: Recipe) -> Path:
    return store.root / manifest_key(recipe.address)


def test_a_whole_store_has_no_faults_and_everything_in_it_is_hashed(store: LocalStore) -> None:
    found = list(verified(store))
    assert [(one.fault, one.note) for one in found] == [(None, None)] * len(found)
    written = {key for key in contents(store) if not key.endswith(".begun")}
    assert {one.key for one in found} == written
    assert sum(one.bytes for one in found) == sum(len(store.read(key)) for key in written)


def test_a_store_in_a_bucket_is_verified_alike(bucket: str) -> None:
    store = open_store(f"{bucket}/prefix")
    put(store, TEXTS)
    put(store, EXAMPLES)
    assert faults(store) == {}
    [part, other] = [key for key in contents(store) if key.startswith(f"{TEXTS.address}/rows-")]
    store.write(part, store.read(other))
    store.remove(manifest_key(EXAMPLES.address))
    found = bad(store)
    assert {one.key for one in found} == {part, manifest_key(EXAMPLES.address)}
    taken_out(store, found)
    assert faults(store) == {}


def test_an_empty_store_has_nothing_to_verify(tmp_path: Path) -> None:
    assert list(verified(LocalStore(tmp_path / "none"))) == []
    assert not (tmp_path / "none").exists()


def test_truncated_flipped_and_removed_files_are_named_and_no_others(store: LocalStore) -> None:
    truncated, flipped = path_of(store, TEXTS), path_of(store, SAMPLES, "rows-00001-*")
    page, removed = path_of(store, REPORT, "page-*"), path_of(store, SCORES)
    truncated.write_bytes(truncated.read_bytes()[:-1])
    flip(flipped, 50)
    page.write_bytes(b"<b>")
    removed.unlink()
    found = faults(store)
    assert set(found) == {key_of(store, path) for path in (truncated, flipped, page, removed)}
    assert found[key_of(store, removed)] == "is missing"
    expected = truncated.stem.rpartition("-")[2][:12]
    assert found[key_of(store, truncated)].startswith("has sha256 ")
    assert found[key_of(store, truncated)].endswith(f"…, expected {expected}…")


def test_two_swapped_files_are_both_named(store: LocalStore) -> None:
    first, second = path_of(store, SAMPLES), path_of(store, SAMPLES, "rows-00001-*")
    swap(first, second)
    assert set(faults(store)) == {key_of(store, first), key_of(store, second)}


def test_a_damaged_part_of_an_unfinished_artifact_is_named(store: LocalStore) -> None:
    part = path_of(store, UNFINISHED)
    flip(part, 9)
    assert set(faults(store)) == {key_of(store, part)}
    taken_out(store, bad(store))
    assert not part.exists()
    assert store.read(begun_key(UNFINISHED.address)) == b""
    assert faults(store) == {}


def test_another_runs_parts_beside_a_complete_artifact_are_no_fault(store: LocalStore) -> None:
    content = b"another run's"
    name = f"rows-00000-{hashlib.sha256(content).hexdigest()}.parquet"
    store.write(f"{TEXTS.address}/{name}", content)
    assert faults(store) == {}


def test_files_that_are_not_ours_are_left_alone(store: LocalStore) -> None:
    before = len(list(verified(store)))
    for key in ("notes.txt", f"{TEXTS.address}/notes.txt", "samples/README", "catalogue/notes"):
        store.write(key, b"mine")
    assert len(list(verified(store))) == before


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff\xfe", b"[1]"])
def test_a_broken_manifest_is_named_in_plain_words(store: LocalStore, content: bytes) -> None:
    store.write(manifest_key(TEXTS.address), content)
    assert faults(store) == {
        manifest_key(TEXTS.address): "is damaged: it does not match its own sha256"
    }


def test_any_flipped_bit_of_a_manifest_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    put(store, TEXTS)
    path = manifest_path(store, TEXTS)
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        path.write_bytes(whole)
        flip(path, at)
        assert set(faults(store)) == {manifest_key(TEXTS.address)}, whole[at - 20 : at + 20]


def test_two_swapped_manifests_are_both_named(store: LocalStore) -> None:
    swap(manifest_path(store, TEXTS), manifest_path(store, EXAMPLES))
    assert faults(store) == {
        manifest_key(TEXTS.address): f"describes {EXAMPLES.address}, which is not where it lies",
        manifest_key(EXAMPLES.address): f"describes {TEXTS.address}, which is not where it lies",
    }


def test_a_copied_manifest_is_named_where_it_does_not_belong(store: LocalStore) -> None:
    elsewhere = changed(SAMPLES, seed=9)
    store.write(manifest_key(elsewhere.address), store.read(manifest_key(SAMPLES.address)))
    store.write("catalogue/copy.json", store.read(manifest_key(SAMPLES.address)))
    assert set(faults(store)) == {manifest_key(elsewhere.address), "catalogue/copy.json"}
    taken_out(store, bad(store))
    assert set(faults(store)) == {"catalogue/copy.json"}  # perhaps a person's own


@pytest.mark.parametrize("recipe", OF_REPORT, ids=lambda recipe: recipe.KIND)
def test_a_manifest_that_was_removed_is_named(store: LocalStore, recipe: Recipe) -> None:
    store.remove(manifest_key(recipe.address))
    assert set(faults(store)) == {manifest_key(recipe.address)}
    taken_out(store, bad(store))
    assert faults(store) == {}


def test_an_ancestor_that_is_gone_with_its_files_is_named_once(store: LocalStore) -> None:
    shutil.rmtree(store.root / EXAMPLES.address)
    store.remove(manifest_key(EXAMPLES.address))
    ((key, fault),) = faults(store).items()
    assert key == manifest_key(EXAMPLES.address)
    assert fault.startswith("is missing, and ")
    assert "was made from it" in fault


def test_a_child_of_what_has_changed_is_noted_and_is_no_fault(store: LocalStore) -> None:
    store.remove(manifest_key(SCORES.address))
    put(store, SCORES, first=7)
    assert faults(store) == {}
    assert notes(store) == {
        manifest_key(SUMMARY.address): "was made from other scores than are there now "
        "(scores of letters): the next run makes it again"
    }


def test_a_child_of_what_is_unfinished_is_noted(store: LocalStore) -> None:
    path_of(store, SCORES).unlink()
    taken_out(store, bad(store))
    assert faults(store) == {}
    assert set(notes(store)) == {manifest_key(SUMMARY.address)}


def test_a_damaged_root_file_is_named_and_left_there(store: LocalStore) -> None:
    key = put_study(store)
    flip(store.root / key, 60)
    ((found, fault),) = faults(store).items()
    assert found == key
    assert "run its study again" in fault
    taken_out(store, bad(store))
    assert set(faults(store)) == {key}
    put_study(store)
    assert faults(store) == {}


def test_two_swapped_root_files_are_both_named(store: LocalStore) -> None:
    keys = {put_study(store), put_study(store, OTHER_REPORT)}
    put(store, OTHER_REPORT)
    assert faults(store) == {}
    swap(*(store.root / key for key in keys))
    assert set(faults(store)) == keys


def test_a_report_that_lost_its_root_file_is_named(store: LocalStore) -> None:
    store.remove(put_study(store))
    ((key, fault),) = faults(store).items()
    assert key == manifest_key(REPORT.address)
    assert "run the study 'study' again" in fault
    taken_out(store, bad(store))
    assert is_complete(store, REPORT)


def test_a_report_of_an_earlier_run_of_a_study_is_noted(store: LocalStore) -> None:
    put_study(store)
    earlier = changed(STUDY_FIT, fits=())
    put(store, earlier)
    put(store, changed(REPORT, study_fit=earlier))
    assert faults(store) == {}
    ((_, note),) = notes(store).items()
    assert "earlier run of 'study'" in note


def test_damaged_records_are_named(store: LocalStore) -> None:
    damaged = {f"{TEXTS.address}/{RECORD}", INDEX}
    for key in damaged:
        flip(store.root / key, -1)
    assert set(faults(store)) == damaged
    taken_out(store, bad(store))
    assert faults(store) == {}
    assert is_complete(store, TEXTS)


def test_a_study_that_was_edited_in_the_store_is_named_and_left_there(store: LocalStore) -> None:
    ((path),) = (store.root / "studies").iterdir()
    path.write_text("name: mine")
    assert set(faults(store)) == {key_of(store, path)}
    taken_out(store, bad(store))
    assert path.read_text() == "name: mine"


def test_what_is_taken_out_is_unfinished_and_nothing_else_is(store: LocalStore) -> None:
    part = path_of(store, TEXTS)
    flip(part, 20)
    assert taken_out(store, bad(store)).startswith("1 taken out")
    assert not part.exists()
    assert path_of(store, TEXTS, "rows-00001-*").exists()
    assert store.read(begun_key(TEXTS.address)) == b""
    assert not is_complete(store, TEXTS)
    assert {is_complete(store, one) for one in (SAMPLES, SCORES, REPORT)} == {True}


def test_a_store_that_may_only_be_read_is_verified_and_left_as_it_is(store: LocalStore) -> None:
    part = path_of(store, TEXTS)
    flip(part, 20)
    sealed = LocalStore(store.root, disk=ReadOnlyDisk())
    before = contents(store)
    found = bad(sealed)
    assert [one.key for one in found] == [key_of(store, part)]
    assert "could not be taken out" in taken_out(sealed, found)
    assert contents(store) == before


class Unreadable(LocalStore):
    """A store on a disk with one bad sector, or that is gone altogether."""

    sector = ""

    def read(self, key: str) -> bytes:
        if key == self.sector:
            raise StoreError(f"{key}: Input/output error")
        return super().read(key)


def test_a_file_that_cannot_be_read_is_named_and_left_there(store: LocalStore) -> None:
    part = path_of(store, SAMPLES)
    failing = Unreadable(store.root)
    failing.sector = key_of(store, part)
    found = bad(failing)
    assert [one.key for one in found] == [failing.sector]
    assert "Input/output error" in str(found[0].fault)
    taken_out(failing, found)
    assert part.exists()


def test_random_damage_of_any_file_is_named_and_nothing_else(store: LocalStore) -> None:
    generator = random.Random(4)
    keys = sorted(key for key in contents(store) if not key.endswith(".begun"))
    for key in generator.sample(keys, 40):
        path = store.root / key
        whole = path.read_bytes()
        if generator.random() < 0.5:
            path.write_bytes(whole[: generator.randrange(len(whole))])
        else:
            flip(path, generator.randrange(len(whole)))
        assert set(faults(store)) == {key}
        path.write_bytes(whole)
    assert faults(store) == {}
