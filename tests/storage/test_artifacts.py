"""Artifacts: complete when their manifest is there and true, and never used when damaged."""

import hashlib
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from small_recipes import SAMPLES, SCORES, changed

from calibration.errors import StoreError
from calibration.recipes import Recipe
from storage.artifacts import (
    MANIFEST,
    Manifest,
    StoredFile,
    is_complete,
    manifest_of,
    read_file,
    read_table,
    seal,
    state_of,
    write_file,
    write_table,
)
from storage.store import Store

SCHEMA = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "entropy": pl.List(pl.Float32),
        "ended": pl.Boolean(),
    }
)


def frame(start: int = 0, rows: int = 70) -> pl.DataFrame:
    numbers = range(start, start + rows)
    return pl.DataFrame(
        {
            "cluster": [f"č{number % 7}" for number in numbers],
            "example": numbers,
            "entropy": [[number / 7] * (number % 5) for number in numbers],
            "ended": [None if number % 3 else True for number in numbers],
        },
        schema=SCHEMA,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def sealed(store: Store, recipe: Recipe = SAMPLES) -> Manifest:
    """An artifact of two parts and a smaller table beside them."""
    files = [
        write_table(store, recipe, frame(70), table="samples", index=1),
        write_table(store, recipe, frame(0), table="samples", index=0),
        write_table(store, recipe, frame(0, rows=5), table="replay"),
    ]
    facts = {"vocabulary": 8, "share": 0.5, "failure": None}
    return seal(store, recipe, files, title="a title", seconds=2.0, tokens=300, facts=facts)


def path_of(store: Store, name: str, recipe: Recipe = SAMPLES) -> Path:
    return store.root / recipe.address / name


def flip(path: Path, at: int = 100) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_a_table_is_read_as_it_was_written_in_the_order_of_its_parts(store: Store) -> None:
    sealed(store)
    found = read_table(store, SAMPLES, "samples")
    assert_frame_equal(found, pl.concat([frame(0), frame(70)]))
    assert found.schema == SCHEMA
    assert_frame_equal(read_table(store, SAMPLES, "replay"), frame(0, rows=5))


def test_a_manifest_says_what_the_artifact_is(store: Store) -> None:
    manifest = sealed(store)
    assert manifest_of(store, SAMPLES) == manifest
    assert manifest.address == SAMPLES.address
    assert manifest.recipe == SAMPLES.canonical
    assert manifest.title == "a title"
    assert manifest.rows == 140  # of its own table; not of what lies beside it
    assert manifest.facts == {"vocabulary": 8, "share": 0.5, "failure": None}
    assert (manifest.seconds, manifest.tokens_per_second) == (2.0, 150.0)
    assert list(manifest.schemas) == ["replay", "samples"]
    assert list(manifest.schemas["samples"]) == list(SCHEMA)
    assert [(file.table, file.index, file.rows) for file in manifest.files] == [
        ("replay", 0, 5),
        ("samples", 0, 70),
        ("samples", 1, 70),
    ]
    assert {"python", "polars", "torch"} <= set(manifest.versions)


def test_files_are_named_by_table_index_and_content(store: Store) -> None:
    for file in sealed(store).files:
        content = path_of(store, file.name).read_bytes()
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.name == f"{file.table}-{file.index:05d}-{file.sha256}.parquet"
        assert file.bytes == len(content)


def test_equal_frames_are_equal_bytes(tmp_path: Path) -> None:
    whole = frame()
    pieces = pl.concat([whole[:10], whole[10:11], whole[11:]], rechunk=False)
    shifted = pl.concat([frame(0), frame(0)])[70:]
    rebuilt = pl.DataFrame(whole.to_dicts(), schema=SCHEMA)
    stored = [
        write_table(Store(tmp_path / str(number)), SAMPLES, one, table="samples")
        for number, one in enumerate((whole, pieces, shifted, rebuilt))
    ]
    assert len(set(stored)) == 1


def test_parts_of_other_recipes_tables_and_indices_are_other_bytes(store: Store) -> None:
    stored = [
        write_table(store, SAMPLES, frame(), table="samples"),
        write_table(store, SAMPLES, frame(), table="samples", index=1),
        write_table(store, SAMPLES, frame(), table="replay"),
        write_table(store, changed(SAMPLES, seed=1), frame(), table="samples"),
    ]
    assert len({file.sha256 for file in stored}) == 4


def test_an_artifact_without_a_manifest_is_not_complete(store: Store) -> None:
    assert state_of(store, SAMPLES) == "missing"
    write_table(store, SAMPLES, frame(), table="samples")
    assert manifest_of(store, SAMPLES) is None
    assert not is_complete(store, SAMPLES)
    assert state_of(store, SAMPLES) == "partial"
    with pytest.raises(StoreError, match=f"{SAMPLES.address} was expected in the store and is not"):
        read_table(store, SAMPLES, "samples")


def test_a_sealed_artifact_is_complete_and_its_neighbour_is_not(store: Store) -> None:
    sealed(store)
    assert is_complete(store, SAMPLES)
    assert state_of(store, SAMPLES) == "complete"
    assert state_of(store, SCORES) == "missing"


def test_an_artifact_lacking_a_file_is_not_complete(store: Store) -> None:
    for file in sealed(store).files:
        content = path_of(store, file.name).read_bytes()
        path_of(store, file.name).unlink()
        assert state_of(store, SAMPLES) == "partial"
        path_of(store, file.name).write_bytes(content[:-1])
        assert state_of(store, SAMPLES) == "partial"
        path_of(store, file.name).write_bytes(content)
        assert state_of(store, SAMPLES) == "complete"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"address": 3}'])
