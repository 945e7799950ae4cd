"""Drafts: an artifact while it is being made, from its first part to its manifest.

A draft remembers what its parents held when it was begun; its parts and its manifest name that, so
that nothing made from one version of a table is ever joined with what was made from another.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from calibration.errors import StoreError
from calibration.recipes import Recipe, canonical_json
from storage.artifacts import put_manifest, read_stored
from storage.manifests import (
    Manifest,
    StoredFile,
    content_digest,
    manifest_of,
    mark_begun,
    sealed_manifest,
)
from storage.provenance import code_commit, device_name, host_name, peak_memory, versions
from storage.store import Store


class Draft:
    """An artifact that is being made; begin one before its parents are read."""

    def __init__(self, store: Store, recipe: Recipe) -> None:
        self.store = store
        self.recipe = recipe
        self._made_from = _contents(store, recipe)
        self._started = time.monotonic()
        self._schemas: dict[str, dict[str, str]] = {}
        self._marked = False

    @cached_property
    def origin(self) -> str:
        """Names the recipe and what its parents held: what a part must state to be used."""
        fields = {"recipe": self.recipe.digest, "made_from": self._made_from}
        return hashlib.sha256(canonical_json(fields).encode()).hexdigest()

    @property
    def seconds(self) -> float:
        """Since it was begun, in this process."""
        return time.monotonic() - self._started

    def write_table(self, frame: pl.DataFrame, *, table: str, index: int = 0) -> StoredFile:
        """Store one part of a table and describe it."""
        arrow = frame.to_arrow()
        self._schemas.setdefault(table, _types(arrow))
        content = _parquet(arrow, {"origin": self.origin, "table": table, "index": str(index)})
        file = StoredFile.of(f"{table}-{index:05d}.parquet", content)
        named = file.model_copy(update={"table": table, "index": index, "rows": len(frame)})
        return self._write(named, content)

    def write_file(self, label: str, content: bytes) -> StoredFile:
        """Store a file that is not a table (a page, a figure) and describe it."""
        return self._write(StoredFile.of(label, content), content)

    def seal(
        self,
        files: Sequence[StoredFile],
        *,
        title: str,
        facts: Mapping[str, float | int | str | bool | None] | None = None,
        tokens: int | None = None,
        seconds: float | None = None,
    ) -> Manifest:
        """Write the manifest: from now on the artifact is complete.

        `tokens` were made in `seconds`, by default all the time since the draft was begun.
        Where another run sealed the same artifact meanwhile, its manifest stays and is returned.
        The manifest's `rows` are those of the table of the first file given.
        """
        seconds = self.seconds if seconds is None else seconds
        ordered = tuple(sorted(files, key=lambda file: (file.table or "", file.index, file.name)))
        manifest = sealed_manifest(
            Manifest(
                address=self.recipe.address,
                title=title,
                recipe=self.recipe.canonical,
                content=content_digest(ordered),
                made_from=self._made_from,
                files=ordered,
                schemas={table: self._schema(table, ordered) for table in _tables(ordered)},
                rows=sum(file.rows for file in ordered if file.table == files[0].table),
                facts=dict(facts or {}),
                versions=versions(),
                code_commit=code_commit(),
                device=device_name(),
                host=host_name(),
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds=round(seconds, 3),
                tokens_per_second=round(tokens / seconds, 1) if tokens and seconds > 0 else None,
                memory_bytes=peak_memory(),
            )
        )
        return put_manifest(self.store, manifest, manifest.model_dump_json(indent=1).encode())

    def _write(self, file: StoredFile, content: bytes) -> StoredFile:
        if not self._marked:
            mark_begun(self.store, self.recipe.address)
            self._marked = True
        self.store.write(f"{self.recipe.address}/{file.name}", content)
        return file

    def _schema(self, table: str, files: Sequence[StoredFile]) -> dict[str, str]:
        if table not in self._schemas:  # an earlier run made all of it
            first = next(file for file in files if file.table == table)
            self._schemas[table] = _types(read_stored(self.store, self.recipe, first).to_arrow())
        return self._schemas[table]


def _contents(store: Store, recipe: Recipe) -> dict[str, str]:
    """What every parent holds now. Raises StoreError when one is not there."""
    found = {}
    for parent in recipe.parents:
        manifest = manifest_of(store, parent)
        if manifest is None:
            raise StoreError(
                f"{parent.address} was expected in {store.location} and is not there: run again"
            )
        found[parent.address] = manifest.content
    return found


def _tables(files: Sequence[StoredFile]) -> list[str]:
    return list(dict.fromkeys(file.table for file in files if file.table is not None))


def _types(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


def _parquet(table: pa.Table, metadata: Mapping[str, str]) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(dict(metadata)), buffer, compression="zstd")
    return bytes(buffer.getvalue())
