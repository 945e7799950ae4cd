"""Hash everything in a store against its manifests, and name whatever does not match."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from calibration.recipes import canonical_json
from storage.artifacts import MANIFEST, parsed_manifest
from storage.store import Store


class Checked(NamedTuple):
    """One file of a complete artifact, and what is wrong with it."""

    key: str
    fault: str | None


def verified(store: Store) -> Iterator[Checked]:
    """Every manifest and every file that one names; a fault is a clause that says what is wrong."""
    for key in store.keys():  # noqa: SIM118 (not a dict)
        directory, _, name = key.rpartition("/")
        if name == MANIFEST:
            yield from _artifact(store, directory)


def _artifact(store: Store, directory: str) -> Iterator[Checked]:
    key = f"{directory}/{MANIFEST}"
    try:
        manifest = parsed_manifest(store.read(key))
    except ValueError:
        yield Checked(key, "is damaged: it does not match its own sha256")
        return
    digest = hashlib.sha256(canonical_json(manifest.recipe).encode()).hexdigest()
    address = f"{manifest.recipe.get('kind')}/{digest[:2]}/{digest}"
    if not manifest.address == directory == address:
        yield Checked(key, f"describes {address}, which is not where it lies")
        return  # what it names lies elsewhere too
    yield Checked(key, None)
    for file in manifest.files:
        name = f"{directory}/{file.name}"
        yield Checked(name, _fault(store, name, file.sha256))


def _fault(store: Store, key: str, sha256: str) -> str | None:
    try:
        content = store.read(key)
    except KeyError:
        return "is missing"
    found = hashlib.sha256(content).hexdigest()
    return None if found == sha256 else f"has sha256 {found[:12]}…, expected {sha256[:12]}…"
