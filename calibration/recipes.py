"""What is made from a study, as values: each recipe fixes one table and everything it came from.

A recipe's digest is the sha256 of canonical JSON of its kind, version and fields, where a nested
recipe stands by its own address; so a digest covers the whole ancestry, and every address is
known before anything runs. Identity is *what* is computed. Devices, batch sizes, paths and labels
never enter, except the labels that a fit or a report prints.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, cached_property
from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from calibration.methods import FittedTemperature, Method, OneStep

Precision = Literal["float32", "bfloat16", "float16"]
WeightPrecision = Precision | Literal["four-bit"]  # which computes in bfloat16
Independent = Literal["texts", "passages"]
Form = Literal["plain", "question-answer", "chat"]  # of a prompt
CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)
PLAIN: Final = (str, bool, int)  # stand for themselves in JSON
ADDRESS: Final = re.compile(r"[a-z-]+/[0-9a-f]{2}/[0-9a-f]{64}")


class Identity(BaseModel):
    """A frozen value that is part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipe(Identity):
    """The description of one artifact; `VERSION` goes up when the meaning of its table changes."""

    KIND: ClassVar[str]
    VERSION: ClassVar[int]

    @property
    def digest(self) -> str:
        return self.address.rpartition("/")[2]

    @cached_property
    def address(self) -> str:
        return address_of(self.canonical)

    @cached_property
    def canonical(self) -> dict[str, object]:
        """What the digest is taken of; parents stand by their addresses, unset options nowhere."""
        return {"kind": self.KIND, "version": self.VERSION, "fields": _fields(self)}

    @property
    def parents(self) -> tuple["Recipe", ...]:
        """The recipes of the tables this one is made from, in the order of the fields."""
        found: list[Recipe] = []
        for name in _names(type(self)):
            found += _recipes_in(getattr(self, name))
        return tuple(found)


class SourceIdentity(Identity):
    """Texts by content: `content` is the sha256 of the bytes, the rest says how they are read."""

    kind: str
    content: str
    split: str | None = None
    subset: str | None = None
    column: str | None = None
    context: str | None = None
    cluster: str | None = None
    year: str | None = None

    @property
    def digest(self) -> str:
        """Names the texts themselves; random numbers are keyed by it."""
        return hashlib.sha256(canonical_json(_fields(self)).encode()).hexdigest()


class ModelIdentity(Identity):
    """A network by content: `weights` is the sha256 of its weight files and configuration."""

    weights: str
    precision: WeightPrecision


class TextsRecipe(Recipe):
    """Spans of `span_bytes` from the clusters in turn, in seeded order, the first `examples`."""

    KIND: ClassVar[str] = "texts"
    VERSION: ClassVar[int] = 2
    source: SourceIdentity
    span_bytes: int
    examples: int
    seed: int
    tails: Literal["all"] | None = None  # unset: a short rest of a text is no span
    independent: Literal["passages"] | None = None  # unset: whole texts are
    spans: Literal["first"] | None = None  # unset: all spans of a text
    shortest: int | None = None  # bytes of a text
    longest_context: int | None = None  # bytes
    apart: "TextsRecipe | None" = None  # selected texts, whose clusters are left to them


class ExamplesRecipe(Recipe):
    """Texts under one tokenizer and prompt form: prompts and continuations as token ids."""

    KIND: ClassVar[str] = "examples"
    VERSION: ClassVar[int] = 2
    texts: TextsRecipe
    tokenizer: str
    form: Form = "plain"
    template: str | None = None  # digest of the chat template and of the day it is told
    beginning: Literal["tokenizer"] = "tokenizer"  # special tokens as the tokenizer adds them
    prompt: int
    continuation: int
    unit: Unit
    text_end: int | None = None  # the id that a human text ends with, where its end is kept
    whole: int | None = None  # the first so many texts that fill prompt and continuation


class CalibrationRecipe(Recipe):
    """What a method fits for one model on texts that are not measured."""

    KIND: ClassVar[str] = "calibrations"
    VERSION: ClassVar[int] = 1
    examples: ExamplesRecipe
    model: ModelIdentity
    at_end: AtEnd
    end_ids: tuple[int, ...]
    seed: int
    method: Method


class ModelRecipe(Recipe):
    """What one model makes of some examples under one decoding."""

    examples: ExamplesRecipe
    model: ModelIdentity
    decoding: Decoding  # under a calibration the plain one, which that puts another in place of
    at_end: AtEnd
    end_ids: tuple[int, ...]
    calibration: CalibrationRecipe | None = None

    @property
    def asked(self) -> Decoding | Method:
        """What a study asks for: fits group by it."""
        return self.decoding if self.method is None else self.method

    @property
    def method(self) -> Method | None:
        """How its decoding was fitted; None where it was written."""
        return None if self.calibration is None else self.calibration.method

    @property
    def candidates(self) -> int:
        """Next tokens that are tried at every step of its own text."""
        return self.method.likeliest + self.method.tail if isinstance(self.method, OneStep) else 0

    @property
    def adjusted(self) -> CalibrationRecipe | None:
        """The calibration that weighs next tokens anew; None where the network itself is read."""
        fitted = self.calibration
        of_network = fitted is None or isinstance(fitted.method, FittedTemperature)
        return None if of_network else fitted


class SamplesRecipe(ModelRecipe):
    """The model's own continuations, with the entropy of every step."""

    KIND: ClassVar[str] = "samples"
    VERSION: ClassVar[int] = 1
    seed: int
    draws: int | None = None  # continuations of each prompt; unset: one


