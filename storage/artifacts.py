"""Artifacts as they are read: complete or not, and every byte checked against its hash.

An artifact is complete when its manifest is there, every file that it names has its size, and its
parents still hold what it was made from. What does not match its hash is never used.
"""

import hashlib
import io
from contextlib import suppress

import polars as pl
import pyarrow.parquet as pq

from calibration.errors import StoreError
from calibration.recipes import Recipe
from storage.manifests import (
    Manifest,
    StoredFile,
    begun_key,
    manifest_at,
    manifest_key,
    manifest_of,
    mark_begun,
)
from storage.store import Store


def is_complete(store: Store, recipe: Recipe) -> bool:
    """Whether an artifact can be used as it is."""
    return is_complete_at(store, recipe.address)


def is_complete_at(store: Store, address: str) -> bool:
    """The same of an address alone."""
    return _current_at(store, address) is not None


def current_manifest(store: Store, recipe: Recipe) -> Manifest | None:
    """The manifest of a complete artifact, None of any other."""
    return _current_at(store, recipe.address)


def _current_at(store: Store, address: str) -> Manifest | None:
    manifest = manifest_at(store, address)
    if manifest is None or not is_current(store, manifest) or not _has_files(store, manifest):
        return None
    return manifest


def put_manifest(store: Store, manifest: Manifest, content: bytes) -> Manifest:
    """The manifest that holds from now on: this one, or a complete artifact's that was there first.

    `content` are the bytes that it is stored as. No mark stays.
    """
    key, other = manifest_key(manifest.address), None
    if not store.create(key, content):
        other = _current_at(store, manifest.address)
        if other is None:
            store.write(key, content)  # it named what is gone or has changed
    store.remove(begun_key(manifest.address))
    return other or manifest


def is_current(store: Store, manifest: Manifest) -> bool:
    """Whether every parent holds what an artifact was made from."""
    found = ((manifest_at(store, one), content) for one, content in manifest.made_from.items())
    return all(parent is not None and parent.content == content for parent, content in found)


def _has_files(store: Store, manifest: Manifest) -> bool:
    prefix = f"{manifest.address}/"
    sizes = {entry.key: entry.size for entry in store.entries(manifest.address)}
    return all(sizes.get(prefix + file.name) == file.bytes for file in manifest.files)


def read_table(store: Store, recipe: Recipe, table: str) -> pl.DataFrame:
    """A whole table of a complete artifact, in the order of its parts; every hash is checked.

    Raises StoreError when the artifact is not there or damaged; a damaged one is unsealed, so
    that the next run makes the bad part again.
    """
    manifest = _required(store, recipe)
    files = [file for file in manifest.files if file.table == table]
    return pl.concat([read_stored(store, recipe, file) for file in files])


def read_stored(store: Store, recipe: Recipe, file: StoredFile) -> pl.DataFrame:
    """The rows of one stored file, its hash checked; StoreError when it does not match."""
    content = pq.read_table(io.BytesIO(read_bytes(store, recipe, file)))
    return pl.DataFrame(pl.from_arrow(content))


def read_file(store: Store, recipe: Recipe, label: str) -> bytes:
    """A file of a complete artifact that is not a table, its hash checked."""
    return read_bytes(store, recipe, file_of(store, recipe, label))


def file_of(store: Store, recipe: Recipe, label: str) -> StoredFile:
    """A file of a complete artifact. Raises StoreError when there is none."""
    for file in _required(store, recipe).files:
        if file.label == label:
            return file
    raise StoreError(f"{recipe.address} was expected to hold {label} and does not: run again")


def place_of(store: Store, recipe: Recipe, label: str) -> str:
    """Where a file of a complete artifact lies, to show. Raises StoreError when there is none."""
    return store.place(f"{recipe.address}/{file_of(store, recipe, label).name}")


def read_bytes(store: Store, recipe: Recipe, file: StoredFile) -> bytes:
    """The bytes of one stored file, its hash checked; StoreError when it does not match."""
    key = f"{recipe.address}/{file.name}"
    try:
        content = store.read(key)
    except KeyError:
        content = b""
    if hashlib.sha256(content).hexdigest() == file.sha256:
        return content
    with suppress(StoreError):  # where nothing can be written, it is refused all the same
        unseal(store, recipe.address, file.name)
    raise StoreError(
        f"{key} does not match its hash and was not used: run the same command again, "
        "and what is damaged is made again"
    )


def unseal(store: Store, address: str, name: str) -> None:
    """Take a damaged file out of the store, so that a run makes it again."""
    manifest = manifest_at(store, address)
    if manifest is None or any(file.name == name for file in manifest.files):
        mark_begun(store, address)
        store.remove(manifest_key(address))
    store.remove(f"{address}/{name}")


def _required(store: Store, recipe: Recipe) -> Manifest:
    manifest = manifest_of(store, recipe)
    if manifest is None:
        raise StoreError(f"{recipe.address} was expected in the store and is not there: run again")
    return manifest
