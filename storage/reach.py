"""What wants an artifact: the studies that were run on a store, and what is made from what."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from calibration.errors import InputError
from calibration.recipes import VerdictRecipe
from storage.catalogue import Artifact, Catalogue
from storage.roots import Root


def parents_of(artifact: Artifact) -> Mapping[str, str]:
    """What every parent held when an artifact was made, by address."""
    found: dict[str, str] = json.loads(artifact.made_from)
    return found


def is_current(found: Catalogue, artifact: Artifact) -> bool:
    """Whether every parent is there and holds what an artifact was made from."""
    made_from = parents_of(artifact).items()
    parents = ((found.artifacts.get(parent), content) for parent, content in made_from)
    return all(parent is not None and parent.content == content for parent, content in parents)


def is_verdict(address: str) -> bool:
    return address.startswith(f"{VerdictRecipe.KIND}/")


def judged(artifact: Artifact) -> str:
    """The address of the table that a verdict speaks of."""
    table: str = json.loads(artifact.recipe)["fields"]["table"]
    return table


def verdicts(found: Catalogue) -> dict[str, str]:
    """The table of every verdict that is there, by the verdict's address."""
    return {one.address: judged(one) for one in found.artifacts.values() if is_verdict(one.address)}


def reached(found: Catalogue, roots: Iterable[Root]) -> set[str]:
    """Every address that some studies want, verdicts under any version of the rules included."""
    tables = set(chain.from_iterable(root.addresses for root in roots))
    return tables | {verdict for verdict, table in verdicts(found).items() if table in tables}


def studies_of(found: Catalogue) -> dict[str, list[str]]:
    """The names of the studies that want each address, the one run last first."""
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    for root in found.roots:
        for address in root.addresses:
            wanted[address][root.study] = None
    for verdict, table in verdicts(found).items():
        if table in wanted:
            wanted[verdict] = wanted[table]
    return {address: list(names) for address, names in wanted.items()}


def roots_named(found: Catalogue, study: str) -> list[Root]:
    """The root files of a study by its name. Raises InputError where there is none."""
    roots = [root for root in found.roots if root.study == study]
    if not roots:
        known = ", ".join(repr(name) for name in sorted({root.study for root in found.roots}))
        raise InputError(
            f"the name of a study that was run on this store was expected, found {study!r}: "
            + (f"give one of {known}" if known else "none was run on it")
        )
    return roots


def ancestors(found: Catalogue, addresses: Iterable[str]) -> Iterator[str]:
    """What some artifacts were made from, however far back, each once; they themselves too."""
    waiting = list(addresses)
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        yield address
        artifact = found.artifacts.get(address)
        fresh = (parents_of(artifact).keys() if artifact else set()) - seen
        seen |= fresh
        waiting += fresh


def descendants(found: Catalogue, address: str) -> set[str]:
    """Every artifact that was made from one, however far down."""
    children: dict[str, list[str]] = defaultdict(list)
    for one in found.artifacts.values():
        for parent in parents_of(one):
            children[parent].append(one.address)
    seen: set[str] = set()
    waiting = [address]
    while waiting:
        fresh = set(children[waiting.pop()]) - seen
        seen |= fresh
        waiting += fresh
    return seen
