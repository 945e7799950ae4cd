"""The study that `calibration measure` makes of some models and texts.

Knows what is put into it, and reads no disk; the defaults are in calibration/defaults.py.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from calibration.conventions import AtEnd, Unit
from calibration.defaults import CONTINUATION, PROMPT
from calibration.errors import InputError
from calibration.recipes import Precision
from calibration.study import Study, parsed_study

LONGEST_NAME: Final = 100  # of a study's names
COMMAND: Final = "calibration measure"  # stands for the study file in sentences


class Settings(NamedTuple):
    """What can be said of every model and text at once; lengths of None are the unit's own."""

    prompt: int | None
    continuation: int | None
    examples: int
    decodings: tuple[dict[str, Any], ...]  # entries as a study file has them
    unit: Unit
    at_end: AtEnd
    precision: Precision
    column: str
    cluster: str | None
    name: str | None


class Named(NamedTuple):
    """A model or texts: a short name, the words it was given in, and the keys of its entry."""

    name: str
    given: str
    keys: dict[str, str]


def quick_study(models: Sequence[Named], texts: Sequence[Named], *, settings: Settings) -> Study:
    """A study of every model on every text, each of the texts a data set of its own.

    Every model is a family of its own: an exponent needs to be told which models belong together.
    Raises StudyError.
    """
    model_names, text_names = _distinct(models), _distinct(texts)
    title = f"{', '.join(model_names)} on {', '.join(text_names)}"
    content = {
        "name": settings.name or title[:LONGEST_NAME],
        "seed": 0,
        "models": [
            {"name": name, **one.keys, "family": name, "precision": settings.precision}
            for name, one in zip(model_names, models, strict=True)
        ],
        "datasets": [
            {
                "name": name,
                "source": {"kind": "files", **one.keys, **_columns(settings)},
                "prompt": settings.prompt or PROMPT[settings.unit],
                "continuation": settings.continuation or CONTINUATION[settings.unit],
                "unit": settings.unit,
                "examples": settings.examples,
            }
            for name, one in zip(text_names, texts, strict=True)
        ],
        "decodings": list(settings.decodings),
        "at_end": settings.at_end,
    }
    return parsed_study(content, COMMAND)


def decoding_entry(given: str) -> dict[str, Any]:
    """The entry of a study file that `top_p=0.95,mixture=0.01` stands for; the study judges it.

    Raises InputError where it is not a list of settings.
    """
    entry: dict[str, Any] = {}
    for part in given.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign and value):
            raise InputError(
                f"--decoding {given!r}: settings such as `top_p=0.95,mixture=0.01` were expected, "
                f"found {part.strip()!r}: write a name, a =, and a value"
            )
        if name in entry:
            raise InputError(
                f"--decoding {given!r}: every setting was expected once, found {name} twice: "
                "leave one out, or give --decoding again for another decoding"
            )
        entry[name] = _number(value)
    return entry


def with_passages(study: Study, alone: Collection[str]) -> Study:
    """The study with the passages of some data sets, of one source text each, as independent."""
    datasets = tuple(
        one.model_copy(update={"independent": "passages"}) if one.name in alone else one
        for one in study.datasets
    )
    return study.model_copy(update={"datasets": datasets})


def passages_sentence(dataset: str) -> str:
    """What the intervals of a single source text mean."""
    return (
        f"{dataset} is one source text, so its passages count as independent: the intervals say "
        "how well this text was measured, and nothing about other texts"
    )


def _number(value: str) -> float | str:
    """The number that is written, whole where it is written so; text where there is none."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _columns(settings: Settings) -> dict[str, str]:
    cluster = {} if settings.cluster is None else {"cluster": settings.cluster}
    return {"column": settings.column, **cluster}


def _distinct(things: Sequence[Named]) -> list[str]:
    """Short names, and the words they were given in where two short names are alike."""
    times = Counter(one.name for one in things)
    names = [one.name if times[one.name] == 1 else one.given for one in things]
    return [name[-LONGEST_NAME:] for name in names]
