"""The study file's shape: what a person writes, validated, with every default in one place.

This file knows what may be written; it reads no disk and makes no recipe.
"""

import difflib
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from calibration.errors import StudyError
from calibration.recipes import Independent, Precision
from calibration.text import LONGEST_CHARACTER

SPAN_PER_TOKEN = 8  # bytes of text drawn for each token asked: enough for a tokenizer of long words
SPAN_BEYOND = 64  # bytes drawn beyond a window of bytes: its last token may reach out of it

UNKNOWN_KEY = ("extra_forbidden", "invalid_key")
# What pydantic calls a fault: what was expected, and the remedy, in the words of the file.
EXPECTED = {
    "string_type": ("text", "write it in quotes"),
    "int_type": ("a whole number", "write it in digits alone, without quotes"),
    "float_type": ("a number", "write it in digits, such as 0.9, without quotes"),
    "bool_type": ("true or false", "write one of them, without quotes"),
    "tuple_type": ("a list", "begin each of its entries with a dash"),
    "model_type": ("a mapping", "write it as `key: value`, a line each"),
    "model_attributes_type": ("a mapping", "write it as `key: value`, a line each"),
    "string_too_short": ("a name of one character or more", "write one"),
    "string_too_long": ("a name of at most 100 characters", "shorten it"),
    "string_pattern_mismatch": ("a name on one line", "leave out line breaks and tabs"),
}

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Entry(BaseModel):
    """A frozen piece of a study; a key that is not known is an error, and no type is guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelEntry(Entry):
    """One model: where its weights are, and the labels it is shown and fitted under."""

    name: Name
    family: Name
    path: str | None = None
    hub: str | None = None
    revision: str | None = None
    file: str | None = None  # a GGUF file inside the repository
    precision: Precision = "float32"
    parameters: int | None = Field(default=None, gt=0)  # counted from the weights when left out
    tokens: int | None = Field(default=None, gt=0)  # training tokens
    trained_until: int | None = Field(default=None, ge=1900, le=2200)  # year
    chat: bool = False
    base: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            found = "neither: add one" if self.path is None else "both: leave one out"
            raise ValueError(f"exactly one of `path` and `hub` was expected, found {found}")
        return self


class SpeechesSource(Entry):
    """The State of the Union messages; one split serves training, stopping and measuring."""

    kind: Literal["speeches"]
    split: Literal["train", "stop", "held-out"] = "held-out"


class FilesSource(Entry):
    """Local files: .txt is one text a file; .jsonl, .csv and .parquet are one text a row."""

    kind: Literal["files"]
    path: str  # may hold * and **
    column: str = "text"
    cluster: str | None = None
    year: str | None = None  # a column: when each text was written


class HubSource(Entry):
    """A data set of the Hugging Face hub, or a local directory laid out as one."""

    kind: Literal["hub"]
    dataset: str
    subset: str | None = None  # the hub calls it a configuration
    split: str = "train"
    revision: str | None = None
    column: str = "text"
    cluster: str | None = None
    year: str | None = None


class PythonSource(Entry):
    """The modules of Python's standard library, without its tests."""

    kind: Literal["python-source"]


Source = Annotated[
    SpeechesSource | FilesSource | HubSource | PythonSource, Field(discriminator="kind")
]


SOURCES: dict[str, type[Entry]] = {
    "speeches": SpeechesSource,
    "files": FilesSource,
    "python-source": PythonSource,
    "hub": HubSource,
}


class DatasetEntry(Entry):
    """Texts to measure on, and how much of each is prompt and continuation."""

    name: Name
    source: Source
    prompt: int = Field(gt=0)
    continuation: int = Field(gt=0)
    unit: Unit = "tokens"
    examples: int = Field(gt=0)
    span_bytes: int | None = Field(default=None, ge=LONGEST_CHARACTER)
    independent: Independent = "texts"  # passages: intervals then speak of these texts alone

    @property
    def bytes_per_span(self) -> int:
        if self.span_bytes is not None:
            return self.span_bytes
        asked = self.prompt + self.continuation
        return asked + SPAN_BEYOND if self.unit == "bytes" else SPAN_PER_TOKEN * asked


class PlainDecoding(Entry):
    """A decoding whose settings are written in the study."""

    kind: Literal["plain"] = "plain"
    temperature: float = 1.0

    @field_validator("temperature")
    @classmethod
    def _valid(cls, temperature: float) -> float:
        # The record validates itself, with the sentence a person reads.
        return Decoding(temperature=temperature).temperature

    @property
    def decoding(self) -> Decoding:
        return Decoding(temperature=self.temperature)


