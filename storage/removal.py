"""Removing what can go, so that a kill at any moment leaves whole and unfinished artifacts only.

A mark stands where an artifact was until the last of its files is gone. Root files go last, so
that the same command finds again what it has not removed.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from storage.holdings import files_of
from storage.manifests import begun_key, manifest_at, manifest_key
from storage.pruning import REMOVING, Pruning, Removal, What
from storage.roots import ROOTS, read_root, read_roots
from storage.store import Store


def removed(store: Store, going: Pruning) -> Iterator[Removal]:
    """Each thing once it is removed; what is wanted or written by now is left out.

    Raises StoreError for a root file that was damaged meanwhile.
    """
    # A study that is run again writes its root file anew, with another time.
    forgotten = {(root.key, root.made_at) for root in going.forgotten}
    wanted = _Wanted(store, forgotten)
    for one in going.removals:
        if one.what == "root":
            is_removed = _remove_root(store, one.name, forgotten)
        else:
            is_removed = one.wanted_for not in wanted and _REMOVE[one.what](store, one)
        if is_removed:
            yield one


class _Wanted:
    """What root files reach, read again whenever one of them has changed."""

    def __init__(self, store: Store, forgotten: Collection[tuple[str, str]]) -> None:
        self._store = store
        self._forgotten = forgotten  # key and time of root files
        self._stamps: dict[str, str] | None = None
        self._addresses: set[str] = set()

    def __contains__(self, address: str) -> bool:
        stamps = {entry.key: entry.stamp for entry in self._store.entries(ROOTS)}
        if stamps != self._stamps:
            self._stamps = stamps
            self._addresses = {
                address
                for root in read_roots(self._store)
                if (root.key, root.made_at) not in self._forgotten
                for address in root.addresses
            }
        return address in self._addresses


def _remove_artifact(store: Store, one: Removal) -> bool:
    present = files_of(store, one.name)
    if not one.keys >= present.keys():  # more than was listed: it is being written
        return False
    if present:
        store.write(begun_key(one.name), REMOVING)
    store.remove(manifest_key(one.name))
    for key in sorted(present):
        store.remove(key)
    store.remove(begun_key(one.name))
    return True


def _remove_unfinished(store: Store, one: Removal) -> bool:
    return manifest_at(store, one.name) is None and _remove_artifact(store, one)


def _remove_unnamed(store: Store, one: Removal) -> bool:
    manifest = manifest_at(store, one.name)
    if manifest is None:
        return False
    for key in sorted(one.keys - {f"{one.name}/{file.name}" for file in manifest.files}):
        store.remove(key)
    return True


def _remove_mark(store: Store, one: Removal) -> bool:
    if manifest_at(store, one.name) is None:
        return False
    store.remove(begun_key(one.name))
    return True


def _remove_leftover(store: Store, one: Removal) -> bool:
    store.remove(one.name)
    return True


def _remove_root(store: Store, key: str, forgotten: Collection[tuple[str, str]]) -> bool:
    try:
        root = read_root(store, key)
    except KeyError:
        return False
    if (root.key, root.made_at) not in forgotten:
        return False
    store.remove(key)
    return True


_REMOVE: Final[Mapping[What, Callable[[Store, Removal], bool]]] = {
    "artifact": _remove_artifact,
    "unfinished": _remove_unfinished,
    "unnamed": _remove_unnamed,
    "mark": _remove_mark,
    "leftover": _remove_leftover,
}
