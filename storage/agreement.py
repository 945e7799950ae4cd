"""Whether what lies in a store agrees: files, manifests, parents and root files.

Nothing is hashed here. What a listing did not show is looked for once more before it is called
missing, since runs may be at work.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from calibration.recipes import ReportRecipe
from storage.holdings import Holdings
from storage.manifests import Manifest, begun_key, kind_of, manifest_key
from storage.roots import Root
from storage.store import Store

MISSING: Final = "is missing"


class Checked(NamedTuple):
    """One key of a store, and what is wrong with it, in clauses that follow its name."""

    key: str
    bytes: int = 0
    fault: str | None = None
    is_replaceable: bool = False  # taken out, it is made again by the next run
    note: str | None = None  # no fault, but something that the next run will change


class Described(NamedTuple):
    """What a manifest says that the rest of a store must agree with."""

    address: str
    title: str
    content: str
    made_from: tuple[tuple[str, str], ...]
    study: str | None  # of a report

    @classmethod
    def of(cls, manifest: Manifest) -> "Described":
        fields = manifest.recipe.get("fields")
        study = fields.get("study") if isinstance(fields, dict) else None
        return cls(
            manifest.address,
            manifest.title,
            manifest.content,
            tuple(manifest.made_from.items()),
            str(study) if study else None,
        )

    @property
    def kind(self) -> str:
        return kind_of(self.address)


def without_manifest(store: Store, held: Holdings) -> Iterator[Checked]:
    """The manifest of every address where files lie and nothing says why."""
    for address in held.files.keys() - held.manifests.keys() - held.marks.keys():
        if _is_gone(store, address):
            fault = f"{MISSING}, though files of its artifact are there"
            yield Checked(manifest_key(address), fault=fault, is_replaceable=True)


def without_parents(
    store: Store, held: Holdings, described: Mapping[str, Described]
) -> Iterator[Checked]:
    """The manifests of parents that are missing; and notes on what the next run makes again."""
    missed: dict[str, Described] = {}
    for child in described.values():
        for parent, content in child.made_from:
            if parent in described:
                if described[parent].content != content:
                    yield Checked(manifest_key(child.address), note=_outdated(described[parent]))
            elif parent in held.marks:
                yield Checked(manifest_key(child.address), note=_waiting(parent))
            elif parent not in held.manifests and parent not in held.files:
                missed.setdefault(parent, child)
    for parent, child in missed.items():
        if _is_gone(store, parent):
            fault = f"{MISSING}, and {child.address} ({child.title}) was made from it"
            yield Checked(manifest_key(parent), fault=fault)


def without_root(roots: Collection[Root], described: Mapping[str, Described]) -> Iterator[Checked]:
    """Reports that no study of the store wants: `prune` would remove them."""
    reached = {address for root in roots for address in root.addresses}
    studies = {root.study for root in roots}
    for one in described.values():
        if one.kind == ReportRecipe.KIND and one.address not in reached:
            if one.study in studies:
                note = f"belongs to an earlier run of {one.study!r}: `store prune` would remove it"
                yield Checked(manifest_key(one.address), note=note)
            else:
                fault = (
                    f"is reached by no root file: run the study {one.study!r} again, or "
                    "`store prune` removes it and what it was made from"
                )
                yield Checked(manifest_key(one.address), fault=fault)


def _is_gone(store: Store, address: str) -> bool:
    """Whether neither a manifest nor a mark is there now."""
    return not any(_holds(store, key) for key in (manifest_key(address), begun_key(address)))


def _holds(store: Store, key: str) -> bool:
    try:
        store.read(key)
    except KeyError:
        return False
    return True


def _outdated(parent: Described) -> str:
    return (
        f"was made from other {parent.kind} than are there now ({parent.title}): "
        "the next run makes it again"
    )


def _waiting(parent: str) -> str:
    made_from = f"was made from {kind_of(parent)} that are unfinished ({parent})"
    return f"{made_from}: the next run makes them again"