def test_a_broken_manifest_is_none(store: Store, content: bytes) -> None:
    sealed(store)
    path_of(store, MANIFEST).write_bytes(content)
    assert manifest_of(store, SAMPLES) is None
    assert state_of(store, SAMPLES) == "partial"


def test_a_manifest_that_says_something_else_is_none(store: Store) -> None:
    sealed(store)
    content = json.loads(path_of(store, MANIFEST).read_bytes())
    content["facts"]["failure"] = "not so"
    path_of(store, MANIFEST).write_text(json.dumps(content))
    assert manifest_of(store, SAMPLES) is None


def test_the_manifest_of_another_artifact_is_none(store: Store) -> None:
    sealed(store)
    elsewhere = changed(SAMPLES, seed=1)
    shutil.copytree(store.root / SAMPLES.address, store.root / elsewhere.address)
    assert store.size(f"{elsewhere.address}/{MANIFEST}") is not None
    assert not is_complete(store, elsewhere)
    with pytest.raises(StoreError, match="is not there: run again"):
        read_table(store, elsewhere, "samples")


@pytest.mark.parametrize("at", [0, 100, -1])
def test_a_flipped_bit_is_named_and_the_artifact_unsealed(store: Store, at: int) -> None:
    bad = sealed(store).files[1]
    flip(path_of(store, bad.name), at)
    assert is_complete(store, SAMPLES)  # no hash is taken to learn what is there
    with pytest.raises(StoreError) as caught:
        read_table(store, SAMPLES, "samples")
    assert str(caught.value) == (
        f"{SAMPLES.address}/{bad.name} does not match its hash and was not used: run the same "
        "command again, and what is damaged is made again"
    )
    assert state_of(store, SAMPLES) == "partial"
    assert bad.name not in store.names(SAMPLES.address)
    for table in ("samples", "replay"):
        with pytest.raises(StoreError, match="is not there: run again"):
            read_table(store, SAMPLES, table)


def test_damage_in_one_table_is_met_when_that_table_is_read(store: Store) -> None:
    flip(path_of(store, sealed(store).files[0].name))
    assert len(read_table(store, SAMPLES, "samples")) == 140
    with pytest.raises(StoreError, match="does not match its hash"):
        read_table(store, SAMPLES, "replay")


def test_a_damaged_artifact_is_whole_again_when_its_part_is_made_again(store: Store) -> None:
    before = sealed(store)
    flip(path_of(store, before.files[1].name))
    with pytest.raises(StoreError, match="does not match its hash"):
        read_table(store, SAMPLES, "samples")
    assert sealed(store).files == before.files
    assert len(read_table(store, SAMPLES, "samples")) == 140


def test_files_that_are_no_tables_are_kept_beside(store: Store) -> None:
    page = write_file(store, SCORES, "report.html", b"<p>")
    assert page == StoredFile(
        name="report.html", sha256=hashlib.sha256(b"<p>").hexdigest(), bytes=3
    )
    manifest = seal(store, SCORES, [page], title="t", seconds=0.0)
    assert (manifest.rows, manifest.schemas, manifest.tokens_per_second) == (0, {}, None)
    assert read_file(store, SCORES, "report.html") == b"<p>"
    with pytest.raises(StoreError, match=r"other\.html was expected in the store and is not there"):
        read_file(store, SCORES, "other.html")
    path_of(store, "report.html", SCORES).write_bytes(b"<b>")
    with pytest.raises(StoreError, match=r"report\.html does not match its hash"):
        read_file(store, SCORES, "report.html")
    assert state_of(store, SCORES) == "missing"


def test_where_a_store_lies_is_no_part_of_what_it_holds(tmp_path: Path) -> None:
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    sealed(here)
    here.root.rename(there.root)
    assert is_complete(there, SAMPLES)
    assert len(read_table(there, SAMPLES, "samples")) == 140