class Study(Entry):
    """Models × data sets × decodings."""

    name: Name
    seed: int = Field(default=0, ge=0)
    root: str = "."  # of relative paths, itself relative to the working directory
    # YAML has lists, which a strict tuple would refuse.
    models: tuple[ModelEntry, ...] = Field(min_length=1, strict=False)
    datasets: tuple[DatasetEntry, ...] = Field(min_length=1, strict=False)
    decodings: tuple[PlainDecoding, ...] = Field(
        default=(PlainDecoding(),), min_length=1, strict=False
    )
    at_end: AtEnd = "continue"

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for key, names in (
            ("models", [model.name for model in self.models]),
            ("datasets", [dataset.name for dataset in self.datasets]),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(
                    f"every name under `{key}` was expected once, found {repeated[0]!r} "
                    f"{names.count(repeated[0])} times: give one of them another name"
                )
        for decoding in self.decodings:
            if self.decodings.count(decoding) > 1:
                raise ValueError(
                    "every entry under `decodings` was expected once, found "
                    f"{decoding.decoding.label} {self.decodings.count(decoding)} times: "
                    "leave the others out"
                )
        return self


def parsed_study(content: object, file: str) -> Study:
    """The study that `content` (parsed YAML) describes.

    Raises StudyError: one sentence with the file, the key and the remedy.
    """
    if not isinstance(content, dict):
        raise StudyError(
            f"{file}: a mapping with the keys name, models and datasets was expected, "
            f"found {_described(content)}: see studies/quickstart.yaml for one to copy"
        )
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise StudyError(f"{file}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    # An unknown key first: it is what makes the others (a missing key is often a misspelt one).
    details = sorted(error.errors(), key=lambda detail: detail["type"] not in UNKNOWN_KEY)
    detail = details[0]
    location, found = detail["loc"], detail["input"]
    where = _place(location)
    match detail["type"]:
        case "extra_forbidden" | "invalid_key":
            key = str(location[-1])
            where = _place((*location[:-1], key))
            return f"{where} is not a key that is known here{_suggestion(location, key)}"
        case "missing":
            return f"{where} was expected, found nothing: add `{location[-1]}:` there"
        case "too_short":
            return f"{where} was expected to have at least one entry, found none: add one"
        case "value_error":
            reason = str(detail["ctx"]["error"])
            return f"{where}: {reason}" if where else reason
        case "union_tag_invalid" | "union_tag_not_found":
            return _source_sentence(_place((*location, "kind")), found)
        case kind:
            expected, remedy = _expected(kind, detail.get("ctx", {}))
            remedy = "write it there" if found is None else remedy
            return f"{where}: {expected} was expected, found {_described(found)}: {remedy}"


def _expected(kind: str, limits: dict[str, Any]) -> tuple[str, str]:
    """What a value should have been, and what to do about one that is not."""
    match kind:
        case "literal_error":
            return limits["expected"], "this version knows no other"
        case "greater_than":
            return f"a number above {limits['gt']}", "write a larger one"
        case "greater_than_equal":
            return f"a number of at least {limits['ge']}", "write a larger one"
        case "less_than_equal":
            return f"a number of at most {limits['le']}", "write a smaller one"
        case _:
            return EXPECTED.get(kind, ("another value", "see studies/quickstart.yaml for one"))


def _source_sentence(where: str, found: object) -> str:
    known = tuple(SOURCES)
    expected = f"{where}: {', '.join(map(repr, known[:-1]))} or {known[-1]!r} was expected"
    if not isinstance(found, dict) or found.get("kind") is None:
        return f"{expected}, found nothing: add `kind:` there"
    close = difflib.get_close_matches(str(found["kind"]), known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "write one of them"
    return f"{expected}, found {_described(found['kind'])}: {remedy}"


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for before, part in zip(("", *location), location, strict=False):
        if before == "source" and part in SOURCES:
            continue  # the kind of source, which is no key of the file
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"`{text}`" if text else ""


def _suggestion(location: tuple[int | str, ...], key: str) -> str:
    records: dict[str, type[Entry]] = {
        "models": ModelEntry,
        "datasets": DatasetEntry,
        "decodings": PlainDecoding,
        **SOURCES,
    }
    owners = [records[str(part)] for part in location[:-1] if str(part) in records]
    known = list((owners[-1] if owners else Study).model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    return f": did you mean `{close[0]}`?" if close else f": the keys here are {', '.join(known)}"


def _described(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return f"a mapping with the keys {', '.join(map(str, value)) or '(none)'}"
        case list():
            return f"a list of {len(value)}"
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:57]!r}..."
        case _:
            return str(value)
