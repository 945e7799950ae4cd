"""Parts: whole ones of this recipe are kept, every other is made again."""

import hashlib
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from small_recipes import EXAMPLES, TEXTS, changed

from calibration.errors import StoreError
from calibration.recipes import Recipe
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import Manifest, StoredFile, manifest_key
from storage.parts import PART_ROWS, part_rows, progress_of, read_parts
from storage.store import names

SCHEMA = pl.Schema({"example": pl.Int32(), "entropy": pl.List(pl.Float32)})
ROWS = 3 * PART_ROWS + 10


def frame(rows: int = ROWS) -> pl.DataFrame:
    numbers = range(rows)
    return pl.DataFrame(
        {"example": numbers, "entropy": [[n / 3] * (n % 4) for n in numbers]}, schema=SCHEMA
    )


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def written(store: LocalStore, *indices: int, recipe: Recipe = TEXTS) -> list[StoredFile]:
    return [
        Draft(store, recipe).write_table(part_rows(frame(), index), table="samples", index=index)
        for index in indices
    ]


def sealed(store: LocalStore, recipe: Recipe, rows: pl.DataFrame) -> Manifest:
    draft = Draft(store, recipe)
    return draft.seal([draft.write_table(rows, table="texts")], title="t")


def progress(store: LocalStore, rows: int = ROWS) -> tuple[list[int], list[int]]:
    found = progress_of(Draft(store, TEXTS), table="samples", rows=rows)
    return list(found.kept), found.missing


def path_of(store: LocalStore, file: StoredFile) -> Path:
    return store.root / TEXTS.address / file.name


def test_parts_are_fixed_ranges_that_cover_the_table() -> None:
    parts = [part_rows(frame(), index) for index in range(4)]
    assert [len(part) for part in parts] == [64, 64, 64, 10]
    assert_frame_equal(pl.concat(parts), frame())


@pytest.mark.parametrize(("rows", "count"), [(0, 0), (1, 1), (64, 1), (65, 2), (128, 2)])
def test_a_table_has_a_part_for_every_64_rows(store: LocalStore, rows: int, count: int) -> None:
    assert progress(store, rows) == ([], list(range(count)))


def test_whole_parts_are_kept_in_order_and_the_rest_is_missing(store: LocalStore) -> None:
    files = written(store, 3, 1)
    found = progress_of(Draft(store, TEXTS), table="samples", rows=ROWS)
    assert found.kept == {1: files[1], 3: files[0]}
    assert list(found.kept) == [1, 3]
    assert found.missing == [0, 2]


def test_a_truncated_part_is_made_again(store: LocalStore) -> None:
    path = path_of(store, written(store, 0, 1)[1])
    for length in (0, 3, 100, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        assert progress(store) == ([0], [1, 2, 3])


@pytest.mark.parametrize("at", [0, 200, -1])
def test_a_part_with_a_flipped_bit_is_made_again(store: LocalStore, at: int) -> None:
    path = path_of(store, written(store, 0, 1)[0])
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(bytes(content))
    assert progress(store) == ([1], [0, 2, 3])


def test_parts_of_another_recipe_are_not_used(store: LocalStore) -> None:
    other = changed(TEXTS, seed=1)
    written(store, 0)
    for file in written(store, 1, 2, recipe=other):
        (store.root / other.address / file.name).rename(path_of(store, file))
    assert progress(store) == ([0], [1, 2, 3])


def test_two_parts_with_their_names_swapped_are_made_again(store: LocalStore) -> None:
    first, second = (path_of(store, file) for file in written(store, 0, 1))
    swapped = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(swapped)
    assert progress(store) == ([], [0, 1, 2, 3])


def test_a_part_under_another_name_is_made_again(store: LocalStore) -> None:
    path = path_of(store, written(store, 0)[0])
    path.rename(path.with_name(path.name.replace("samples-00000", "samples-00002")))
    assert progress(store) == ([], [0, 1, 2, 3])


def test_parts_made_from_what_a_parent_held_before_are_not_used(store: LocalStore) -> None:
    parent = sealed(store, TEXTS, frame(8))
    draft = Draft(store, EXAMPLES)
    file = draft.write_table(part_rows(frame(), 0), table="samples")
    assert progress_of(Draft(store, EXAMPLES), table="samples", rows=ROWS).kept == {0: file}
    store.remove(manifest_key(TEXTS.address))
    assert sealed(store, TEXTS, frame(9)).content != parent.content
    assert progress_of(Draft(store, EXAMPLES), table="samples", rows=ROWS).kept == {}
    store.remove(manifest_key(TEXTS.address))
    sealed(store, TEXTS, frame(8))
    assert progress_of(Draft(store, EXAMPLES), table="samples", rows=ROWS).kept == {0: file}


def test_parts_of_other_tables_beyond_the_end_or_of_other_lengths_are_not_used(
    store: LocalStore,
) -> None:
    draft = Draft(store, TEXTS)
    draft.write_table(part_rows(frame(), 0), table="replay")
    draft.write_table(part_rows(frame(), 1), table="samples", index=9)
    draft.write_table(part_rows(frame(), 3), table="samples", index=2)
    assert progress(store) == ([], [0, 1, 2, 3])


def test_foreign_files_under_true_names_are_not_used(store: LocalStore) -> None:
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1]}), buffer)
    for content in (b"PAR1 no table PAR1", b"", bytes(buffer.getvalue())):
        digest = hashlib.sha256(content).hexdigest()
        store.write(f"{TEXTS.address}/samples-00000-{digest}.parquet", content)
    store.write(f"{TEXTS.address}/prefect.json", b"{}")
    assert progress(store) == ([], [0, 1, 2, 3])


def test_parts_are_read_in_order_with_their_hashes_checked(store: LocalStore) -> None:
    files = written(store, 2, 0, 3, 1)
    assert_frame_equal(read_parts(store, TEXTS, files), frame())
    path_of(store, files[0]).write_bytes(b"")
    with pytest.raises(StoreError, match=r"samples-00002-.* does not match its hash"):
        read_parts(store, TEXTS, files)


def test_a_part_made_again_is_equal_bit_for_bit(store: LocalStore) -> None:
    assert written(store, 1) == written(store, 1)
    assert len(names(store, TEXTS.address)) == 1
