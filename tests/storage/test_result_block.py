"""Prefect's records count only beside whole artifacts."""

from pathlib import Path

import polars as pl
import pytest
from small_recipes import TEXTS

from storage.drafts import Draft
from storage.local import LocalStore
from storage.result_block import ArtifactRecords

KEY = f"{TEXTS.address}/prefect.json"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    draft = Draft(store, TEXTS)
    draft.seal([draft.write_table(pl.DataFrame({"example": [1, 2]}), table="texts")], title="t")
    return store


def records(store: LocalStore) -> ArtifactRecords:
    return ArtifactRecords(location=str(store.root))


def test_a_record_beside_a_whole_artifact_is_read_back(store: LocalStore) -> None:
    records(store).write_path(KEY, b"record")
    assert records(store).read_path(KEY) == b"record"


def test_a_record_beside_nothing_is_a_miss(tmp_path: Path) -> None:
    empty = records(LocalStore(tmp_path / "store"))
    empty.write_path(KEY, b"record")
    with pytest.raises(ValueError, match="not complete"):
        empty.read_path(KEY)


def test_a_record_beside_a_missing_part_is_a_miss(store: LocalStore) -> None:
    records(store).write_path(KEY, b"record")
    next((store.root / TEXTS.address).glob("*.parquet")).unlink()
    with pytest.raises(ValueError, match="not complete"):
        records(store).read_path(KEY)


def test_no_record_is_a_miss(store: LocalStore) -> None:
    with pytest.raises(ValueError, match="no record"):
        records(store).read_path(KEY)
