"""Recipes that differ from one in a single field, found from the fields themselves.

So that a field that is added is tried without anyone thinking of it. Values are set past
validation: what a field may hold today says nothing of what must move an address.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel

from calibration.recipes import Recipe

Record = TypeVar("Record", bound=BaseModel)


def changed_in_one_field(record: Record) -> Iterator[tuple[str, Record]]:
    """The record with each field of it, and of what it nests, changed alone; and which it was."""
    values = {name: getattr(record, name) for name in type(record).model_fields}
    for name, field in type(record).model_fields.items():
        for place, other in _others(values[name], field.annotation):
            changed = type(record).model_construct(**values | {name: other})
            yield f"{name}{place}", changed


def changed_here(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    """The same of a recipe's own fields, a parent changed in one way only."""
    seen = set()
    for place, changed in changed_in_one_field(recipe):
        parents = tuple(parent.address for parent in changed.parents)
        own = place if parents == tuple(one.address for one in recipe.parents) else "parents"
        if own not in seen:
            seen.add(own)
            yield own, changed


def _others(value: object, annotation: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401
    """Other values that a field might hold, and where inside the value the difference lies."""
    match value:
        case BaseModel():
            for place, other in changed_in_one_field(value):
                yield f".{place}", other
        case tuple():
            yield from _other_tuples(value, annotation)
        case bool():
            yield "", not value
        case int():
            yield "", value + 1
        case float():
            yield "", value / 2
        case str():
            yield "", f"{value}-changed"
        case None:
            yield "", _set(annotation)
        case _ if is_dataclass(value) and not isinstance(value, type):
            for field in fields(value):
                for place, other in _others(getattr(value, field.name), field.type):
                    changed = copy(value)
                    object.__setattr__(changed, field.name, other)
                    yield f".{field.name}{place}", changed
        case _:
            raise TypeError(f"no other value is known for {value!r}: say one here")


def _other_tuples(value: tuple[object, ...], annotation: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401
    yield "[fewer]", value[1:]
    yield "[more]", (*value, value[0])
    yield "[turned]", value[::-1] if len(value) > 1 else (*value, *value, *value)
    for place, other in _others(value[0], get_args(annotation)[0]):
        yield f"[0]{place}", (other, *value[1:])


def _set(annotation: Any) -> object:  # noqa: ANN401
    """A value of a field that was unset."""
    kind = next(one for one in get_args(annotation) if one is not NoneType)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is tuple:
        (record, *_) = get_args(kind)
        return (record.model_construct(**dict.fromkeys(record.model_fields, "set")),)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_construct(**dict.fromkeys(kind.model_fields, "set"))
    return {str: "set", int: 5, float: 0.5, bool: True}[kind]
