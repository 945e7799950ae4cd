"""How precise a study will be: the expected error of EntCE, in numbers and in words.

Taken from measurements of the same texts where there are any, else from stated defaults. Reads
no store: whoever asks brings the recipes and the tables.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import polars as pl

from calibration.conventions import Unit
from calibration.recipes import ExamplesRecipe, SummaryRecipe
from calibration.report.wording import count, unsigned
from calibration.statistics.precision import (
    HALF_WIDTH,
    Components,
    Needed,
    components,
    half_width,
    needed,
)

# Standard deviations between source texts and between examples of one text, nats a token.
LADDER: Final = Components(cluster=0.10, example=0.25, steps=224)  # medians of the ladder
BYTES_A_TOKEN: Final = 4  # of English prose under vocabularies of 30 to 150 thousand


class Design(NamedTuple):
    """How many spans, and how many source texts they are from."""

    examples: int
    clusters: int
    counted: bool = True

    @classmethod
    def of(cls, texts: pl.DataFrame) -> "Design":
        return cls(len(texts), texts["cluster"].n_unique())


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


def nearest(
    planned: Sequence[SummaryRecipe], known: Sequence[SummaryRecipe]
) -> list[SummaryRecipe]:
    """The known measurements that say most about planned ones of one data set and decoding.

    They are of the same texts in the same unit; of the same models where there are such, and
    under the same decoding where there are such.
    """
    first = planned[0].samples
    found = [
        one
        for one in known
        if one.samples.examples.texts.source == first.examples.texts.source
        and one.samples.examples.unit == first.examples.unit
    ]
    models = {one.samples.model for one in planned}
    found = [one for one in found if one.samples.model in models] or found
    return [one for one in found if one.samples.decoding == first.decoding] or found


def guess(examples: ExamplesRecipe, measured: Sequence[tuple[str, pl.DataFrame]]) -> Guess:
    """What to expect: the widest of some measurements, given by title, else the defaults."""
    steps = examples.continuation
    found = [
        (components(summary_examples, steps=steps), title) for title, summary_examples in measured
    ]
    known = [Guess(spread, f"estimated from {title}") for spread, title in found if spread]
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
        half_width=half_width(error, design.clusters),
        needed=needed(guessed.spread, clusters=design.clusters, examples=design.examples),
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
    texts = f"{count(one.needed.clusters, 'source text')} of {each:.3g} examples each"
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
