"""What is to be copied out of a store: all of it, or what one study wants."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import yaml

from storage.catalogue import Artifact, Catalogue, catalogue
from storage.holdings import ORDER, stated_sha256
from storage.reach import is_current, reached, roots_named
from storage.store import Store
from storage.studies import STUDIES, StudyLoader


class Selection(NamedTuple):
    """Keys and artifacts of a store."""

    artifacts: tuple[Artifact, ...]  # parents before children
    outdated: tuple[str, ...]  # addresses of what was made from what its parents hold no more
    roots: tuple[str, ...]  # keys
    studies: tuple[str, ...]  # keys of studies that were written there
    damaged: tuple[str, ...]  # keys of manifests and root files

    @property
    def bytes(self) -> int:
        """Of the files of all its artifacts."""
        return sum(one.bytes for one in self.artifacts)


def everything(store: Store) -> Selection:
    """All that is complete in a store."""
    found = catalogue(store)
    roots = [root.key for root in found.roots]
    return _selection(found, found.artifacts.keys(), roots, _studies(store))


def study_selection(store: Store, study: str) -> Selection:
    """What a study wants, by its name. Raises InputError where no study has it."""
    found = catalogue(store)
    roots = roots_named(found, study)
    studies = [key for key in _studies(store) if _names(store, key, study)]
    keys = [root.key for root in roots]
    return _selection(found, reached(found, roots), keys, studies)


def _selection(
    found: Catalogue, wanted: Collection[str], roots: Iterable[str], studies: Iterable[str]
) -> Selection:
    artifacts = [one for one in found.artifacts.values() if one.address in wanted]
    artifacts.sort(key=lambda one: (ORDER.index(one.kind), one.address))
    return Selection(
        artifacts=tuple(one for one in artifacts if is_current(found, one)),
        outdated=tuple(one.address for one in artifacts if not is_current(found, one)),
        roots=tuple(roots),
        studies=tuple(studies),
        # Any may be of the study: a root file that is damaged does not say.
        damaged=found.damaged,
    )


def _studies(store: Store) -> Iterator[str]:
    keys = (entry.key for entry in store.entries(STUDIES))
    return (key for key in keys if stated_sha256(key))


def _names(store: Store, key: str, study: str) -> bool:
    """Whether a written study has a name; one that is damaged may have any."""
    content = store.read(key)
    if hashlib.sha256(content).hexdigest() != stated_sha256(key):
        return True
    written = yaml.load(content, StudyLoader)
    return bool(written["name"] == study)
