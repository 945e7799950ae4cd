"""What a person can mend, as exceptions; everything else is our own fault and keeps its traceback.

CalibrationError        one sentence: what was expected, what was found, where, what to do
├── InputError          what was given cannot be used (exit code 2)
│   ├── StudyError      the study file
│   ├── TextError       texts to measure on
│   └── ModelError      a model or its tokenizer
├── StoreError          the store cannot be read or written (exit code 2)
├── ServerError         the Prefect server cannot be used (exit code 2)
├── Incomplete          a study ended, and lacks some of its models (exit code 2)
│   └── PartlyRefused   one of them because it broke a rule (exit code 1)
└── CheckFailed         a table broke a rule that must hold (exit code 1)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class CalibrationError(Exception):
    """Base of every error whose message is meant for the person at the command line."""

    exit_code: ClassVar[int] = 2


class InputError(CalibrationError):
    """Something that was given cannot be used."""


class StudyError(InputError):
    """The study file cannot be used as it is."""


class TextError(InputError):
    """The texts cannot be used as they are."""


class ModelError(InputError):
    """A model or its tokenizer cannot be used as it is."""


class StoreError(CalibrationError):
    """The store cannot be read or written."""


class ServerError(CalibrationError):
    """The Prefect server does not answer, or refuses."""


class CheckFailed(CalibrationError):
    """A table broke a rule that must hold; what depends on it is not made."""

    exit_code = 1


class Incomplete(CalibrationError):
    """A study came to its end without some of its models; its report is made of the others."""


class PartlyRefused(Incomplete):
    """The same, where a table of one of those models broke a rule that must hold."""

    exit_code = 1


@contextmanager
def said_of_model(name: str) -> Iterator[None]:
    """Puts a model's name before whatever is wrong with it."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"model {name!r}: {error}") from error
