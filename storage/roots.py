"""Root files: what each study resolved to, so that the store knows who wants an artifact."""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple

from calibration.errors import StoreError
from calibration.lineage import Lineage
from calibration.recipes import canonical_json
from calibration.study import Study
from storage.store import Store

ROOTS = "roots"


class Root(NamedTuple):
    """One study that was run on a store, as it was then."""

    key: str
    study: str  # its name
    addresses: tuple[str, ...]  # parents before children
    made_at: str  # ISO 8601, UTC

    def of_kind(self, kind: str) -> list[str]:
        return [one for one in self.addresses if one.startswith(f"{kind}/")]


def write_root(store: Store, lineage: Lineage) -> str:
    """Record a study and its addresses; the key, which depends on the study alone."""
    content = {
        "study": lineage.study.model_dump(mode="json"),
        "addresses": [recipe.address for recipe in lineage.recipes()],
        "made_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    key = root_key(lineage.study)
    store.write(key, json.dumps(content, indent=1).encode())
    return key


def root_key(study: Study) -> str:
    """Where a study's root file lies, whatever its models and texts hold."""
    content = canonical_json(study.model_dump(mode="json"))
    return f"{ROOTS}/{hashlib.sha256(content.encode()).hexdigest()}.json"


def read_roots(store: Store) -> list[Root]:
    """Every study that was run on a store, the last one first."""
    found = [_read(store, f"{ROOTS}/{name}") for name in store.names(ROOTS)]
    return sorted(found, key=lambda root: (root.made_at, root.key), reverse=True)


def root_of(store: Store, study: Study) -> Root:
    """The root file of a study. Raises StoreError when it was never run on this store."""
    try:
        return _read(store, root_key(study))
    except KeyError:
        raise StoreError(
            f"a run of the study {study.name!r}, as its file is now, was expected in {store.root}, "
            "found none: run it first with `calibration run`"
        ) from None


def _read(store: Store, key: str) -> Root:
    content = store.read(key)
    try:
        fields = json.loads(content)
        return Root(
            key, fields["study"]["name"], tuple(fields["addresses"]), str(fields["made_at"])
        )
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"{store.root / key} was expected to name a study and its artifacts, and is damaged: "
            "remove that file and run its study again"
        ) from None
