"""Artifacts: complete when their manifest is there and true, and never used when damaged."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from small_artifacts import SCHEMA, flip, frame, manifest_path, path_of, sealed
from small_recipes import TEXTS, changed

from calibration.errors import StoreError
from storage.artifacts import file_of, is_complete, place_of, read_file, read_stored, read_table
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import begun_key, manifest_of
from storage.store import names

OTHER = changed(TEXTS, seed=2)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_a_table_is_read_as_it_was_written_in_the_order_of_its_parts(store: LocalStore) -> None:
    sealed(store)
    found = read_table(store, TEXTS, "samples")
    assert_frame_equal(found, pl.concat([frame(0), frame(70)]))
    assert found.schema == SCHEMA
    assert_frame_equal(read_table(store, TEXTS, "replay"), frame(0, rows=5))


def test_what_has_no_manifest_is_not_read(store: LocalStore) -> None:
    Draft(store, TEXTS).write_table(frame(), table="samples")
    assert manifest_of(store, TEXTS) is None
    assert not is_complete(store, TEXTS)
    with pytest.raises(StoreError, match=f"{TEXTS.address} was expected in the store and is not"):
        read_table(store, TEXTS, "samples")


def test_a_sealed_artifact_is_complete_and_its_neighbour_is_not(store: LocalStore) -> None:
    sealed(store)
    assert is_complete(store, TEXTS)
    assert not is_complete(store, OTHER)


def test_an_artifact_lacking_a_file_is_not_complete(store: LocalStore) -> None:
    for file in sealed(store).files:
        content = path_of(store, file.name).read_bytes()
        path_of(store, file.name).unlink()
        assert not is_complete(store, TEXTS)
        path_of(store, file.name).write_bytes(content[:-1])
        assert not is_complete(store, TEXTS)
        path_of(store, file.name).write_bytes(content)
        assert is_complete(store, TEXTS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"address": 3}'])
def test_a_broken_manifest_is_none(store: LocalStore, content: bytes) -> None:
    sealed(store)
    manifest_path(store).write_bytes(content)
    assert manifest_of(store, TEXTS) is None
    assert not is_complete(store, TEXTS)


def test_a_manifest_that_says_something_else_is_none(store: LocalStore) -> None:
    sealed(store)
    content = json.loads(manifest_path(store).read_bytes())
    content["facts"]["failure"] = "not so"
    manifest_path(store).write_text(json.dumps(content))
    assert manifest_of(store, TEXTS) is None


def test_the_manifest_of_another_artifact_is_none(store: LocalStore) -> None:
    sealed(store)
    shutil.copytree(store.root / TEXTS.address, store.root / OTHER.address)
    manifest_path(store, OTHER).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(manifest_path(store), manifest_path(store, OTHER))
    assert not is_complete(store, OTHER)
    with pytest.raises(StoreError, match="is not there: run again"):
        read_table(store, OTHER, "samples")


@pytest.mark.parametrize("at", [0, 100, -1])
def test_a_flipped_bit_is_named_and_the_artifact_unsealed(store: LocalStore, at: int) -> None:
    bad = sealed(store).files[1]
    flip(path_of(store, bad.name), at)
    assert is_complete(store, TEXTS)  # no hash is taken to learn what is there
    with pytest.raises(StoreError) as caught:
        read_table(store, TEXTS, "samples")
    assert str(caught.value) == (
        f"{TEXTS.address}/{bad.name} does not match its hash and was not used: run the same "
        "command again, and what is damaged is made again"
    )
    assert not is_complete(store, TEXTS)
    assert (store.root / begun_key(TEXTS.address)).exists()
    assert bad.name not in names(store, TEXTS.address)
    for table in ("samples", "replay"):
        with pytest.raises(StoreError, match="is not there: run again"):
            read_table(store, TEXTS, table)


def test_damage_that_a_manifest_does_not_name_leaves_it(store: LocalStore) -> None:
    stale = sealed(store)
    path_of(store, stale.files[1].name).unlink()
    sealed(store, first=1)
    with pytest.raises(StoreError, match="does not match its hash"):
        read_stored(store, TEXTS, stale.files[1])
    assert is_complete(store, TEXTS)


def test_damage_in_one_table_is_met_when_that_table_is_read(store: LocalStore) -> None:
    flip(path_of(store, sealed(store).files[0].name))
    assert len(read_table(store, TEXTS, "samples")) == 140
    with pytest.raises(StoreError, match="does not match its hash"):
        read_table(store, TEXTS, "replay")


def test_a_damaged_artifact_is_whole_again_when_its_part_is_made_again(store: LocalStore) -> None:
    before = sealed(store)
    flip(path_of(store, before.files[1].name))
    with pytest.raises(StoreError, match="does not match its hash"):
        read_table(store, TEXTS, "samples")
    assert sealed(store).files == before.files
    assert len(read_table(store, TEXTS, "samples")) == 140


def test_a_file_that_is_no_table_is_read_by_its_label(store: LocalStore) -> None:
    draft = Draft(store, TEXTS)
    page = draft.write_file("report.html", b"<p>")
    draft.seal([page], title="t")
    assert read_file(store, TEXTS, "report.html") == b"<p>"
    assert place_of(store, TEXTS, "report.html") == str(path_of(store, page.name))
    with pytest.raises(StoreError, match=r"was expected to hold other\.html and does not"):
        file_of(store, TEXTS, "other.html")
    path_of(store, page.name).write_bytes(b"<b>")
    with pytest.raises(StoreError, match=r"report-.*\.html does not match its hash"):
        read_file(store, TEXTS, "report.html")
    assert not is_complete(store, TEXTS)
