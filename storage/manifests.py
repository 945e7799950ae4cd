"""Manifests: what an artifact is, which files it consists of, and how it was made.

They lie together, apart from the files, so that one listing shows all that is complete. A
manifest is written last and never over one that still holds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from calibration.recipes import Recipe, canonical_json
from storage.store import Store

CATALOGUE: Final = "catalogue"  # manifests, marks of what is begun, and root files
MANIFEST: Final = ".json"  # ends the key of a manifest
BEGUN: Final = ".begun"  # ends the key of an empty mark: parts may lie there, and no manifest yet

Content = bytes  # the type, where a field has its name


class StoredFile(BaseModel):
    """One file of an artifact, as its manifest names it."""

    model_config = ConfigDict(frozen=True)

    name: str  # holds the sha256, so that two runs never write other bytes under one name
    label: str  # what people know it by
    sha256: str
    bytes: int
    table: str | None = None
    index: int = 0
    rows: int = 0

    @classmethod
    def of(cls, label: str, content: "Content") -> "StoredFile":
        """The file that holds these bytes."""
        digest = hashlib.sha256(content).hexdigest()
        stem, dot, suffix = label.rpartition(".")
        name = f"{stem}-{digest}{dot}{suffix}"
        return cls(name=name, label=label, sha256=digest, bytes=len(content))


class Manifest(BaseModel):
    """What an artifact is, what it consists of, and how it was made."""

    model_config = ConfigDict(frozen=True)

    address: str
    title: str
    recipe: dict[str, object]
    content: str  # sha256 over its files; what was made from it names this
    made_from: dict[str, str]  # the content of every parent, by address, as it was then
    files: tuple[StoredFile, ...]
    schemas: dict[str, dict[str, str]]
    rows: int
    facts: dict[str, float | int | str | bool | None]
    versions: dict[str, str]
    code_commit: str | None
    device: str
    host: str
    made_at: str  # ISO 8601, UTC, by the clock of the host
    seconds: float
    tokens_per_second: float | None
    memory_bytes: int  # the most that the process held, on the device where there is one
    sha256: str = ""  # of all the other fields, so that a flipped bit is seen here too


def kind_of(address: str) -> str:
    """The kind of artifact that an address names."""
    return address.partition("/")[0]


def manifest_key(address: str) -> str:
    return f"{CATALOGUE}/{address}{MANIFEST}"


def begun_key(address: str) -> str:
    return f"{CATALOGUE}/{address}{BEGUN}"


def sha256_fault(content: bytes, expected: str) -> str | None:
    """A clause that says how some bytes differ from what was expected; None where they do not."""
    found = hashlib.sha256(content).hexdigest()
    return None if found == expected else f"has sha256 {found[:12]}…, expected {expected[:12]}…"


def mark_begun(store: Store, address: str) -> None:
    """Say that parts of an artifact may lie in the store before its manifest does."""
    store.create(begun_key(address), b"")


def content_digest(files: Iterable[StoredFile]) -> str:
    """Names what some files hold, whatever their order."""
    lines = sorted(f"{file.label} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def sealed_manifest(manifest: Manifest) -> Manifest:
    """The manifest with the sha256 of its other fields."""
    fields = json.loads(manifest.model_dump_json())
    return manifest.model_copy(update={"sha256": fields_digest(fields)})


def parsed_manifest(content: bytes) -> Manifest:
    """The manifest that some bytes are. Raises ValueError when they are none, or damaged."""
    fields = json.loads(content)
    manifest = Manifest.model_validate(fields)
    if manifest.sha256 != fields_digest(fields):
        raise ValueError("a manifest that matches its own sha256 was expected")
    return manifest


def fields_digest(fields: Mapping[str, object]) -> str:
    """The sha256 of a record's fields, the one named sha256 left out."""
    others = {name: value for name, value in fields.items() if name != "sha256"}
    return hashlib.sha256(canonical_json(others).encode()).hexdigest()


def manifest_of(store: Store, recipe: Recipe) -> Manifest | None:
    """The manifest of an artifact; None when there is none, or only another artifact's."""
    return manifest_at(store, recipe.address)


def manifest_at(store: Store, address: str) -> Manifest | None:
    """The same of an address alone."""
    try:
        manifest = parsed_manifest(store.read(manifest_key(address)))
    except (KeyError, ValueError):
        return None
    return manifest if manifest.address == address else None
