"""Hash everything in a store, and name whatever does not match.

Files state their sha256 in their names, everything else inside. Files beside an artifact that its
manifest does not name are no fault: another run made them.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Final, NamedTuple

from calibration.errors import StoreError
from calibration.recipes import address_of
from storage.agreement import (
    MISSING,
    Checked,
    Described,
    without_manifest,
    without_parents,
    without_root,
)
from storage.artifacts import unseal
from storage.catalogue import INDEX, index_content
from storage.entries import Entry
from storage.holdings import (
    Holdings,
    catalogued,
    files_of,
    holdings,
    is_file,
    stated_sha256,
)
from storage.manifests import manifest_at, mark_begun, parsed_manifest, sha256_fault
from storage.records import RECORD, parsed_record
from storage.roots import Root, key_of_study, parsed_root
from storage.store import Store
from storage.studies import STUDIES
from storage.threads import JOBS, in_parallel

# Small files go to a thread together: to hand one over takes longer than to hash it.
BATCH_BYTES: Final = 1 << 20
BATCH_FILES: Final = 64

DAMAGED: Final = "is damaged: it does not match its own sha256"
DAMAGED_ROOT: Final = (
    f"{DAMAGED}; run its study again, or remove that file where the study is not wanted any more"
)
DAMAGED_STUDY: Final = (
    "does not match the sha256 in its name: it was damaged, or edited; put it elsewhere to keep it"
)
ASTRAY: Final = "lies where no manifest does, and was left there"


class _Manifest(NamedTuple):
    checked: Checked
    missing: tuple[str, ...]  # names of files that the listing did not show
    described: Described | None  # of a whole one


def verified(store: Store, *, jobs: int = JOBS) -> Iterator[Checked]:
    """Every key of a store that this program wrote, and what is wrong with it; see `checked`."""
    return checked(store, holdings(store), jobs=jobs)


def checked(store: Store, held: Holdings, *, jobs: int = JOBS) -> Iterator[Checked]:
    """What was listed, hashed, and then what is missing; in no order. Changes nothing.

    At most `jobs` files are in memory at once. Raises StoreError where the store as a whole
    cannot be read.
    """
    roots: list[Root] = []
    for found, root in in_parallel(partial(_root, store), held.roots.values(), jobs=jobs):
        yield found
        roots += [root] if root else []
    described: dict[str, Described] = {}
    manifests = partial(_manifests, store, held)
    for one in chain.from_iterable(
        in_parallel(manifests, _batches(held.manifests.values()), jobs=jobs)
    ):
        yield one.checked
        if one.described is not None:
            described[one.described.address] = one.described
            yield from _files(store, [Entry(key, 0, "", 0) for key in one.missing])
    yield from (Checked(key, fault=ASTRAY) for key in held.astray)
    entries = (entry for named in held.files.values() for entry in named.values())
    batches = _batches(chain(entries, held.others.values()))
    yield from chain.from_iterable(in_parallel(partial(_files, store), batches, jobs=jobs))
    yield from without_manifest(store, held)
    yield from without_parents(store, held, described)
    if len(roots) == len(held.roots):  # a report may belong to one that is damaged
        yield from without_root(roots, described)


def taken_out(store: Store, found: Iterable[Checked]) -> str:
    """Take what a run can make again out of a store; a sentence that says what became of it."""
    replaceable = [one for one in found if one.is_replaceable]
    try:
        for one in replaceable:
            _take_out(store, one.key)
    except StoreError as error:
        return f"They could not be taken out, so that a run may meet them: {error}"
    return f"{len(replaceable)} taken out of the store: run their studies again to make them again."


def _take_out(store: Store, key: str) -> None:
    address, _ = catalogued(key)
    if address:
        # Its files may be whole; marked, they are there for the run that makes it again.
        if files_of(store, address):
            mark_begun(store, address)
        store.remove(key)
    elif is_file(key):
        address, _, name = key.rpartition("/")
        unseal(store, address, name)
    else:
        store.remove(key)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.size
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _root(store: Store, entry: Entry) -> tuple[Checked, Root | None]:
    try:
        content = store.read(entry.key)
        root = parsed_root(entry.key, content)
        # Two that are swapped are each whole.
        if entry.key != key_of_study(json.loads(content)["study"]):
            raise ValueError("a root file of another study was expected here")
    except KeyError:
        return Checked(entry.key, fault=MISSING), None
    except ValueError:
        return Checked(entry.key, entry.size, DAMAGED_ROOT), None
    return Checked(entry.key, entry.size), root


def _manifests(store: Store, held: Holdings, entries: list[Entry]) -> list[_Manifest]:
    found = (_manifest(store, held, entry) for entry in entries)
    return [one for one in found if one is not None]


def _manifest(store: Store, held: Holdings, entry: Entry) -> _Manifest | None:
    """None where it is gone since it was listed."""
    address, _ = catalogued(entry.key)
    try:
        manifest = parsed_manifest(store.read(entry.key))
    except KeyError:
        return None
    except ValueError:
        return _Manifest(Checked(entry.key, entry.size, DAMAGED, is_replaceable=True), (), None)
    described = address_of(manifest.recipe)
    if not manifest.address == address == described:
        fault = f"describes {described}, which is not where it lies"
        return _Manifest(Checked(entry.key, entry.size, fault, is_replaceable=True), (), None)
    there = held.files.get(address, {})
    missing = (file.name for file in manifest.files if file.name not in there)
    return _Manifest(
        Checked(entry.key, entry.size),
        tuple(f"{address}/{name}" for name in missing),
        Described.of(manifest),
    )


def _files(store: Store, entries: list[Entry]) -> list[Checked]:
    found = (_file(store, entry) for entry in entries)
    return [one for one in found if one is not None]


def _file(store: Store, entry: Entry) -> Checked | None:
    """None where it is gone since it was listed, and no manifest names it."""
    key = entry.key
    try:
        content = store.read(key)
    except KeyError:
        missing = Checked(key, fault=MISSING, is_replaceable=True)
        return missing if _is_named(store, key) else None
    except StoreError as error:
        # Where the store itself does not answer either, this says so and stops everything.
        next(iter(store.entries(key.rpartition("/")[0])), None)
        return Checked(key, fault=f"cannot be read, and was left there: {error}")
    fault = _fault(key, content)
    in_use = key.startswith(f"{STUDIES}/")
    return Checked(key, entry.size, fault, is_replaceable=fault is not None and not in_use)


def _is_named(store: Store, key: str) -> bool:
    address, _, name = key.rpartition("/")
    manifest = manifest_at(store, address)
    return manifest is not None and any(file.name == name for file in manifest.files)


def _fault(key: str, content: bytes) -> str | None:
    if key == INDEX:
        return DAMAGED if index_content(content) is None else None
    if key.endswith(f"/{RECORD}"):
        return _record_fault(key, content)
    fault = sha256_fault(content, stated_sha256(key) or "")
    return DAMAGED_STUDY if fault is not None and key.startswith(f"{STUDIES}/") else fault


def _record_fault(key: str, content: bytes) -> str | None:
    try:
        parsed_record(key, content)
    except ValueError:
        return DAMAGED
    return None
