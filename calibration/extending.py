"""A study file that begins with another: the content of the two as one.

Keys of the file replace those of the study it extends, and null takes one away. A list of `models`
or `datasets` keeps what it names: an entry of a known name has its keys replaced in the same way,
one of another name is added, and what the list does not name is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

LISTS: Final = ("models", "datasets")  # whose entries have names
# A model lies in one place: to say that it is a path takes away what said that it is of the hub.
PLACES: Final = {"path": ("hub", "revision", "file"), "hub": ("path", "file")}

Content = Mapping[str, Any]


def extended(known: Content, written: Content) -> dict[str, Any]:
    """What `written` makes of a study that is `known`, as a file would hold it, validated later."""
    replaced = {
        key: _entries(known.get(key), value) if key in LISTS else value
        for key, value in written.items()
    }
    return _without_null({**known, **replaced})


def _entries(known: object, written: object) -> object:
    if not isinstance(written, Sequence) or isinstance(written, str):
        return written  # no list, which validation says better
    there = known if isinstance(known, Sequence) and not isinstance(known, str) else ()
    by_name = {one["name"]: one for one in there if isinstance(one, Mapping) and "name" in one}
    return [_entry(by_name.get(_name(one), {}), one) for one in written]


def _name(entry: object) -> object:
    return entry.get("name") if isinstance(entry, Mapping) else None


def _entry(known: Content, written: object) -> object:
    if not isinstance(written, Mapping):
        return written
    moved = {other for place, others in PLACES.items() if written.get(place) for other in others}
    kept = {key: value for key, value in known.items() if key not in moved}
    return _without_null({**kept, **written})


def _without_null(content: Content) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}
