"""Copying artifacts to another store, every byte checked on the way.

Parents go before children and files before their manifest, so that the other store never holds
half an artifact; root files go last. What is complete there stays as it is, and nothing changes
where it comes from.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from itertools import groupby
from threading import Lock
from typing import NamedTuple

from calibration.errors import InputError
from storage.artifacts import put_manifest
from storage.catalogue import Artifact, catalogue
from storage.holdings import holdings, stated_sha256
from storage.manifests import (
    Manifest,
    StoredFile,
    manifest_at,
    manifest_key,
    mark_begun,
    parsed_manifest,
    sha256_fault,
)
from storage.roots import Root, parsed_root
from storage.selection import Selection
from storage.store import Store
from storage.threads import JOBS, in_parallel


class State(StrEnum):
    """What became of something that was to be copied."""

    COPIED = "copied"
    THERE = "there"
    OUTDATED = "outdated"  # made from what its parents hold no more
    LEFT_OUT = "left out"  # its parents hold something else there, or could not be copied
    DAMAGED = "damaged"


class Copied(NamedTuple):
    """What became of one artifact, root file or written study."""

    key: str  # of its manifest; of the file that is damaged
    state: State
    fault: str | None = None  # a clause that follows the key


def copied(
    source: Store,
    destination: Store,
    *,
    selection: Selection,
    jobs: int = JOBS,
    handled: Callable[[int], None] = lambda _: None,
) -> Iterator[Copied]:
    """What becomes of each thing that was selected, once it is done with.

    A file that does not match its sha256 is named, and neither its artifact nor what was made
    from it is copied. `handled` is told of bytes that are at the destination now. Raises
    InputError where both are one store.
    """
    if source.location == destination.location:
        raise InputError(
            f"another store was expected as the destination, found {destination.location} itself: "
            "give another directory, or s3://bucket/prefix"
        )
    transfer = _Transfer(source, destination, handled)
    for key in selection.damaged:
        yield Copied(key, State.DAMAGED, "is damaged: it does not match its own sha256")
    for address in selection.outdated:
        yield Copied(manifest_key(address), State.OUTDATED)
    for _, level in groupby(selection.artifacts, key=lambda one: one.kind):
        yield from in_parallel(transfer.artifact, level, jobs=jobs)
    yield from in_parallel(partial(_study, source, destination), selection.studies, jobs=jobs)
    yield from in_parallel(partial(_root, source, destination), selection.roots, jobs=jobs)


class _Transfer:
    """Artifacts from one store to another, children only beside the parents they were made from."""

    def __init__(self, source: Store, destination: Store, handled: Callable[[int], None]) -> None:
        self._source = source
        self._destination = destination
        self._there = holdings(destination)
        self._contents = {
            one.address: one.content for one in catalogue(destination).artifacts.values()
        }
        self._handled = handled
        self._one_at_a_time = Lock()

    def artifact(self, artifact: Artifact) -> Copied:
        """What becomes of one artifact, its parents being done with."""
        key = manifest_key(artifact.address)
        if self._is_complete(artifact.address):
            self._done(artifact.bytes)
            return Copied(key, State.THERE)
        self._contents.pop(artifact.address, None)
        try:
            content = self._source.read(key)
            manifest = parsed_manifest(content)
        except (KeyError, ValueError):
            return Copied(key, State.DAMAGED, "was removed or damaged while this ran")
        if not self._has_parents(manifest):
            return Copied(key, State.LEFT_OUT)
        mark_begun(self._destination, artifact.address)
        for file in manifest.files:
            fault = self._file_fault(f"{artifact.address}/{file.name}", file)
            if fault is not None:
                return Copied(f"{artifact.address}/{file.name}", State.DAMAGED, fault)
        return self._sealed(manifest, content)

    def _is_complete(self, address: str) -> bool:
        if address not in self._contents:
            return False
        manifest = manifest_at(self._destination, address)
        if manifest is None or not self._has_parents(manifest):
            return False
        there = self._there.files.get(address, {})
        return all(
            file.name in there and there[file.name].size == file.bytes for file in manifest.files
        )

    def _has_parents(self, manifest: Manifest) -> bool:
        made_from = manifest.made_from.items()
        return all(self._contents.get(parent) == content for parent, content in made_from)

    def _file_fault(self, key: str, file: StoredFile) -> str | None:
        """Put a file there unless it is; what is wrong with it where it comes from."""
        if not self._has_file(key, file):
            try:
                content = self._source.read(key)
            except KeyError:
                return "is missing"
            fault = sha256_fault(content, file.sha256)
            if fault is not None:
                return fault
            self._destination.write(key, content)
        self._done(file.bytes)
        return None

    def _has_file(self, key: str, file: StoredFile) -> bool:
        address = key.rpartition("/")[0]
        entry = self._there.files.get(address, {}).get(file.name)
        if entry is None or entry.size != file.bytes:
            return False
        try:
            content = self._destination.read(key)
        except KeyError:
            return False
        return sha256_fault(content, file.sha256) is None

    def _sealed(self, manifest: Manifest, content: bytes) -> Copied:
        held = put_manifest(self._destination, manifest, content)
        self._contents[manifest.address] = held.content
        # Another one is there where another run made it meanwhile.
        state = State.COPIED if held is manifest else State.THERE
        return Copied(manifest_key(manifest.address), state)

    def _done(self, size: int) -> None:
        with self._one_at_a_time:
            self._handled(size)


def _study(source: Store, destination: Store, key: str) -> Copied:
    content = source.read(key)
    if sha256_fault(content, stated_sha256(key) or "") is not None:
        return Copied(key, State.DAMAGED, "does not match the sha256 in its name")
    return Copied(key, State.COPIED if destination.create(key, content) else State.THERE)


def _root(source: Store, destination: Store, key: str) -> Copied:
    """The later one of two runs of a study stays."""
    content = source.read(key)
    root, there = parsed_root(key, content), _root_there(destination, key)
    if there is not None and there.made_at >= root.made_at:
        return Copied(key, State.THERE)
    destination.write(key, content)
    return Copied(key, State.COPIED)


def _root_there(destination: Store, key: str) -> Root | None:
    try:
        return parsed_root(key, destination.read(key))
    except (KeyError, ValueError):  # a damaged one is better replaced
        return None
