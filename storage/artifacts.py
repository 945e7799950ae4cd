"""Artifacts: parts first, the manifest last; its presence is completeness.

An artifact is the directory of its recipe's address. A part carries the digest of its recipe and
its own table and index inside, and its sha256 in its name; what does not match is never used.
A finished artifact is never overwritten.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from calibration.errors import StoreError
from calibration.recipes import Recipe, canonical_json
from storage.provenance import code_commit, device_name, versions
from storage.store import Store

MANIFEST = "manifest.json"
State = Literal["complete", "partial", "missing"]


class StoredFile(BaseModel):
    """One file of an artifact, as its manifest names it."""

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str
    bytes: int
    table: str | None = None
    index: int = 0
    rows: int = 0


class Manifest(BaseModel):
    """What an artifact is, what it consists of, and how it was made."""

    model_config = ConfigDict(frozen=True)

    address: str
    title: str
    recipe: dict[str, object]
    files: tuple[StoredFile, ...]
    schemas: dict[str, dict[str, str]]
    rows: int
    facts: dict[str, float | int | str | bool | None]
    versions: dict[str, str]
    code_commit: str | None
    device: str
    made_at: str
    seconds: float
    tokens_per_second: float | None
    sha256: str = ""  # of all the other fields, so that a flipped bit is seen here too


def manifest_of(store: Store, recipe: Recipe) -> Manifest | None:
    """The manifest of an artifact; None when there is none, or only another artifact's."""
    return _manifest_at(store, recipe.address)


def _manifest_at(store: Store, address: str) -> Manifest | None:
    try:
        manifest = parsed_manifest(store.read(f"{address}/{MANIFEST}"))
    except (KeyError, ValueError):
        return None
    return manifest if manifest.address == address else None


def parsed_manifest(content: bytes) -> Manifest:
    """The manifest that some bytes are. Raises ValueError when they are none, or damaged."""
    fields = json.loads(content)
    manifest = Manifest.model_validate(fields)
    if manifest.sha256 != _fields_digest(fields):
        raise ValueError("a manifest that matches its own sha256 was expected")
    return manifest


def _fields_digest(fields: Mapping[str, object]) -> str:
    others = {name: value for name, value in fields.items() if name != "sha256"}
    return hashlib.sha256(canonical_json(others).encode()).hexdigest()


def is_complete(store: Store, recipe: Recipe) -> bool:
    """Whether the manifest is there and every file it names has its size."""
    return is_complete_at(store, recipe.address)


def is_complete_at(store: Store, address: str) -> bool:
    """The same of an address alone."""
    manifest = _manifest_at(store, address)
    return manifest is not None and all(
        store.size(f"{address}/{file.name}") == file.bytes for file in manifest.files
    )


def state_of(store: Store, recipe: Recipe) -> State:
    """Complete, partial (some of its files are there), or missing."""
    if is_complete(store, recipe):
        return "complete"
    return "partial" if store.names(recipe.address) else "missing"


def write_table(
    store: Store, recipe: Recipe, frame: pl.DataFrame, *, table: str, index: int = 0
) -> StoredFile:
    """Store one part of a table and describe it."""
    content = _parquet(frame, {"recipe": recipe.digest, "table": table, "index": str(index)})
    digest = hashlib.sha256(content).hexdigest()
    name = f"{table}-{index:05d}-{digest}.parquet"
    store.write(f"{recipe.address}/{name}", content)
    return StoredFile(
        name=name, sha256=digest, bytes=len(content), table=table, index=index, rows=len(frame)
    )


def write_file(store: Store, recipe: Recipe, name: str, content: bytes) -> StoredFile:
    """Store a file that is not a table (a page, a figure) and describe it."""
    store.write(f"{recipe.address}/{name}", content)
    return StoredFile(name=name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def seal(
    store: Store,
    recipe: Recipe,
    files: Sequence[StoredFile],
    *,
    title: str,
    seconds: float,
    facts: Mapping[str, float | int | str | bool | None] | None = None,
    tokens: int | None = None,
) -> Manifest:
    """Write the manifest: from now on the artifact is complete. `tokens` were made in `seconds`.

    The manifest's `rows` are those of the table of the first file given.
    """
    ordered = tuple(sorted(files, key=lambda file: (file.table or "", file.index, file.name)))
    main = files[0].table
    unsealed = Manifest(
        address=recipe.address,
        title=title,
        recipe=recipe.canonical,
        files=ordered,
        schemas={
            file.table: _column_types(store, recipe, file)
            for file in ordered
            if file.table is not None and file.index == 0
        },
        rows=sum(file.rows for file in ordered if file.table == main),
        facts=dict(facts or {}),
        versions=versions(),
        code_commit=code_commit(),
        device=device_name(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        tokens_per_second=round(tokens / seconds, 1) if tokens and seconds > 0 else None,
    )
    sha256 = _fields_digest(json.loads(unsealed.model_dump_json()))
    manifest = unsealed.model_copy(update={"sha256": sha256})
    store.write(f"{recipe.address}/{MANIFEST}", manifest.model_dump_json(indent=1).encode())
    return manifest


def read_table(store: Store, recipe: Recipe, table: str) -> pl.DataFrame:
    """A whole table of a complete artifact, in the order of its parts; every hash is checked.

    Raises StoreError when the artifact is not there or damaged; a damaged one is unsealed, so
    that the next run makes the bad part again.
    """
    manifest = manifest_of(store, recipe)
    if manifest is None:
        raise StoreError(f"{recipe.address} was expected in the store and is not there: run again")
    files = [file for file in manifest.files if file.table == table]
    return pl.concat([read_stored(store, recipe, file) for file in files])


def read_stored(store: Store, recipe: Recipe, file: StoredFile) -> pl.DataFrame:
    """The rows of one stored file, its hash checked; StoreError when it does not match."""
    content = pq.read_table(io.BytesIO(_checked(store, recipe, file)))
    return pl.DataFrame(pl.from_arrow(content))


def read_file(store: Store, recipe: Recipe, name: str) -> bytes:
    """A file of a complete artifact that is not a table, its hash checked."""
    manifest = manifest_of(store, recipe)
    for file in manifest.files if manifest else ():
        if file.name == name:
            return _checked(store, recipe, file)
    raise StoreError(
        f"{recipe.address}/{name} was expected in the store and is not there: run again"
    )


def _checked(store: Store, recipe: Recipe, file: StoredFile) -> bytes:
    key = f"{recipe.address}/{file.name}"
    try:
        content = store.read(key)
    except KeyError:
        content = b""
    if hashlib.sha256(content).hexdigest() == file.sha256:
        return content
    unseal(store, key)
    raise StoreError(
        f"{key} does not match its hash and was not used: run the same command again, "
        "and what is damaged is made again"
    )


def unseal(store: Store, key: str) -> None:
    """Take a file that does not match its hash out of the store, so that a run makes it again."""
    store.remove(f"{key.rpartition('/')[0]}/{MANIFEST}")
    store.remove(key)


def _parquet(frame: pl.DataFrame, metadata: Mapping[str, str]) -> bytes:
    table = frame.to_arrow().replace_schema_metadata(dict(metadata))
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    return bytes(buffer.getvalue())


def _column_types(store: Store, recipe: Recipe, file: StoredFile) -> dict[str, str]:
    schema = pq.read_schema(io.BytesIO(store.read(f"{recipe.address}/{file.name}")))
    return {field.name: str(field.type) for field in schema}
