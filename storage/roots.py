"""Root files: what each study resolved to, so that the store knows who wants an artifact."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Final, NamedTuple

from calibration.errors import StoreError
from calibration.lineage import Lineage
from calibration.recipes import (
    Absent,
    FitRecipe,
    ReportRecipe,
    StudyFitRecipe,
    TheoryRecipe,
    canonical_json,
)
from calibration.study import Study
from storage.manifests import CATALOGUE, fields_digest
from storage.store import Store, names

ROOTS: Final = f"{CATALOGUE}/roots"
# What all models of a study enter: it is another where one of them is left out.
OF_ALL_MODELS: Final = (FitRecipe, StudyFitRecipe, TheoryRecipe, ReportRecipe)


class Root(NamedTuple):
    """One study that was run on a store, as it was then."""

    key: str
    study: str  # its name
    addresses: tuple[str, ...]  # parents before children
    made_at: str  # ISO 8601, UTC
    absent: tuple[Absent, ...] = ()  # models that were left out of that run

    def of_kind(self, kind: str) -> list[str]:
        return [one for one in self.addresses if one.startswith(f"{kind}/")]


def write_root(store: Store, lineage: Lineage, *, study: Study | None = None) -> str:
    """Record a study and its addresses; the key, which depends on the study alone.

    Where models were left out, `study` is the one that was asked for, with all of them.
    """
    asked = study or lineage.study
    key = root_key(asked)
    # What was made of a model before is hours of work, and wanted once it can be used again.
    kept = _of_models(store, key) if lineage.absent else []
    addresses = [*kept, *(recipe.address for recipe in lineage.recipes())]
    content: dict[str, object] = {
        "study": asked.model_dump(mode="json"),
        "addresses": list(dict.fromkeys(addresses)),
        "made_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    if lineage.absent:
        content["absent"] = [one.model_dump() for one in lineage.absent]
    signed = content | {"sha256": fields_digest(content)}
    store.write(key, json.dumps(signed, indent=1).encode())
    return key


def _of_models(store: Store, key: str) -> list[str]:
    """What the root file at a key wants besides what all models enter; nothing without one."""
    try:
        earlier = parsed_root(key, store.read(key)).addresses
    except (KeyError, ValueError):
        return []
    kinds = tuple(f"{recipe.KIND}/" for recipe in OF_ALL_MODELS)
    return [one for one in earlier if not one.startswith(kinds)]


def absent_when_run(store: Store, study: Study) -> tuple[Absent, ...]:
    """The models that the last run of a study on a store left out; none where it was never run."""
    try:
        return read_root(store, root_key(study)).absent
    except KeyError:
        return ()


def root_key(study: Study) -> str:
    """Where a study's root file lies, whatever its models and texts hold."""
    return key_of_study(study.model_dump(mode="json"))


def key_of_study(fields: object) -> str:
    """The same, given what a root file says of its study."""
    return f"{ROOTS}/{hashlib.sha256(canonical_json(fields).encode()).hexdigest()}.json"


def read_roots(store: Store) -> list[Root]:
    """Every study that was run on a store, the last one first."""
    found = [read_root(store, f"{ROOTS}/{name}") for name in names(store, ROOTS)]
    return sorted(found, key=lambda root: (root.made_at, root.key), reverse=True)


def root_of(store: Store, study: Study) -> Root:
    """The root file of a study. Raises StoreError when it was never run on this store."""
    try:
        return read_root(store, root_key(study))
    except KeyError:
        raise StoreError(
            f"a run of the study {study.name!r}, as its file is now, was expected in "
            f"{store.location}, found none: run it first with `calibration run`"
        ) from None


def read_root(store: Store, key: str) -> Root:
    """The root file at a key. Raises KeyError without one, StoreError for a damaged one."""
    content = store.read(key)
    try:
        return parsed_root(key, content)
    except ValueError:
        raise StoreError(
            f"{store.place(key)} was expected to name a study and its artifacts, and is damaged: "
            "run its study again, or remove that file where the study is not wanted any more"
        ) from None


def parsed_root(key: str, content: bytes) -> Root:
    """The root file that some bytes are. Raises ValueError when they are none, or damaged."""
    try:
        fields = json.loads(content)
        if fields["sha256"] != fields_digest(fields):
            raise ValueError("a root file that matches its own sha256 was expected")
        return Root(
            key,
            fields["study"]["name"],
            tuple(fields["addresses"]),
            str(fields["made_at"]),
            tuple(Absent.model_validate(one) for one in fields.get("absent", ())),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("a root file was expected") from error
