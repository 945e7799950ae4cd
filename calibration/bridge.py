"""From one protocol to another, one switch at a time: what moved the numbers of a study.

The order is fixed: what is only read otherwise comes before what makes other texts. Two studies
that a bridge joins differ in nothing but protocol. Knows no store and no numbers.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from pydantic import ValidationError

from calibration.errors import StudyError
from calibration.study import DatasetEntry, Departure, Study

AS_PUBLISHED: Final = "as published"
ALL: Final = frozenset[Departure]({"slip", "four-bit", "selection"})
WINDOW: Final = ("unit", "prompt", "continuation", "examples", "shortest", "longest_context")
# What takes the place of a choice by tokens is one by bytes: the two are one switch.
CHOICE: Final = ("shortest", "longest_context")
LONGEST_NAME: Final = 100  # of a study


class Step(NamedTuple):
    """A row of a bridge: what it changes from the row before, and the study it is measured by."""

    name: str
    study: Study


Change = Callable[[Study, Study], Study]


class _Switch(NamedTuple):
    words: Callable[[Study], str]  # what is said of the study that has the new setting
    turned: Change


def bridge_steps(start: Study, end: Study, *, files: tuple[str, str]) -> list[Step]:
    """The studies from `start` to `end`, each with one switch more than the one before.

    A switch that both have alike is no step. Raises StudyError where the two studies differ in
    more than switches, in none, or where a setting needs one that comes later.
    """
    _require_one_subject(start, end, files)
    first = AS_PUBLISHED if set(start.as_published) >= ALL else start.name
    steps = [Step(first, start)]
    for switch in SWITCHES:
        study = switch.turned(steps[-1].study, end)
        if _protocol(study) != _protocol(steps[-1].study):
            name = switch.words(end)
            steps.append(Step(name, _valid(study, name=f"{end.name}, {name}", files=files)))
    if len(steps) == 1:
        raise StudyError(
            f"{files[1]}: a protocol other than that of {files[0]} was expected, found the same: "
            "change `as_published`, `at_end` or the windows of a data set in one of them"
        )
    steps[-1] = steps[-1]._replace(study=end)
    return steps


def _departure(name: Departure, *, without: str, with_it: str) -> _Switch:
    def turned(here: Study, there: Study) -> Study:
        others = tuple(one for one in here.as_published if one != name)
        kept = (*others, name) if name in there.as_published else others
        return here.model_copy(update={"as_published": kept})

    return _Switch(lambda there: with_it if name in there.as_published else without, turned)


def _chosen(here: Study, there: Study) -> Study:
    departure = _departure("selection", without="", with_it="").turned(here, there)
    if set(departure.as_published) == set(here.as_published):
        return here
    return _with_windows(departure, there, CHOICE)


def _ended(here: Study, there: Study) -> Study:
    return here.model_copy(update={"at_end": there.at_end})


def _with_windows(here: Study, there: Study, keys: tuple[str, ...] = WINDOW) -> Study:
    pairs = zip(here.datasets, there.datasets, strict=True)
    changed = (_like(one, other, keys) for one, other in pairs)
    return here.model_copy(update={"datasets": tuple(changed)})


def _like(one: DatasetEntry, other: DatasetEntry, keys: tuple[str, ...]) -> DatasetEntry:
    return one.model_copy(update={key: getattr(other, key) for key in keys})


def _windows(there: Study) -> str:
    units = dict.fromkeys(dataset.unit for dataset in there.datasets)
    return f"windows of {' and '.join(units)}"


SWITCHES: Final = (
    _departure("slip", without="without the slip", with_it="with the slip"),
    _departure("four-bit", without="one set of weights", with_it="scored in four bits"),
    _Switch(
        lambda there: (
            "texts chosen by tokens" if "selection" in there.as_published else "the same texts"
        ),
        _chosen,
    ),
    _Switch(lambda there: f"at the end: {there.at_end}", _ended),
    _Switch(_windows, _with_windows),
)


def _protocol(study: Study) -> tuple[object, ...]:
    windows = [[getattr(one, key) for key in WINDOW] for one in study.datasets]
    return frozenset(study.as_published), study.at_end, windows


def _valid(study: Study, *, name: str, files: tuple[str, str]) -> Study:
    fields = {key: getattr(study, key) for key in Study.model_fields}
    try:
        return Study.model_validate(fields | {"name": name[:LONGEST_NAME]})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise StudyError(
            f"{files[0]} to {files[1]}: one switch at a time was expected to give studies that can "
            f"be run, found none at {name!r} ({reason}): walk from {files[1]} to {files[0]}"
        ) from None


def _require_one_subject(start: Study, end: Study, files: tuple[str, str]) -> None:
    difference = next(_differences(start, end), None)
    if difference is not None:
        raise StudyError(
            f"{files[1]}: studies that differ in protocol alone were expected, found another "
            f"{difference} than in {files[0]}: make the two alike there, as `extends` does"
        )


def _differences(start: Study, end: Study) -> Iterator[str]:
    """What differs besides the switches, in the words of the file."""
    switched = {"name", "as_published", "at_end", "datasets"}
    for key in Study.model_fields:
        if key not in switched and getattr(start, key) != getattr(end, key):
            yield f"`{key}`"
    names = [[one.name for one in study.datasets] for study in (start, end)]
    if names[0] != names[1]:
        yield "list of `datasets`"
        return
    for place, (one, other) in enumerate(zip(start.datasets, end.datasets, strict=True), start=1):
        for key in DatasetEntry.model_fields:
            if key not in WINDOW and getattr(one, key) != getattr(other, key):
                yield f"`datasets[{place}].{key}`"
