"""The catalogue: what a store holds, from one listing and an index of what was listed before.

The listing says what is there; the index, keyed by the listing's stamps, spares reading what has
not changed. An index that is lost, damaged or old costs time and nothing else.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, NamedTuple

import polars as pl

from calibration.errors import StoreError
from storage.entries import Entry
from storage.manifests import (
    BEGUN,
    CATALOGUE,
    Manifest,
    kind_of,
    manifest_key,
    parsed_manifest,
)
from storage.roots import ROOTS, Root, parsed_root
from storage.store import AT_ONCE, Store

INDEX: Final = "index"
INDEX_VERSION: Final = 1
WORTH_AN_INDEX: Final = 100  # manifests and root files; fewer take no time to read each time


class Artifact(NamedTuple):
    """One complete artifact, as its manifest describes it."""

    address: str
    title: str
    bytes: int  # of all its files
    files: int
    rows: int
    made_at: str  # ISO 8601, UTC
    seconds: float
    tokens_per_second: float | None
    memory_bytes: int
    device: str
    content: str
    made_from: str  # JSON: the content of every parent by address
    recipe: str  # JSON: its canonical form
    facts: str  # JSON

    @property
    def kind(self) -> str:
        return kind_of(self.address)


class Catalogue(NamedTuple):
    """What a store holds."""

    artifacts: Mapping[str, Artifact]  # by address, sorted
    begun: frozenset[str]  # addresses where parts may lie and no manifest does
    roots: tuple[Root, ...]  # the last one first
    damaged: tuple[str, ...]  # keys of manifests and root files that do not match their sha256


class _Known(NamedTuple):
    """One line of the index: an entry of the catalogue as it was read."""

    key: str
    stamp: str
    read: Artifact | Root | None  # None: damaged


def catalogue(store: Store) -> Catalogue:
    """What a store holds now."""
    entries = list(store.entries(CATALOGUE))
    read = [entry for entry in entries if not entry.key.endswith(BEGUN)]
    before = _index(store) if len(read) >= WORTH_AN_INDEX else {}
    changed = [entry for entry in read if _stamp(before.get(entry.key)) != entry.stamp]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fresh = {
            one.key: one for one in pool.map(lambda entry: _read(store, entry), changed) if one
        }
    known = {
        entry.key: fresh.get(entry.key) or before[entry.key]
        for entry in read
        if entry.key in fresh or _stamp(before.get(entry.key)) == entry.stamp
    }
    if changed and len(read) >= WORTH_AN_INDEX:
        with suppress(StoreError):  # a store that may only be read is listed all the same
            store.write(INDEX, _index_bytes(known.values()))
    return _catalogue(known.values(), entries)


def _catalogue(known: Iterable[_Known], entries: Iterable[Entry]) -> Catalogue:
    found = list(known)
    artifacts = {one.read.address: one.read for one in found if isinstance(one.read, Artifact)}
    roots = [one.read for one in found if isinstance(one.read, Root)]
    begun = {
        entry.key[len(CATALOGUE) + 1 : -len(BEGUN)]
        for entry in entries
        if entry.key.endswith(BEGUN)
    }
    return Catalogue(
        artifacts=artifacts,
        begun=frozenset(begun - artifacts.keys()),
        roots=tuple(sorted(roots, key=lambda root: (root.made_at, root.key), reverse=True)),
        damaged=tuple(one.key for one in found if one.read is None),
    )


def _stamp(known: _Known | None) -> str | None:
    return known.stamp if known else None


def _read(store: Store, entry: Entry) -> _Known | None:
    """None where the key is gone since it was listed."""
    try:
        content = store.read(entry.key)
    except KeyError:
        return None
    return _Known(entry.key, entry.stamp, _parsed(entry.key, content))


def _parsed(key: str, content: bytes) -> Artifact | Root | None:
    try:
        if key.startswith(f"{ROOTS}/"):
            return parsed_root(key, content)
        manifest = parsed_manifest(content)
    except ValueError:
        return None
    return _artifact(manifest) if key == manifest_key(manifest.address) else None


def _artifact(manifest: Manifest) -> Artifact:
    return Artifact(
        address=manifest.address,
        title=manifest.title,
        bytes=sum(file.bytes for file in manifest.files),
        files=len(manifest.files),
        rows=manifest.rows,
        made_at=manifest.made_at,
        seconds=manifest.seconds,
        tokens_per_second=manifest.tokens_per_second,
        memory_bytes=manifest.memory_bytes,
        device=manifest.device,
        content=manifest.content,
        made_from=json.dumps(manifest.made_from),
        recipe=json.dumps(manifest.recipe),
        facts=json.dumps(manifest.facts),
    )


LINES: Final = pl.Schema(
    {
        "key": pl.String(),
        "stamp": pl.String(),
        "address": pl.String(),
        "title": pl.String(),
        "bytes": pl.Int64(),
        "files": pl.Int64(),
        "rows": pl.Int64(),
        "made_at": pl.String(),
        "seconds": pl.Float64(),
        "tokens_per_second": pl.Float64(),
        "memory_bytes": pl.Int64(),
        "device": pl.String(),
        "content": pl.String(),
        "made_from": pl.String(),
        "recipe": pl.String(),
        "facts": pl.String(),
        "addresses": pl.List(pl.String),  # of a root file, which has a title and a time besides
    }
)


def _index_bytes(known: Iterable[_Known]) -> bytes:
    """What was read, as Parquet below its sha256."""
    rows = [_row(one) for one in known]
    buffer = io.BytesIO()
    frame = pl.DataFrame(rows, schema=LINES)
    frame.write_parquet(buffer, compression="zstd", metadata={"version": str(INDEX_VERSION)})
    content = buffer.getvalue()
    return hashlib.sha256(content).hexdigest().encode() + content


def index_content(stored: bytes) -> bytes | None:
    """The index that some bytes keep below their sha256; None where they are damaged."""
    digest, content = stored[:64], stored[64:]
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def _index(store: Store) -> dict[str, _Known]:
    """What was read before, by key; empty where there is no index that can be used."""
    try:
        stored = store.read(INDEX)
    except (KeyError, StoreError):
        return {}
    content = index_content(stored)
    if content is None:
        return {}
    if pl.read_parquet_metadata(io.BytesIO(content)).get("version") != str(INDEX_VERSION):
        return {}
    rows = pl.read_parquet(io.BytesIO(content)).iter_rows(named=True)
    return {row["key"]: _Known(row["key"], row["stamp"], _revived(row)) for row in rows}


def _row(known: _Known) -> dict[str, object]:
    place: dict[str, object] = {"key": known.key, "stamp": known.stamp}
    if isinstance(known.read, Root):
        root = known.read
        return place | {"title": root.study, "made_at": root.made_at, "addresses": root.addresses}
    return place | (known.read._asdict() if known.read else {})


def _revived(row: dict[str, Any]) -> Artifact | Root | None:
    if row["addresses"] is not None:
        return Root(row["key"], row["title"], tuple(row["addresses"]), row["made_at"])
    if row["address"] is None:
        return None  # damaged, and not to be read again while it stays as it is
    return Artifact(**{name: row[name] for name in Artifact._fields})
