"""How precise a study will be: the expected error of EntCE, in numbers and in words.

Taken from measurements of the same texts where there are any, else from stated defaults. Reads
no store: whoever asks brings the recipes and the tables.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from calibration.changes import Form
from calibration.conventions import Unit
from calibration.recipes import ExamplesRecipe, canonical_json
from calibration.report.wording import count, unsigned
from calibration.statistics.intervals import effective_clusters
from calibration.statistics.precision import (
    HALF_WIDTH,
    Components,
    Needed,
    half_width,
    needed,
)

# Standard deviations between source texts and between examples of one text, nats a token.
LADDER: Final = Components(cluster=0.10, example=0.25, steps=224)  # medians of the ladder
CLUSTERS: Final = "clusters"  # of the texts of a data set: a fact that their manifest states
BYTES_A_TOKEN: Final = 4  # of English prose under vocabularies of 30 to 150 thousand


class Design(NamedTuple):
    """How many spans, and how many source texts they are from."""

    examples: int
    clusters: int
    counted: bool = True
    even_clusters: float | None = None  # as many even ones say as much; None where all are even

    @property
    def effective(self) -> float:
        return self.clusters if self.even_clusters is None else self.even_clusters

    @classmethod
    def of(cls, clusters: Sequence[str]) -> "Design":
        """That of spans, each given by its source text; spans are about as long as each other."""
        _, spans = np.unique(np.array(clusters), return_counts=True)
        return cls(
            len(clusters), len(spans), even_clusters=effective_clusters(spans.astype(np.float64))
        )


class Ground(NamedTuple):
    """What a measurement stands on, each as JSON."""

    texts: str  # where they are from
    unit: str
    model: str
    decoding: str


class Grounds:
    """What measurements stand on, by address; whoever asks brings the forms of all addresses."""

    def __init__(self, form_of: Callable[[str], Form | None]) -> None:
        self._form_of = form_of
        # Thousands of measurements share their texts, and most are asked for twice.
        self._texts = cache(self._texts_of)
        self._grounds = cache(self._ground)

    def of(self, summaries: Iterable[str]) -> dict[str, Ground]:
        """The grounds of some summaries in their order, unless an ancestor is not known."""
        found = {address: self._grounds(address) for address in summaries}
        return {address: ground for address, ground in found.items() if ground is not None}

    def _ground(self, summary: str) -> Ground | None:
        fields = self._fields(summary)
        samples = fields and self._fields(fields["samples"])
        if not samples:
            return None
        texts = self._texts(samples["examples"])
        asked = self._method(samples) or samples["decoding"]
        rest = (canonical_json(one) for one in (samples["model"], asked))
        return Ground(*texts, *rest) if texts else None

    def _method(self, samples: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What a decoding is fitted by; None of a plain one."""
        fitted = self._fields(samples["calibration"]) if "calibration" in samples else None
        return fitted["method"] if fitted else None

    def _texts_of(self, address: str) -> tuple[str, str] | None:
        examples = self._fields(address)
        texts = examples and self._fields(examples["texts"])
        return (canonical_json(texts["source"]), examples["unit"]) if examples and texts else None

    def _fields(self, address: str) -> Mapping[str, Any] | None:
        form = self._form_of(address)
        return None if form is None else form["fields"]


class Guess(NamedTuple):
    """What a measurement here is expected to vary by, and where that is known from."""

    spread: Components
    source: str


class Expected(NamedTuple):
    """The precision to expect of one data set under one decoding."""

    dataset: str
    decoding: str
    unit: Unit
    design: Design
    error: float  # nats a unit
    half_width: float  # of the 95 % interval; nan with one source text
    needed: Needed  # for HALF_WIDTH
    source: str


def nearest(planned: Sequence[Ground], known: Mapping[str, Ground]) -> list[str]:
    """The known measurements that say most about planned ones of one data set and decoding.

    They are of the same texts in the same unit; of the same models where there are such, and
    under the same decoding where there are such. Given by address, they keep their order.
    """
    first = planned[0]
    found = [one for one, ground in known.items() if ground[:2] == first[:2]]
    models = {one.model for one in planned}
    found = [one for one in found if known[one].model in models] or found
    return [one for one in found if known[one].decoding == first.decoding] or found


def spread_facts(spread: Components | None) -> dict[str, float]:
    """What a manifest states of a measurement, so that no table need be read to expect another."""
    return {} if spread is None else asdict(spread)


def stated_spread(facts: Mapping[str, Any]) -> Components | None:
    """The same, out of the facts of a manifest; None where they are not stated."""
    names = [field.name for field in fields(Components)]
    if any(name not in facts for name in names):
        return None
    return Components(**{name: float(facts[name]) for name in names})


def guess(examples: ExamplesRecipe, measured: Sequence[tuple[str, Components]]) -> Guess:
    """What to expect: the widest of some measurements, given by title, else the defaults."""
    steps = examples.continuation
    known = [Guess(spread.after(steps), f"estimated from {title}") for title, spread in measured]
    if not known:
        default = default_components(examples.unit).after(steps)
        return Guess(default, "guessed from small models on speeches: nothing measured yet")
    return max(known, key=lambda one: one.spread.cluster**2 + one.spread.example**2)


def default_components(unit: Unit) -> Components:
    """What small models showed on speeches, in nats a token or a byte."""
    if unit == "tokens":
        return LADDER
    per_byte = (LADDER.cluster / BYTES_A_TOKEN, LADDER.example / BYTES_A_TOKEN)
    return Components(*per_byte, steps=LADDER.steps * BYTES_A_TOKEN)


def expected(
    examples: ExamplesRecipe, design: Design, guessed: Guess, *, dataset: str, decoding: str
) -> Expected:
    """The precision of one data set under one decoding."""
    error = guessed.spread.standard_error(design.clusters, design.examples)
    return Expected(
        dataset=dataset,
        decoding=decoding,
        unit=examples.unit,
        design=design,
        error=error,
        half_width=half_width(error, design.effective),
        needed=needed(
            guessed.spread,
            clusters=design.clusters,
            examples=design.examples,
            effective=design.effective,
        ),
        source=guessed.source,
    )


def expected_lines(one: Expected) -> Iterator[str]:
    """What `plan` shows of it."""
    per = one.unit.removesuffix("s")
    texts = count(one.design.clusters, "source text")
    if not one.design.counted:
        texts += " (not counted: a row is taken for one)"
    yield (
        f"{one.dataset} at {one.decoding}: standard error of EntCE about "
        f"{unsigned(one.error, 3)} nats per {per} ({_interval(one)}), with "
        f"{count(one.design.examples, 'example')} from {texts}"
    )
    yield f"  {_remedy(one)}"
    yield f"  {one.source}"


def _interval(one: Expected) -> str:
    if math.isnan(one.half_width):
        return "one source text gives no interval"
    return f"95 % interval ± {unsigned(one.half_width, 3)}"


def _remedy(one: Expected) -> str:
    each = one.design.examples / one.design.clusters
    examples = "one example" if each == 1 else f"{each:.3g} examples"
    texts = f"{count(one.needed.clusters, 'source text')} of {examples} each"
    if one.half_width <= HALF_WIDTH:
        return f"± {HALF_WIDTH} is reached"
    if one.design.clusters == 1:
        return f"an interval takes two source texts or more, and ± {HALF_WIDTH} about {texts}"
    if one.needed.examples is None:
        return (
            f"± {HALF_WIDTH} cannot be had from more examples of these texts, which differ too "
            f"much among themselves: it takes about {texts}"
        )
    return f"± {HALF_WIDTH} takes about {one.needed.examples:,} examples of these texts, or {texts}"
