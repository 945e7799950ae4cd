"""Drafts: what is written says what it is, and a seal never undoes another's."""

import hashlib
from pathlib import Path

import polars as pl
import pytest
from small_artifacts import SCHEMA, frame, manifest_path, path_of, sealed
from small_recipes import EXAMPLES, TEXTS, changed

from calibration.errors import StoreError
from storage.artifacts import is_complete, read_table
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import StoredFile, begun_key, manifest_key, manifest_of
from storage.store import names


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def begun(store: LocalStore) -> bool:
    return (store.root / begun_key(TEXTS.address)).exists()


def test_a_manifest_says_what_the_artifact_is(store: LocalStore) -> None:
    manifest = sealed(store)
    assert manifest_of(store, TEXTS) == manifest
    assert manifest.address == TEXTS.address
    assert manifest.recipe == TEXTS.canonical
    assert manifest.title == "a title"
    assert manifest.rows == 140  # of its own table; not of what lies beside it
    assert manifest.facts == {"vocabulary": 8, "share": 0.5, "failure": None}
    assert (manifest.seconds, manifest.tokens_per_second) == (2.0, 150.0)
    assert manifest.memory_bytes > 0
    assert list(manifest.schemas) == ["replay", "samples"]
    assert list(manifest.schemas["samples"]) == list(SCHEMA)
    assert [(file.table, file.index, file.rows) for file in manifest.files] == [
        ("replay", 0, 5),
        ("samples", 0, 70),
        ("samples", 1, 70),
    ]
    assert {"python", "polars", "torch"} <= set(manifest.versions)


def test_files_are_named_by_table_index_and_content(store: LocalStore) -> None:
    for file in sealed(store).files:
        content = path_of(store, file.name).read_bytes()
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.name == f"{file.table}-{file.index:05d}-{file.sha256}.parquet"
        assert file.bytes == len(content)


def test_files_that_are_no_tables_are_named_by_content_too(store: LocalStore) -> None:
    draft, digest = Draft(store, TEXTS), hashlib.sha256(b"<p>").hexdigest()
    page = draft.write_file("report.html", b"<p>")
    expected = StoredFile(name=f"report-{digest}.html", label="report.html", sha256=digest, bytes=3)
    assert page == expected
    manifest = draft.seal([page], title="t", seconds=0.0)
    assert (manifest.rows, manifest.schemas, manifest.tokens_per_second) == (0, {}, None)


def test_equal_frames_are_equal_bytes(tmp_path: Path) -> None:
    whole = frame()
    pieces = pl.concat([whole[:10], whole[10:11], whole[11:]], rechunk=False)
    shifted = pl.concat([frame(0), frame(0)])[70:]
    rebuilt = pl.DataFrame(whole.to_dicts(), schema=SCHEMA)
    stored = [
        Draft(LocalStore(tmp_path / str(number)), TEXTS).write_table(one, table="samples")
        for number, one in enumerate((whole, pieces, shifted, rebuilt))
    ]
    assert len(set(stored)) == 1


def test_parts_of_other_recipes_tables_and_indices_are_other_bytes(store: LocalStore) -> None:
    draft, other = Draft(store, TEXTS), Draft(store, changed(TEXTS, seed=1))
    stored = [
        draft.write_table(frame(), table="samples"),
        draft.write_table(frame(), table="samples", index=1),
        draft.write_table(frame(), table="replay"),
        other.write_table(frame(), table="samples"),
    ]
    assert len({file.sha256 for file in stored}) == 4


def test_a_draft_is_marked_from_its_first_file_to_its_seal(store: LocalStore) -> None:
    draft = Draft(store, TEXTS)
    assert not begun(store)
    file = draft.write_table(frame(), table="texts")
    assert begun(store)
    draft.seal([file], title="t")
    assert not begun(store)


def test_a_draft_without_its_parents_is_a_sentence(store: LocalStore) -> None:
    with pytest.raises(StoreError, match=f"{TEXTS.address} was expected in {store.location}"):
        Draft(store, EXAMPLES)


def test_a_manifest_names_what_its_parents_held(store: LocalStore) -> None:
    parent = sealed(store)
    assert sealed(store, EXAMPLES).made_from == {TEXTS.address: parent.content}
    assert is_complete(store, EXAMPLES)


def test_what_was_made_from_something_else_is_not_complete_and_is_sealed_anew(
    store: LocalStore,
) -> None:
    parent = sealed(store)
    child = sealed(store, EXAMPLES)
    store.remove(manifest_key(TEXTS.address))
    assert not is_complete(store, EXAMPLES)
    again = sealed(store, first=1)
    assert again.content != parent.content
    assert not is_complete(store, EXAMPLES)
    assert sealed(store, EXAMPLES).made_from == {TEXTS.address: again.content}
    assert is_complete(store, EXAMPLES)
    assert manifest_of(store, EXAMPLES) != child


def test_a_parent_made_again_as_it_was_leaves_its_children_complete(store: LocalStore) -> None:
    sealed(store)
    child = sealed(store, EXAMPLES)
    store.remove(manifest_key(TEXTS.address))
    sealed(store)
    assert is_complete(store, EXAMPLES)
    assert manifest_of(store, EXAMPLES) == child


def test_of_two_that_seal_one_artifact_the_first_stays_and_both_are_told(
    store: LocalStore,
) -> None:
    slow = Draft(store, TEXTS)
    file = slow.write_table(frame(1), table="samples")
    first = sealed(store)
    assert slow.seal([file], title="slow") == first
    assert manifest_of(store, TEXTS) == first
    assert len(read_table(store, TEXTS, "samples")) == 140


def test_a_seal_replaces_a_manifest_that_does_not_hold(store: LocalStore) -> None:
    first = sealed(store)
    path_of(store, first.files[0].name).unlink()
    manifest_path(store).write_bytes(manifest_path(store).read_bytes())
    assert sealed(store, first=1) == manifest_of(store, TEXTS) != first
    manifest_path(store).write_bytes(b"{")
    assert sealed(store) == manifest_of(store, TEXTS)


def test_what_an_earlier_run_made_has_its_schema_too(store: LocalStore) -> None:
    files = [Draft(store, TEXTS).write_table(frame(), table="samples")]
    manifest = Draft(store, TEXTS).seal(files, title="t")
    assert list(manifest.schemas["samples"]) == list(SCHEMA)


def test_where_a_store_lies_is_no_part_of_what_it_holds(tmp_path: Path) -> None:
    here, there = LocalStore(tmp_path / "here"), LocalStore(tmp_path / "there")
    sealed(here)
    here.root.rename(there.root)
    assert is_complete(there, TEXTS)
    assert len(names(there, TEXTS.address)) == 3
