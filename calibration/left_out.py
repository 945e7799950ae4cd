"""Why a model was left out of a study, in words that are the same on every machine.

A report is identified by what it says. So what is kept of an error is without the places where
files lie on one machine, and without amounts that are different at every try.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from calibration.recipes import Absent
from calibration.record_tables import LEFT_OUT

ADDRESS: Final = re.compile(r" at [a-z-]+/[0-9a-f]{2}/[0-9a-f]{64}")
FREE: Final = re.compile(r"\d[\d.]* GB were found free")
# A place that begins earlier or goes on is another place.
BEFORE, AFTER = r"(?<![\w./-])", r"(?![\w.-])"


def reason(sentence: str, *, model: str, places: Mapping[str, str]) -> str:
    """What an error says of a model, in one line; `places` are words for what lies on a machine."""
    said = " ".join(sentence.split()).removeprefix(f"model {model!r}: ")
    for place in sorted(places, key=len, reverse=True):
        said = re.sub(f"{BEFORE}{re.escape(place)}{AFTER}", places[place], said)
    said = ADDRESS.sub(" in the store", FREE.sub("less was found free", said))
    return said.removeprefix(": ")


def left_out_table(absent: Sequence[Absent]) -> pl.DataFrame:
    """LEFT_OUT, a row a model; none where every model was measured."""
    return pl.DataFrame([one.model_dump() for one in absent], schema=LEFT_OUT)


def left_out_lines(absent: Sequence[Absent]) -> list[str]:
    """A line for each model that was left out: which, and why."""
    return [f"{one.model} left out: {one.why}" for one in absent]


def left_out_sentence(absent: Sequence[Absent], *, asked: int) -> str:
    """How a study of `asked` models ended without some of them, and what to do."""
    names = ", ".join(repr(one.model) for one in absent)
    return (
        f"all of {asked} models were expected to be measured, found {len(absent)} left out "
        f"({names}): mend what is said of each, and run the same command again, which makes only "
        "what is lacking"
    )
