"""Parts: fixed ranges of examples, so that a killed stage continues from what it had finished."""

import hashlib
import io
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from calibration.recipes import Recipe
from storage.artifacts import read_stored
from storage.drafts import Draft
from storage.manifests import StoredFile
from storage.store import Store, names

PART_ROWS = 64  # examples in a part: under a minute of a large model's work is lost to a kill


class Progress(NamedTuple):
    """The parts of a table by index: what an earlier run finished, and what is to be made."""

    kept: dict[int, StoredFile]
    missing: list[int]


def part_rows(frame: pl.DataFrame, index: int) -> pl.DataFrame:
    """The rows of one part."""
    return frame[index * PART_ROWS : (index + 1) * PART_ROWS]


def part_count(rows: int) -> int:
    """How many parts a table of `rows` rows has."""
    return -(-rows // PART_ROWS)


def progress_of(draft: Draft, *, table: str, rows: int) -> Progress:
    """How far a table of `rows` rows has come; damaged and foreign parts do not count."""
    indices = range(part_count(rows))
    found = {
        file.index: file
        for name in names(draft.store, draft.recipe.address)
        if name.endswith(".parquet") and (file := _whole_part(draft, name)) is not None
        if file.table == table and file.index in indices
        if file.rows == min(PART_ROWS, rows - file.index * PART_ROWS)
    }
    return Progress(dict(sorted(found.items())), [one for one in indices if one not in found])


def read_parts(store: Store, recipe: Recipe, files: Iterable[StoredFile]) -> pl.DataFrame:
    """The rows of some parts, in the order of their index; every hash is checked."""
    ordered = sorted(files, key=lambda file: file.index)
    return pl.concat([read_stored(store, recipe, file) for file in ordered])


def _whole_part(draft: Draft, name: str) -> StoredFile | None:
    try:
        content = draft.store.read(f"{draft.recipe.address}/{name}")
    except KeyError:  # removed since it was listed
        return None
    if not name.endswith(f"-{hashlib.sha256(content).hexdigest()}.parquet"):
        return None
    try:
        footer = pq.read_metadata(io.BytesIO(content))
    except (pa.ArrowException, OSError):  # arrow reports a broken footer as either
        return None
    metadata = footer.metadata or {}
    if metadata.get(b"origin") != draft.origin.encode():
        return None
    table, index = metadata[b"table"].decode(), int(metadata[b"index"])
    file = StoredFile.of(f"{table}-{index:05d}.parquet", content)
    if file.name != name:
        return None
    return file.model_copy(update={"table": table, "index": index, "rows": footer.num_rows})