class ScoresRecipe(ModelRecipe):
    """Log loss and entropy of every token of the human continuations, teacher forced."""

    KIND: ClassVar[str] = "scores"
    VERSION: ClassVar[int] = 2


class RescoresRecipe(Recipe):
    """Generated texts read by other weights than those that made them."""

    KIND: ClassVar[str] = "rescores"
    VERSION: ClassVar[int] = 1
    samples: SamplesRecipe
    model: ModelIdentity


class SummaryRecipe(Recipe):
    """Cumulative sums per example, clustered moments per position, and what is worth reading."""

    KIND: ClassVar[str] = "summaries"
    VERSION: ClassVar[int] = 3
    samples: SamplesRecipe
    scores: ScoresRecipe
    rescored: RescoresRecipe | None = None  # whose entropies stand for those of the samples
    alignment: Literal["slipped"] | None = None  # log losses one token late, as published


class Member(Identity):
    """One model of a series: its labels, its sizes, and what was measured of it."""

    name: str
    parameters: int
    non_embedding_parameters: int
    tokens: int | None = None
    trained_until: int | None = None
    distilled: bool = False
    chat: bool = False
    base: str | None = None
    summary: SummaryRecipe


class FitRecipe(Recipe):
    """EntCE, drift and static of every model of one series, and the law over their sizes."""

    KIND: ClassVar[str] = "fits"
    VERSION: ClassVar[int] = 5
    family: str
    dataset: str
    law: Literal["power"] = "power"
    x: Literal["parameters", "non_embedding_parameters", "tokens"] = "parameters"
    level: float = 0.95
    members: tuple[Member, ...]

    @property
    def decoding(self) -> Decoding | Method:
        return self.members[0].summary.samples.asked

    @property
    def title(self) -> str:
        return f"{self.family} on {self.dataset} at {self.decoding.label}"


class StudyFitRecipe(Recipe):
    """All series of a study side by side, with the scatter pooled over them."""

    KIND: ClassVar[str] = "study-fits"
    VERSION: ClassVar[int] = 5
    fits: tuple[FitRecipe, ...]

    def summaries(self) -> dict[tuple[str, str, str], SummaryRecipe]:
        """What was measured, by model, data set and decoding."""
        return {
            (member.name, fit.dataset, fit.decoding.label): member.summary
            for fit in self.fits
            for member in fit.members
        }


class TheoryEntry(Identity):
    """A data set under one tokenizer, named by a model that has it; without one, its words."""

    dataset: str
    tokenizer: str | None
    examples: ExamplesRecipe  # words are counted on the texts of these
    assumes: str  # what a prediction takes for granted of the models, as it is printed


class TheoryRecipe(Recipe):
    """The simplified theory beside every data set of a study; `seed` draws the halves."""

    KIND: ClassVar[str] = "theories"
    VERSION: ClassVar[int] = 1
    seed: int
    entries: tuple[TheoryEntry, ...]


class Absent(Identity):
    """A model that a study asks for and that could not be measured, and why."""

    model: str
    why: str


class ReportRecipe(Recipe):
    """The page, the figures and the exported tables of a study."""

    KIND: ClassVar[str] = "reports"
    VERSION: ClassVar[int] = 6
    PAGE: ClassVar[str] = "report.html"
    SUMMARY: ClassVar[str] = "summary.txt"
    study: str
    study_fit: StudyFitRecipe
    theory: TheoryRecipe
    absent: tuple[Absent, ...] | None = None  # unset: every model was measured


Checked = (
    TextsRecipe
    | ExamplesRecipe
    | CalibrationRecipe
    | SamplesRecipe
    | RescoresRecipe
    | ScoresRecipe
    | SummaryRecipe
    | FitRecipe
    | StudyFitRecipe
    | TheoryRecipe
)


class VerdictRecipe(Recipe):
    """The judgement of one table by one version of its suite of rules."""

    KIND: ClassVar[str] = "verdicts"
    VERSION: ClassVar[int] = 1
    table: Checked
    suite: int


def address_of(form: Mapping[str, object]) -> str:
    """Where what a canonical form describes lies: its kind, and the sha256 of its JSON."""
    digest = hashlib.sha256(canonical_json(form).encode()).hexdigest()
    return f"{form.get('kind')}/{digest[:2]}/{digest}"


def canonical_json(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, no NaN."""
    return CANONICAL.encode(value)


@cache
def _names(kind: type[BaseModel]) -> tuple[str, ...]:
    return tuple(kind.model_fields)


def _fields(record: BaseModel) -> dict[str, object]:
    found = ((name, getattr(record, name)) for name in _names(type(record)))
    return {name: _canonical(value) for name, value in found if value is not None}


def _canonical(value: object) -> object:
    # A study of thousands of artifacts asks this a million times: what is most frequent is first.
    if value is None or isinstance(value, PLAIN):
        return value
    if isinstance(value, Recipe):
        return value.address
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        found = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _canonical(item) for name, item in found if item is not None}
    raise TypeError(f"{value!r} has no stable form: a recipe holds strings, numbers and recipes")


def _recipes_in(value: object) -> list[Recipe]:
    if isinstance(value, Recipe):
        return [value]
    if isinstance(value, BaseModel):
        items = (getattr(value, name) for name in _names(type(value)))
        return [found for item in items for found in _recipes_in(item)]
    if isinstance(value, tuple):
        return [found for item in value for found in _recipes_in(item)]
    return []
