"""Prefect's records count only beside whole artifacts."""

from pathlib import Path

import polars as pl
import pytest
from small_recipes import SAMPLES

from storage.artifacts import seal, write_table
from storage.result_block import ArtifactRecords
from storage.store import Store

KEY = f"{SAMPLES.address}/prefect.json"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    file = write_table(store, SAMPLES, pl.DataFrame({"example": [1, 2]}), table="samples")
    seal(store, SAMPLES, [file], title="t", seconds=0.0)
    return store


def records(store: Store) -> ArtifactRecords:
    return ArtifactRecords(location=str(store.root))


def test_a_record_beside_a_whole_artifact_is_read_back(store: Store) -> None:
    records(store).write_path(KEY, b"record")
    assert records(store).read_path(KEY) == b"record"


def test_a_record_beside_nothing_is_a_miss(tmp_path: Path) -> None:
    empty = records(Store(tmp_path / "store"))
    empty.write_path(KEY, b"record")
    with pytest.raises(ValueError, match="not complete"):
        empty.read_path(KEY)


def test_a_record_beside_a_missing_part_is_a_miss(store: Store) -> None:
    records(store).write_path(KEY, b"record")
    next((store.root / SAMPLES.address).glob("*.parquet")).unlink()
    with pytest.raises(ValueError, match="not complete"):
        records(store).read_path(KEY)


def test_no_record_is_a_miss(store: Store) -> None:
    with pytest.raises(ValueError, match="no record"):
        records(store).read_path(KEY)
