"""What no study wants any more: what of a store can go, and why the rest cannot.

A study that was run on a store left a root file; what none of them reaches can go. What may be
being written stays, and so does whatever this program did not write. Nothing is removed here.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from calibration.errors import StoreError
from storage.catalogue import Artifact, Catalogue, catalogue
from storage.clock import CLOCK
from storage.entries import Entry
from storage.holdings import ORDER, Holdings, holdings
from storage.manifests import kind_of, manifest_at
from storage.reach import ancestors, is_current, is_verdict, judged, reached, roots_named, verdicts
from storage.records import RECORD
from storage.roots import ROOTS, Root
from storage.store import Store

DAY: Final = 24 * 3600.0  # seconds
# A part takes minutes, but a run may stand still for hours between two of them (a queue, a laptop
# asleep overnight); what has not grown for a day was left by one that was killed.
SETTLED: Final = DAY
# What a mark holds while its artifact is being removed; a run that makes one leaves it empty.
REMOVING: Final = b"removing\n"

What = Literal["artifact", "unfinished", "unnamed", "mark", "leftover", "root"]


class Removal(NamedTuple):
    """One thing that can go."""

    what: What
    name: str  # an address; a key, where it is no artifact
    title: str
    bytes: int
    keys: frozenset[str] = frozenset()  # its files, as they were listed
    wanted_for: str = ""  # the address that a root file would have to reach: a verdict's table


class Pruning(NamedTuple):
    """What can go, in the order in which it must."""

    removals: tuple[Removal, ...]
    forgotten: tuple[Root, ...]
    kept: tuple[str, ...]  # addresses that nothing wants, where something may be being written


def pruning(
    store: Store, *, now: float, forget: Collection[str] = (), days: float | None = None
) -> Pruning:
    """What can go from a store at a time by its own clock.

    `forget` names studies that are wanted no more; what was made or run within `days` stays.
    Raises InputError for a name that no study of the store has, StoreError for a root file that
    is damaged: what it reaches would be lost.
    """
    held, found = holdings(store), catalogue(store)
    _require_whole_roots(store, found)
    since = math.inf if days is None else now - days * DAY
    settled = min(since, now - SETTLED)
    named = [root for name in dict.fromkeys(forget) for root in roots_named(found, name)]
    forgotten = tuple(root for root in named if _seconds(root.made_at) < since)
    kept = _kept(found, [root for root in found.roots if root not in forgotten], since)
    unfinished = _unfinished(held, found) - kept
    unwanted = found.artifacts.keys() - kept
    growing = {
        one
        for one in (*unfinished, *(held.marks.keys() & unwanted))
        if _is_growing(held, one, settled)
    }
    kept |= set(ancestors(found, growing))
    going = sorted(unwanted - kept, key=_rank, reverse=True)
    return Pruning(
        removals=(
            *(_artifact_removal(held, found.artifacts[one]) for one in going),
            *(_unfinished_removal(held, one) for one in sorted(unfinished - growing)),
            *_beside(store, held, found, kept, settled),
            *_leftovers(store, settled),
            *(Removal("root", root.key, root.study, 0) for root in forgotten),
        ),
        forgotten=forgotten,
        kept=tuple(sorted(growing)),
    )


def _require_whole_roots(store: Store, found: Catalogue) -> None:
    for key in found.damaged:
        if key.startswith(f"{ROOTS}/"):
            raise StoreError(
                f"{store.place(key)} was expected to name a study and its artifacts, and is "
                "damaged, so that they would be lost: run its study again, or remove that file "
                "where the study is not wanted any more"
            )


def _kept(found: Catalogue, roots: Iterable[Root], since: float) -> set[str]:
    """What some studies want, what was made lately, and all that it was made from."""
    wanted = reached(found, roots)
    recent = [
        one.address
        for one in found.artifacts.values()
        if one.address not in wanted and _seconds(one.made_at) >= since
    ]
    kept = wanted | set(ancestors(found, recent))
    return kept | {verdict for verdict, table in verdicts(found).items() if table in kept}


def _rank(address: str) -> tuple[int, str]:
    """Parents before children."""
    return ORDER.index(kind_of(address)), address


def _artifact_removal(held: Holdings, artifact: Artifact) -> Removal:
    files = held.files.get(artifact.address, {})
    table = judged(artifact) if is_verdict(artifact.address) else artifact.address
    removal = _of_files("artifact", artifact.address, files.values())
    return removal._replace(title=artifact.title, wanted_for=table)


def _unfinished(held: Holdings, found: Catalogue) -> set[str]:
    """Addresses where something lies and no whole manifest does."""
    return {*held.files, *held.marks, *held.manifests} - found.artifacts.keys()


def _unfinished_removal(held: Holdings, address: str) -> Removal:
    files = held.files.get(address, {})
    return _of_files("unfinished", address, files.values())._replace(wanted_for=address)


def _is_growing(held: Holdings, address: str, settled: float) -> bool:
    """Whether something was written there lately, and not before a removal that was cut off."""
    mark = held.marks.get(address)
    is_removal = mark is not None and mark.size == len(REMOVING)
    there = [*held.files.get(address, {}).values()]
    if mark is not None and not is_removal:
        there.append(mark)
    since = max(settled, mark.changed) if mark is not None and is_removal else settled
    return any(entry.changed > since for entry in there)


def _beside(
    store: Store, held: Holdings, found: Catalogue, kept: Collection[str], settled: float
) -> Iterator[Removal]:
    """What another run left beside artifacts that stay: files that no manifest names, and marks.

    Nothing beside an artifact that is out of date: a run may be making it again from them.
    """
    for one in found.artifacts.values():
        if one.address not in kept or not is_current(found, one):
            continue
        files = _files_beside(store, held, one, settled)
        if files:
            yield _of_files("unnamed", one.address, files)._replace(title=one.title)
        mark = held.marks.get(one.address)
        if mark is not None and mark.changed <= settled:
            yield Removal("mark", one.address, one.title, mark.size)


def _files_beside(store: Store, held: Holdings, artifact: Artifact, settled: float) -> list[Entry]:
    files = {
        name: entry
        for name, entry in held.files.get(artifact.address, {}).items()
        if name != RECORD
    }
    if len(files) <= artifact.files:  # a manifest is read only where there may be more
        return []
    manifest = manifest_at(store, artifact.address)
    named = {file.name for file in manifest.files} if manifest else files.keys()
    return [
        entry for name, entry in files.items() if name not in named and entry.changed <= settled
    ]


def _leftovers(store: Store, settled: float) -> Iterator[Removal]:
    for entry in (*store.leftovers(), *store.entries(CLOCK)):
        if entry.changed <= settled:
            yield Removal("leftover", entry.key, "", entry.size)


def _of_files(what: What, address: str, files: Iterable[Entry]) -> Removal:
    entries = list(files)
    keys = frozenset(entry.key for entry in entries)
    return Removal(what, address, "", sum(entry.size for entry in entries), keys)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
