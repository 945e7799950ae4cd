"""The study file's shape: what a person writes, validated, with every default in one place.

This file knows what may be written; it reads no disk and makes no recipe.
"""

import difflib
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from calibration.conventions import AtEnd, Unit
from calibration.decodings import (
    DECODINGS,
    MIXTURE_FORMS,
    AnyDecoding,
    Decodings,
    PlainDecoding,
)
from calibration.entry import Entry, Name
from calibration.errors import StudyError
from calibration.methods import FittedTemperature
from calibration.recipes import Independent, Precision
from calibration.sources import SOURCES, Source
from calibration.text import LONGEST_CHARACTER

SPAN_PER_TOKEN = 8  # bytes of text drawn for each token asked: enough for a tokenizer of long words
SPAN_BEYOND = 64  # bytes drawn beyond a window of bytes: its last token may reach out of it

# What the published protocol does and this project repairs, each of which a study can ask back:
# log losses read one token late; texts chosen by their length under each model's own tokenizer;
# entropies and losses of weights in 4 bits. (`at_end: stop` is another, and units of tokens.)
Departure = Literal["slip", "selection", "four-bit"]
IN_TOKENS: Final = frozenset({"slip", "selection"})  # windows of bytes know neither

LARGEST_SEED: Final = (1 << 63) - 1  # random numbers of beginnings of texts are of 64 bits, signed

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


class Shape(Entry):
    """The sizes of a network, for a plan where its files cannot be read; laws never use them."""

    parameters: int = Field(gt=0)
    layers: int = Field(gt=0)
    width: int = Field(gt=0)
    key_value_width: int = Field(gt=0)  # of all heads of keys together
    vocabulary: int = Field(gt=0)
    context: int = Field(gt=0)
    tied: bool = False  # its head is its embedding


class ModelEntry(Entry):
    """One model: where its weights are, and the labels it is shown and fitted under."""

    name: Name
    family: Name
    path: str | None = None
    hub: str | None = None
    revision: str | None = None
    file: str | None = None  # a GGUF file inside the repository
    precision: Precision = "float32"
    gpus: int = Field(default=1, ge=1)  # that share its layers, where one is too small for it
    parameters: int | None = Field(default=None, gt=0)  # counted from the weights when left out
    shape: Shape | None = None  # read from the configuration wherever that can be
    tokens: int | None = Field(default=None, gt=0)  # training tokens
    trained_until: int | None = Field(default=None, ge=1900, le=2200)  # year
    distilled: bool = False  # taught by another model: laws are also given without it
    chat: bool = False
    base: str | None = None
    decodings: Decodings | None = None  # those of the study when left out

    @property
    def series(self) -> str:
        """Where it stands: a law goes through the base models of a family or its chat models."""
        return f"{self.family} chat" if self.chat else self.family

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            found = "neither: add one" if self.path is None else "both: leave one out"
            raise ValueError(f"exactly one of `path` and `hub` was expected, found {found}")
        return self


class CalibrationTexts(Entry):
    """Texts to fit decodings on, of none of the clusters that are measured."""

    source: Source | None = None  # that of the data set, without what is measured of it
    # One number is fitted, of whose error the log loss feels the square alone.
    examples: int = Field(default=256, gt=0)


class DatasetEntry(Entry):
    """Texts to measure on, and how much of each is prompt and continuation."""

    name: Name
    source: Source
    prompt: int = Field(gt=0)
    continuation: int = Field(gt=0)
    unit: Unit = "tokens"
    examples: int = Field(gt=0)
    samples_per_prompt: int = Field(default=1, ge=1)
    shortest: int | None = Field(default=None, gt=0)  # bytes: a text with fewer is left out
    longest_context: int | None = Field(default=None, gt=0)  # bytes: one of more is left out
    span_bytes: int | None = Field(default=None, ge=LONGEST_CHARACTER)
    independent: Independent = "texts"  # passages: intervals then speak of these texts alone
    # Left out where it is unset, so that a study without it is known by the key it always had.
    calibration: CalibrationTexts | None = Field(default=None, exclude_if=lambda one: one is None)

    @property
    def for_calibration(self) -> "DatasetEntry":
        """The texts that decodings are fitted on: of the same source, unless another is named."""
        texts = self.calibration or CalibrationTexts()
        return self.model_copy(
            update={
                "name": f"{self.name} for calibration",
                "source": texts.source or self.source,
                "examples": texts.examples,
                "samples_per_prompt": 1,
                "calibration": None,
            }
        )

    @property
    def fits_on_another_source(self) -> bool:
        """Whether decodings are fitted on texts of a source of their own."""
        return self.for_calibration.source != self.source

    @property
    def bytes_per_span(self) -> int:
        if self.span_bytes is not None:
            return self.span_bytes
        asked = self.prompt + self.continuation
        return asked + SPAN_BEYOND if self.unit == "bytes" else SPAN_PER_TOKEN * asked


