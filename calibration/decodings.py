"""Decodings as a study writes them: plain ones by their settings, fitted ones by their method.

A path of mixtures is written out here, so that nothing else knows of it.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from calibration.engine.decoding import TRUNCATIONS, Decoding
from calibration.entry import Entry
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep

# A mixture as it may be written: one share, or several, a decoding each. Named, so that a fault is
# told of the one that was meant.
MIXTURE_FORMS: Final = ("share", "path")
Mixture = Annotated[
    Annotated[float, Tag("share")]
    | Annotated[tuple[float, ...], Field(min_length=1, strict=False), Tag("path")],
    Discriminator(lambda value: "path" if isinstance(value, list | tuple) else "share"),
]


class PlainDecoding(Entry):
    """A decoding whose settings are written in the study; in a study it has one mixture."""

    kind: Literal["plain"] = "plain"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    epsilon: float | None = None
    eta: float | None = None
    typical: float | None = None
    mixture: Mixture | None = None

    # The record validates itself, with the sentences a person reads: each setting alone first, so
    # that the sentence names its key.
    @field_validator("temperature", *TRUNCATIONS)
    @classmethod
    def _valid(cls, value: float | None, info: ValidationInfo) -> float | None:
        name = str(info.field_name)
        _require_valid({name: value}, name)
        return value

    @field_validator("mixture")
    @classmethod
    def _valid_mixture(cls, mixture: Mixture | None) -> Mixture | None:
        for share in mixture if isinstance(mixture, tuple) else (mixture,):
            if share is not None:
                _require_valid({"top_k": 1, "mixture": share}, "mixture")
        return mixture

    @model_validator(mode="after")
    def _valid_together(self) -> Self:
        for one in self.along():
            one.decoding  # noqa: B018  # it validates itself
        return self

    def along(self) -> Iterator["PlainDecoding"]:
        """One decoding for each mixture of a path; itself where it has one or none."""
        if not isinstance(self.mixture, tuple):
            yield self
            return
        for share in self.mixture:
            yield self.model_copy(update={"mixture": share})

    @property
    def decoding(self) -> Decoding:
        """The record. ValueError where settings do not go together, or the mixture is a path."""
        settings = self.model_dump(exclude={"kind"})
        return Decoding(**settings)


def _require_valid(settings: dict[str, Any], name: str) -> None:
    """Raise ValueError where one setting, whatever the others, is not valid."""
    if name in TRUNCATIONS and settings[name] is not None:
        settings = settings | {"mixture": 0.0}
    try:
        Decoding(**settings)
    except ValueError as error:
        raise ValueError(str(error).removeprefix(f"{name}: ")) from None


def _kind(written: object) -> str:
    """Which member of the union is meant; what is no mapping is told to be one."""
    kind = written.get("kind", "plain") if isinstance(written, Mapping) else None
    return str(getattr(written, "kind", "plain") if kind is None else kind)


AnyDecoding = PlainDecoding | FittedTemperature | OneStep | FutureEntropy
WrittenDecoding = Annotated[
    Annotated[PlainDecoding, Tag("plain")]
    | Annotated[FittedTemperature, Tag("temperature")]
    | Annotated[OneStep, Tag("one_step")]
    | Annotated[FutureEntropy, Tag("future_entropy")],
    Discriminator(_kind),
]
DECODINGS: Final[dict[str, type[Entry]]] = {
    "plain": PlainDecoding,
    "temperature": FittedTemperature,
    "one_step": OneStep,
    "future_entropy": FutureEntropy,
}


def asked_for(written: AnyDecoding) -> Decoding | Method:
    """What an entry asks for: its settings, or the method that fits them."""
    return written.decoding if isinstance(written, PlainDecoding) else written


def _along_paths(written: tuple[AnyDecoding, ...]) -> tuple[AnyDecoding, ...]:
    """The paths written out, so that nothing else knows of them; ValueError where one is double."""
    found = tuple(one for entry in written for one in _along(entry))
    labels = [asked_for(entry).label for entry in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(
                f"every entry was expected once, found {label} {labels.count(label)} "
                "times: leave the others out"
            )
    return found


def _along(entry: AnyDecoding) -> Iterator[AnyDecoding]:
    return entry.along() if isinstance(entry, PlainDecoding) else iter((entry,))


# YAML has lists, which a strict tuple would refuse.
Decodings = Annotated[
    tuple[WrittenDecoding, ...], Field(min_length=1, strict=False), AfterValidator(_along_paths)
]
