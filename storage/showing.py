"""What a store holds, to show: every artifact with who wants it, and one with all around it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from calibration.errors import InputError
from storage.artifacts import is_complete_at
from storage.catalogue import Artifact, Catalogue
from storage.holdings import ORDER, catalogued
from storage.manifests import Manifest, kind_of, manifest_at
from storage.reach import descendants, is_current, parents_of, roots_named, studies_of
from storage.store import Store

SHORTEST = 4  # characters that may stand for an address; fewer would rarely be unique

State = Literal["complete", "outdated", "unfinished", "damaged", "incomplete"]


class Listed(NamedTuple):
    """One artifact of a store."""

    address: str
    state: State
    studies: tuple[str, ...]  # that want it, the one run last first
    artifact: Artifact | None  # None: unfinished

    @property
    def kind(self) -> str:
        return kind_of(self.address)

    @property
    def title(self) -> str:
        return self.artifact.title if self.artifact else ""

    @property
    def bytes(self) -> int:
        return self.artifact.bytes if self.artifact else 0


class Ancestor(NamedTuple):
    """One of the artifacts that another was made from, however far back."""

    address: str
    title: str | None  # None: it is not there
    depth: int  # 1: a parent


class Shown(NamedTuple):
    """One artifact and all around it."""

    address: str
    state: State
    manifest: Manifest | None  # None: unfinished or damaged
    studies: tuple[str, ...]
    ancestry: tuple[Ancestor, ...]  # as a tree from the top, each ancestor once
    made_from_it: Mapping[str, int]  # artifacts by kind, however far down


def listed(found: Catalogue, *, kind: str | None = None, study: str | None = None) -> list[Listed]:
    """The artifacts of a store, by kind and title; of one kind, or of one study.

    Raises InputError for a kind or a study that there is not.
    """
    if kind is not None and kind not in ORDER:
        raise InputError(f"--kind: one of {', '.join(ORDER)} was expected, found {kind!r}")
    if study is not None:
        roots_named(found, study)
    studies = studies_of(found)
    whole = [
        Listed(
            address,
            "complete" if is_current(found, one) else "outdated",
            tuple(studies.get(address, ())),
            one,
        )
        for address, one in found.artifacts.items()
    ]
    begun = [
        Listed(address, "unfinished", tuple(studies.get(address, ())), None)
        for address in found.begun
        if kind_of(address) in ORDER
    ]
    chosen = [
        one
        for one in (*whole, *begun)
        if kind in (None, one.kind) and (study is None or study in one.studies)
    ]
    return sorted(chosen, key=lambda one: (ORDER.index(one.kind), one.title, one.address))


def matched(found: Catalogue, text: str) -> str:
    """The address that a text stands for: all of it, its digest, or a beginning of either.

    Raises InputError where there is none, or several.
    """
    damaged = (catalogued(key)[0] for key in found.damaged)
    known = sorted({*found.artifacts, *found.begun, *damaged} - {""})
    whole = [one for one in known if text in (one, digest_of(one))]
    if len(text) < SHORTEST and not whole:
        raise InputError(
            f"an address, a digest or a beginning of one of at least {SHORTEST} characters was "
            f"expected, found {text!r}: give more of it; `calibration store ls` shows them all"
        )
    starts = [one for one in known if one.startswith(text) or digest_of(one).startswith(text)]
    candidates = whole or starts
    if len(candidates) == 1:
        return candidates[0]
    some = ", ".join(f"{kind_of(one)} {digest_of(one)[:16]}" for one in candidates[:3])
    raise InputError(
        f"one artifact whose address or digest begins with {text!r} was expected, found "
        + (f"{len(candidates)} ({some}, …): give more of it" if candidates else "none: ")
        + ("" if candidates else "`calibration store ls` shows all that are there")
    )


def shown(store: Store, found: Catalogue, address: str) -> Shown:
    """An artifact of a store, what it came from and what came of it."""
    below = Counter(kind_of(one) for one in descendants(found, address))
    return Shown(
        address,
        _state(store, found, address),
        manifest_at(store, address),
        tuple(studies_of(found).get(address, ())),
        tuple(_ancestry(found, address)),
        {kind: below[kind] for kind in ORDER if kind in below},
    )


def digest_of(address: str) -> str:
    return address.rpartition("/")[2]


def _state(store: Store, found: Catalogue, address: str) -> State:
    if address in found.begun:
        return "unfinished"
    if address not in found.artifacts:
        return "damaged"
    if not is_current(found, found.artifacts[address]):
        return "outdated"
    return "complete" if is_complete_at(store, address) else "incomplete"


def _ancestry(found: Catalogue, address: str) -> Iterator[Ancestor]:
    seen: set[str] = set()

    def above(child: str, depth: int) -> Iterator[Ancestor]:
        artifact = found.artifacts.get(child)
        for parent in parents_of(artifact) if artifact else ():
            if parent not in seen:
                seen.add(parent)
                known = found.artifacts.get(parent)
                yield Ancestor(parent, known.title if known else None, depth)
                yield from above(parent, depth + 1)

    return above(address, 1)