class Study(Entry):
    """Models × data sets × decodings."""

    name: Name
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    root: str = "."  # of relative paths, itself relative to the working directory
    # YAML has lists, which a strict tuple would refuse.
    models: tuple[ModelEntry, ...] = Field(min_length=1, strict=False)
    datasets: tuple[DatasetEntry, ...] = Field(min_length=1, strict=False)
    decodings: Decodings = (PlainDecoding(),)
    at_end: AtEnd = "continue"
    as_published: tuple[Departure, ...] = Field(default=(), strict=False)

    def decodings_of(self, model: ModelEntry) -> tuple[AnyDecoding, ...]:
        """What a model is measured under."""
        return self.decodings if model.decodings is None else model.decodings

    def fits_for(self, model: ModelEntry) -> bool:
        """Whether a model is measured under a decoding that is fitted."""
        return any(not isinstance(one, PlainDecoding) for one in self.decodings_of(model))

    @property
    def texts_read(self) -> tuple[DatasetEntry, ...]:
        """The data sets, and those that decodings are fitted on where any is."""
        fitted = any(map(self.fits_for, self.models))
        others = (one.for_calibration for one in self.datasets if fitted)
        return (*self.datasets, *others)

    @model_validator(mode="after")
    def _series_are_apart(self) -> Self:
        base = {model.family for model in self.models if not model.chat}
        for place, model in enumerate(self.models, start=1):
            if model.chat and model.series in base:
                raise ValueError(
                    f"`models[{place}].family`: the chat models of a family stand under "
                    f"{model.series!r}, found base models under that name: give those another"
                )
        return self

    @model_validator(mode="after")
    def _published_in_tokens(self) -> Self:
        if "slip" in self.as_published and self.at_end == "natural":
            raise ValueError(
                "`at_end`: continue or stop was expected with the published slip, found natural: "
                "set one of them, or leave slip out of `as_published`"
            )
        for departure in IN_TOKENS.intersection(self.as_published):
            for place, dataset in enumerate(self.datasets, start=1):
                if dataset.unit != "tokens":
                    raise ValueError(
                        f"`datasets[{place}].unit`: tokens were expected, in which the published "
                        f"{departure} is told, found {dataset.unit}: set `unit: tokens`, or leave "
                        f"{departure} out of `as_published`"
                    )
        return self

    @model_validator(mode="after")
    def _fitted_by_what_is_measured(self) -> Self:
        if "four-bit" in self.as_published and any(map(self.fits_for, self.models)):
            raise ValueError(
                "`decodings`: plain ones were expected with the published four-bit, under which "
                "other weights read a text than wrote it, found a fitted one: leave out one of them"
            )
        return self

    @model_validator(mode="after")
    def _fitted_on_losses_in_step(self) -> Self:
        decodings = (one for model in self.models for one in self.decodings_of(model))
        if "slip" in self.as_published and any(map(_is_fitted_by_ent_ce, decodings)):
            raise ValueError(
                "`decodings`: none with `fit: ent_ce` was expected with the published slip, under "
                "which log losses and so EntCE are those of other tokens, found one: set `fit: "
                "log_loss`, or leave slip out of `as_published`"
            )
        return self

    @model_validator(mode="after")
    def _passages_are_fitted_on_other_texts(self) -> Self:
        if not any(map(self.fits_for, self.models)):
            return self
        for place, dataset in enumerate(self.datasets, start=1):
            if dataset.independent == "passages" and not dataset.fits_on_another_source:
                raise ValueError(
                    f"`datasets[{place}].calibration.source`: another source was expected with "
                    "`independent: passages` and a fitted decoding, which would else be fitted on "
                    "other passages of the very texts that are measured, found none: name one "
                    "there, or leave `independent` out"
                )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for key, names in (
            ("models", [model.name for model in self.models]),
            ("datasets", [dataset.name for dataset in self.texts_read]),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(
                    f"every name under `{key}` was expected once, found {repeated[0]!r} "
                    f"{names.count(repeated[0])} times: give one of them another name"
                )
        return self


def _is_fitted_by_ent_ce(decoding: AnyDecoding) -> bool:
    return isinstance(decoding, FittedTemperature) and decoding.fit == "ent_ce"


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


def parsed_model(content: Mapping[str, object], where: str) -> ModelEntry:
    """The entry of a model by itself. Raises StudyError, naming where it was written."""
    try:
        return ModelEntry.model_validate(content)
    except ValidationError as error:
        raise StudyError(f"{where}: {_sentence(error)}") from None


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
            known = DECODINGS if "decodings" in location else SOURCES
            return _kind_sentence(_place((*location, "kind")), found, tuple(known))
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


def _kind_sentence(where: str, found: object, known: tuple[str, ...]) -> str:
    expected = f"{where}: {', '.join(map(repr, known[:-1]))} or {known[-1]!r} was expected"
    if not isinstance(found, dict) or found.get("kind") is None:
        return f"{expected}, found nothing: add `kind:` there"
    close = difflib.get_close_matches(str(found["kind"]), known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "write one of them"
    return f"{expected}, found {_described(found['kind'])}: {remedy}"


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for place, part in enumerate(location):
        if _is_form(location[:place], part):
            continue  # which of several forms was meant, which is no key of the file
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"`{text}`" if text else ""


def _is_form(before: tuple[int | str, ...], part: int | str) -> bool:
    match before:
        case (*_, "source"):
            return part in SOURCES
        case (*_, "mixture"):
            return part in MIXTURE_FORMS
        case (*_, "decodings", int()):
            return part in DECODINGS
        case _:
            return False


def _suggestion(location: tuple[int | str, ...], key: str) -> str:
    records: dict[str, type[Entry]] = {
        "models": ModelEntry,
        "datasets": DatasetEntry,
        "calibration": CalibrationTexts,
        **DECODINGS,
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
