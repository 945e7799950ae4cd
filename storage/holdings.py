"""What lies in a store, key by key, from one listing: for what looks after a store.

A key that this program would not have written is in none of these; it is somebody else's.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from calibration.recipes import VerdictRecipe
from storage.ancestry import KINDS
from storage.catalogue import INDEX
from storage.entries import Entry
from storage.manifests import BEGUN, CATALOGUE, MANIFEST
from storage.records import RECORD
from storage.roots import ROOTS
from storage.store import Store
from storage.studies import STUDIES

# Parents before children, and verdicts, which are made of any, last.
ORDER: Final = (*KINDS, VerdictRecipe.KIND)
ADDRESS: Final = re.compile(
    rf"(?P<kind>{'|'.join(ORDER)})/(?P<start>[0-9a-f]{{2}})/(?P=start)[0-9a-f]{{62}}"
)
SHA256: Final = re.compile(r"(?:.*-)?(?P<sha256>[0-9a-f]{64})(?![0-9a-f])[^/]*")


class Holdings(NamedTuple):
    """Every key of a store that this program wrote, by what it is."""

    manifests: Mapping[str, Entry]  # by address
    marks: Mapping[str, Entry]  # of what is begun, by address
    files: Mapping[str, Mapping[str, Entry]]  # by address, then by name; Prefect's records too
    roots: Mapping[str, Entry]  # by key
    others: Mapping[str, Entry]  # by key: studies that were written here, and the index
    astray: tuple[str, ...]  # keys of what ends like a manifest and lies where none does

    @property
    def bytes(self) -> int:
        """Of all that can be hashed."""
        files = (entry for named in self.files.values() for entry in named.values())
        rest = (*self.manifests.values(), *self.roots.values(), *self.others.values())
        return sum(entry.size for entry in files) + sum(entry.size for entry in rest)


def holdings(store: Store) -> Holdings:
    """What lies in a store now."""
    manifests: dict[str, Entry] = {}
    marks: dict[str, Entry] = {}
    files: dict[str, dict[str, Entry]] = defaultdict(dict)
    roots: dict[str, Entry] = {}
    others: dict[str, Entry] = {}
    astray: list[str] = []
    for entry in store.entries(""):
        key = entry.key
        if key.startswith(f"{ROOTS}/"):
            roots[key] = entry
        elif key.startswith(f"{CATALOGUE}/"):
            address, ending = catalogued(key)
            if ending == MANIFEST:
                manifests[address] = entry
            elif ending == BEGUN:
                marks[address] = entry
            elif key.endswith(MANIFEST):
                astray.append(key)
        elif is_file(key):
            address, _, name = key.rpartition("/")
            files[address][name] = entry
        elif key == INDEX or (key.startswith(f"{STUDIES}/") and stated_sha256(key)):
            others[key] = entry
    return Holdings(manifests, marks, dict(files), roots, others, tuple(astray))


def catalogued(key: str) -> tuple[str, str]:
    """The address that a key of the catalogue speaks of, and its ending; both empty for none."""
    for ending in (MANIFEST, BEGUN):
        address = key[len(CATALOGUE) + 1 : -len(ending)]
        if key.endswith(ending) and ADDRESS.fullmatch(address):
            return address, ending
    return "", ""


def is_file(key: str) -> bool:
    """Whether a key is that of a file of an artifact, whatever artifact it is."""
    address, _, name = key.rpartition("/")
    known = name == RECORD or SHA256.fullmatch(name) is not None
    return known and ADDRESS.fullmatch(address) is not None


def stated_sha256(key: str) -> str | None:
    """The sha256 that a file's name states; None where it states none."""
    found = SHA256.fullmatch(key.rpartition("/")[2])
    return found["sha256"] if found else None


def files_of(store: Store, address: str) -> dict[str, Entry]:
    """The files of one artifact by key, as they lie there now; nobody else's."""
    return {entry.key: entry for entry in store.entries(address) if is_file(entry.key)}
