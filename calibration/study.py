"""The study file's shape: what a person writes, validated, with every default in one place.

This file knows what may be written; it reads no disk and makes no recipe.
"""

import difflib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calibration.engine.decoding import Decoding
from calibration.errors import StudyError
from calibration.recipes import AtEnd, Precision, Unit

SPAN_PER_TOKEN = 8  # bytes of text drawn for each token asked: enough for a tokenizer of long words

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Entry(BaseModel):
    """A frozen piece of a study; a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
            found = "neither" if self.path is None else "both"
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


class HubSource(Entry):
    """A data set of the Hugging Face hub."""

    kind: Literal["hub"]
    dataset: str
    split: str = "train"
    revision: str | None = None
    column: str = "text"
    cluster: str | None = None


Source = Annotated[SpeechesSource | FilesSource | HubSource, Field(discriminator="kind")]


class DatasetEntry(Entry):
    """Texts to measure on, and how much of each is prompt and continuation."""

    name: Name
    source: Source
    prompt: int = Field(gt=0)
    continuation: int = Field(gt=0)
    unit: Unit = "tokens"
    examples: int = Field(gt=0)
    span_bytes: int | None = Field(default=None, gt=0)

    @property
    def bytes_per_span(self) -> int:
        return self.span_bytes or SPAN_PER_TOKEN * (self.prompt + self.continuation)


class PlainDecoding(Entry):
    """A decoding whose settings are written in the study."""

    kind: Literal["plain"] = "plain"
    temperature: float = 1.0

    @model_validator(mode="after")
    def _valid(self) -> Self:
        _ = self.decoding  # the record validates itself, with the sentence a person reads
        return self

    @property
    def decoding(self) -> Decoding:
        return Decoding(temperature=self.temperature)


class Study(Entry):
    """Models × data sets × decodings."""

    name: Name
    seed: int = Field(default=0, ge=0)
    root: str = "."  # of relative paths, itself relative to the working directory
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    datasets: tuple[DatasetEntry, ...] = Field(min_length=1)
    decodings: tuple[PlainDecoding, ...] = Field(default=(PlainDecoding(),), min_length=1)
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
        if len(set(self.decodings)) < len(self.decodings):
            raise ValueError("every decoding was expected once, found one twice: leave one out")
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
        raise StudyError(f"{file}: {_sentence(error, content)}") from None


def _sentence(error: ValidationError, content: dict[Any, Any]) -> str:
    # An unknown key first: it is what makes the others (a missing key is often a misspelt one).
    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    detail = details[0]
    where = _place(detail["loc"])
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            return f"{where} is not a key that is known here{_suggestion(detail['loc'], key)}"
        case "missing":
            return f"{where} was expected, found nothing: add `{key}:` there"
        case "too_short":
            return f"{where} was expected to have at least one entry, found none: add one"
        case "value_error":
            reason = str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
            return f"{where}: {reason}" if where else reason
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = "speeches, files or hub"
            return f"{where}: `kind` was expected to be {kinds}, found {_described(detail['input'])}"
        case _:
            expected = detail["msg"].replace("Input should be ", "").replace("Input should ", "to ")
            return f"{where}: {expected} was expected, found {_described(detail['input'])}"


def _place(location: tuple[int | str, ...]) -> str:
    parts = [part for part in location if part not in ("speeches", "files", "hub")]
    text = ""
    for part in parts:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"`{text}`" if text else ""


def _suggestion(location: tuple[int | str, ...], key: str) -> str:
    records: dict[str, type[Entry]] = {
        "models": ModelEntry,
        "datasets": DatasetEntry,
        "decodings": PlainDecoding,
        "speeches": SpeechesSource,
        "files": FilesSource,
        "hub": HubSource,
    }
    owners = [records[str(part)] for part in location[:-1] if str(part) in records]
    known = list((owners[-1] if owners else Study).model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    return f": did you mean `{close[0]}`?" if close else f": the keys here are {', '.join(known)}"


def _described(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"a mapping with the keys {', '.join(map(str, value)) or '(none)'}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
