"""What became different between two recipes: which fields, by their path through the ancestry.

Works on canonical forms, where a parent stands by its address; whoever asks brings the forms of
all addresses. It knows no kind of recipe and reads nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from calibration.recipes import ADDRESS

Form = Mapping[str, Any]  # the canonical form of a recipe: kind, version, fields

DIGEST: Final = re.compile(r"[0-9a-f]{32,}")  # says nothing to a person
MOST_NAMED: Final = 3  # changes in a sentence; one change of a study mostly shows as one or two
LONGEST_VALUE: Final = 24  # characters; what is longer is a path or a list, told by its beginning


class Change(NamedTuple):
    """One field that differs; None stands for an option that is not set."""

    path: tuple[str, ...]  # through parents; the elements of a list stand as `[name]`
    old: Any
    new: Any


class Comparison:
    """The changes between any two recipes; each pair of ancestors is compared once."""

    def __init__(self, form_of: Callable[[str], Form | None]) -> None:
        self._form_of = form_of
        self._known: dict[tuple[str, str], tuple[Change, ...]] = {}

    def changes(self, old: str, new: str) -> tuple[Change, ...]:
        """What differs between the recipes at two addresses, each cause once."""
        if (old, new) not in self._known:
            self._known[old, new] = tuple(_once(self._compared(old, new)))
        return self._known[old, new]

    def nearest(self, new: str, others: Sequence[str]) -> tuple[Change, ...]:
        """What differs from that of some recipes which differs least; the first of several."""
        return min((self.changes(old, new) for old in others), key=len)

    def _compared(self, old: str, new: str) -> Iterator[Change]:
        before, after = self._form_of(old), self._form_of(new)
        if before is None or after is None:
            yield Change((), old, new)
            return
        if before["version"] != after["version"]:
            yield Change(("version",), before["version"], after["version"])
        yield from self._values(before["fields"], after["fields"])

    def _values(self, old: Any, new: Any) -> Iterator[Change]:  # noqa: ANN401
        if old == new:
            return
        if _is_address(old) and _is_address(new):
            yield from self.changes(old, new)
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self._named(old, new, "{}")
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._lists(old, new)
        else:
            yield Change((), old, new)

    def _lists(self, old: list[Any], new: list[Any]) -> Iterator[Change]:
        if _have_names(old) and _have_names(new):
            yield from self._named(_by_name(old), _by_name(new), "[{}]")
        elif len(old) == len(new) and all(map(_is_address, [*old, *new])):
            yield from self._named(dict(enumerate(old, 1)), dict(enumerate(new, 1)), "[{}]")
        else:
            yield Change((), old, new)

    def _named(self, old: Mapping[Any, Any], new: Mapping[Any, Any], step: str) -> Iterator[Change]:
        for name in dict.fromkeys([*old, *new]):
            for change in self._values(old.get(name), new.get(name)):
                yield change._replace(path=(step.format(name), *change.path))


def change_words(changes: Sequence[Change]) -> str:
    """`recipe changed: prompt 32 → 64; model.weights changed`, the first three."""
    named = "; ".join(_words(change) for change in changes[:MOST_NAMED])
    more = len(changes) - MOST_NAMED
    return f"recipe changed: {named}" + (f" and {more} more" if more > 0 else "")


def _once(changes: Iterable[Change]) -> Iterator[Change]:
    """One change for each cause: what reaches a recipe by several ways is one field of a study."""
    found: dict[str, Change] = {}
    for change in changes:
        cause = json.dumps([change.path[-1:], change.old, change.new])
        first = found.get(cause, change)
        found[cause] = first._replace(path=_shared(first.path, change.path))
    yield from found.values()


def _shared(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The first path, without the elements of lists that the second does not go through."""
    if len(first) != len(second):
        return first
    pairs = zip(first, second, strict=True)
    return tuple(one for one, other in pairs if one == other or not one.startswith("["))


def _words(change: Change) -> str:
    where = ".".join(change.path).replace(".[", "[") or "it"
    if isinstance(change.new, Mapping) and change.old is None:
        return f"{where} added"
    if isinstance(change.old, Mapping) and change.new is None:
        return f"{where} removed"
    if any(_says_nothing(value) for value in (change.old, change.new)):
        return f"{where} changed"
    return f"{where} {_value(change.old)} → {_value(change.new)}"


def _value(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, list) and any(isinstance(one, dict) or _is_address(one) for one in value):
        return str(len(value))
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _says_nothing(value: object) -> bool:
    return isinstance(value, str) and (bool(DIGEST.fullmatch(value)) or _is_address(value))


def _is_address(value: object) -> bool:
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def _have_names(values: list[Any]) -> bool:
    return all(isinstance(value, Mapping) and "name" in value for value in values)


def _by_name(values: list[Any]) -> dict[str, Any]:
    return {value["name"]: value for value in values}
