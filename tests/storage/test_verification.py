"""Verifying a store: every bad file is named, and no other."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from small_recipes import EXAMPLES, SAMPLES, SCORES, TEXTS, changed

from calibration.recipes import Recipe
from storage.artifacts import MANIFEST, seal, state_of, unseal, write_file, write_table
from storage.store import Store
from storage.verification import verified

HUGE = changed(TEXTS, seed=2**70)


def frame(start: int) -> pl.DataFrame:
    return pl.DataFrame({"example": range(start, start + 50)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Five whole artifacts, one unfinished, and what else lies in a store."""
    store = Store(tmp_path / "store")
    for recipe in (TEXTS, EXAMPLES, SAMPLES, SCORES, HUGE):
        files = [
            write_table(store, recipe, frame(start), table="rows", index=index)
            for index, start in enumerate((0, 50, 100))
        ]
        files.append(write_file(store, recipe, "page.html", b"<p>"))
        seal(store, recipe, files, title="t", seconds=0.0)
    write_table(store, changed(SAMPLES, seed=9), frame(0), table="rows")
    store.write(f"{TEXTS.address}/prefect.json", b"{}")
    store.write("roots/0123.json", b"{}")
    return store


def faults(store: Store) -> dict[str, str]:
    return {one.key: one.fault for one in verified(store) if one.fault is not None}


def part(store: Store, recipe: Recipe, index: int) -> Path:
    (found,) = (store.root / recipe.address).glob(f"rows-{index:05d}-*")
    return found


def key(store: Store, path: Path) -> str:
    return path.relative_to(store.root).as_posix()


def test_a_whole_store_has_no_faults_and_every_named_file_is_looked_at(store: Store) -> None:
    found = list(verified(store))
    assert [one.fault for one in found] == [None] * 25  # a manifest, three parts and a page each
    assert len({one.key for one in found}) == 25
    assert all(store.size(one.key) is not None for one in found)


def test_an_empty_store_has_nothing_to_verify(tmp_path: Path) -> None:
    assert list(verified(Store(tmp_path / "none"))) == []


def test_truncated_flipped_and_removed_files_are_named_and_no_others(store: Store) -> None:
    truncated, flipped, removed = (
        part(store, recipe, index) for recipe, index in ((TEXTS, 0), (SAMPLES, 1), (SCORES, 2))
    )
    truncated.write_bytes(truncated.read_bytes()[:-1])
    content = bytearray(flipped.read_bytes())
    content[50] ^= 1
    flipped.write_bytes(bytes(content))
    removed.unlink()
    found = faults(store)
    assert set(found) == {key(store, path) for path in (truncated, flipped, removed)}
    assert found[key(store, removed)] == "is missing"
    for path in (truncated, flipped):
        expected = path.stem.rpartition("-")[2][:12]
        assert found[key(store, path)].startswith("has sha256 ")
        assert found[key(store, path)].endswith(f"…, expected {expected}…")


def test_two_swapped_files_are_both_named(store: Store) -> None:
    first, second = part(store, SAMPLES, 0), part(store, SAMPLES, 2)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert set(faults(store)) == {key(store, first), key(store, second)}


def test_a_file_that_is_no_table_is_verified_too(store: Store) -> None:
    page = store.root / SCORES.address / "page.html"
    page.write_bytes(b"<b>")
    assert set(faults(store)) == {key(store, page)}


def test_a_manifest_moved_to_another_address_is_named_and_nothing_else(store: Store) -> None:
    elsewhere = changed(SAMPLES, seed=9)
    (store.root / SAMPLES.address / MANIFEST).rename(store.root / elsewhere.address / MANIFEST)
    ((found, fault),) = faults(store).items()
    assert found == f"{elsewhere.address}/{MANIFEST}"
    assert fault == f"describes {SAMPLES.address}, which is not where it lies"


def test_a_copied_artifact_is_named_where_it_does_not_belong(store: Store) -> None:
    shutil.copytree(store.root / TEXTS.address, store.root / "texts/00/copy")
    assert set(faults(store)) == {f"texts/00/copy/{MANIFEST}"}


def test_two_swapped_manifests_are_both_named(store: Store) -> None:
    first, second = (store.root / one.address / MANIFEST for one in (TEXTS, EXAMPLES))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert set(faults(store)) == {key(store, first), key(store, second)}


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff\xfe", b"[1]"])
def test_a_broken_manifest_is_named_in_plain_words(store: Store, content: bytes) -> None:
    store.write(f"{TEXTS.address}/{MANIFEST}", content)
    assert faults(store) == {
        f"{TEXTS.address}/{MANIFEST}": "is damaged: it does not match its own sha256"
    }


@pytest.mark.parametrize("field", ["title", "rows", "made_at", "versions"])
def test_a_manifest_that_says_something_else_is_named(store: Store, field: str) -> None:
    path = store.root / SAMPLES.address / MANIFEST
    manifest = json.loads(path.read_bytes())
    path.write_text(json.dumps(manifest | {field: manifest["address"]}))
    assert set(faults(store)) == {key(store, path)}


def test_any_flipped_bit_of_a_manifest_is_named(store: Store) -> None:
    alone = Store(store.root / "alone")
    shutil.copytree(store.root / SAMPLES.address, alone.root / SAMPLES.address)
    path = alone.root / SAMPLES.address / MANIFEST
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert set(faults(alone)) == {key(alone, path)}, whole[at - 20 : at + 20]


def test_what_is_taken_out_is_made_again_and_nothing_else(store: Store) -> None:
    bad = part(store, SAMPLES, 1)
    bad.write_bytes(bad.read_bytes()[:-1] + b"x")
    for faulty in faults(store):
        unseal(store, faulty)
    assert not bad.exists()
    assert state_of(store, SAMPLES) == "partial"
    assert {state_of(store, one) for one in (TEXTS, EXAMPLES, SCORES, HUGE)} == {"complete"}
    assert faults(store) == {}
