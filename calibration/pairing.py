"""Which measurements of two studies belong together, and their differences as a table and in words.

A and B are the studies in the order they were given; differences are B - A. Knows no store.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import polars as pl

from calibration.errors import InputError
from calibration.recipes import SummaryRecipe
from calibration.report.wording import count, interval, listed, loss, signed
from calibration.statistics.comparison import Comparison, Difference

COMPARED: Final = pl.Schema(
    {
        **{
            f"{label}_{side}": pl.String()
            for side in ("a", "b")
            for label in ("model", "dataset", "decoding")
        },
        "unit": pl.String(),  # tokens or bytes: values are nats a unit
        "quantity": pl.String(),  # ent_ce, drift, static, log_loss
        "a": pl.Float64(),
        "b": pl.Float64(),
        "difference": pl.Float64(),  # b - a
        "se": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "paired": pl.Boolean(),
        "shared": pl.Int64(),  # source texts that both have
        "clusters_a": pl.Int64(),
        "clusters_b": pl.Int64(),
    }
)
NAMES: Final = {"ent_ce": "EntCE", "drift": "drift", "static": "static", "log_loss": "log loss"}


class Label(NamedTuple):
    """A measurement by the names it has in its study."""

    model: str
    dataset: str
    decoding: str

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset} at {self.decoding}"


class Side(NamedTuple):
    """One study: its name, and what was measured in it."""

    study: str
    measured: Mapping[Label, SummaryRecipe]


class Pairs(NamedTuple):
    """Measurements of A with their counterparts in B, and those of each that have none."""

    pairs: tuple[tuple[Label, Label], ...]
    alone_a: tuple[Label, ...]
    alone_b: tuple[Label, ...]


def pairs(a: Sequence[Label], b: Sequence[Label]) -> Pairs:
    """Measurements of one model name, data set name and decoding.

    Where no two are, a kind of label of which each side has only one (one model here, one there)
    is left out of what must agree. Raises InputError where even then nothing pairs.
    """
    every = tuple(Label._fields)
    differing = tuple(
        name
        for name in every
        if not len({getattr(one, name) for one in a}) == 1 == len({getattr(one, name) for one in b})
    )
    for agreeing in (every, differing):
        found = _agreeing(a, b, agreeing)
        if found.pairs:
            return found
    raise InputError(
        f"measurements of the same model, data set and decoding were expected in both, found "
        f"{_some(a)} in A and {_some(b)} in B: give them the same names in their study files"
    )


def _agreeing(a: Sequence[Label], b: Sequence[Label], names: Sequence[str]) -> Pairs:
    def key(label: Label) -> tuple[str, ...]:
        return tuple(getattr(label, name) for name in names)

    there = {key(label): label for label in b}
    found = tuple((label, there[key(label)]) for label in a if key(label) in there)
    kept_a, kept_b = {one for one, _ in found}, {other for _, other in found}
    return Pairs(
        found,
        tuple(label for label in a if label not in kept_a),
        tuple(label for label in b if label not in kept_b),
    )


def require_one_unit(a: SummaryRecipe, b: SummaryRecipe, *, title: str) -> str:
    """The unit of both, tokens or bytes. Raises InputError where they differ."""
    units = [one.samples.examples.unit for one in (a, b)]
    if units[0] != units[1]:
        raise InputError(
            f"{title}: one unit was expected in A and B, found {units[0]} in A and {units[1]} in "
            "B: set the same `unit` in both study files and run them again"
        )
    return units[0]


def compared_rows(a: Label, b: Label, found: Comparison, *, unit: str) -> pl.DataFrame:
    """COMPARED of one pair, a row a quantity; what is undefined is null."""
    labels = {f"{name}_a": getattr(a, name) for name in Label._fields}
    labels |= {f"{name}_b": getattr(b, name) for name in Label._fields}
    rows = [labels | {"unit": unit} | _row(one, found) for one in found.differences]
    return pl.DataFrame(rows, schema=COMPARED).with_columns(pl.selectors.float().fill_nan(None))


def _row(one: Difference, found: Comparison) -> dict[str, object]:
    return {
        "quantity": one.quantity,
        "a": one.first,
        "b": one.second,
        "difference": one.difference.value,
        "se": one.difference.standard_error,
        "low": one.difference.low,
        "high": one.difference.high,
        "paired": found.paired,
        "shared": found.shared,
        "clusters_a": found.clusters_first,
        "clusters_b": found.clusters_second,
    }


def compared_lines(a: Label, b: Label, found: Comparison, *, unit: str) -> Iterator[str]:
    """What the terminal shows of one pair."""
    yield f"{a}" if a == b else f"A {a}, B {b}"
    yield f"  nats per {unit.removesuffix('s')}, 95 % intervals, {_pairing(found)}"
    yield f"  {'':<9} {'A':>8} {'B':>8}  B − A [low, high]"
    for one in found.differences:
        value = loss if one.quantity == "log_loss" else signed
        change = one.difference
        ends = interval(change.low, change.high)
        yield (
            f"  {NAMES[one.quantity]:<9} {value(one.first):>8} {value(one.second):>8}  "
            f"{signed(change.value)} {ends}"
        )


def differences_in_protocol(a: SummaryRecipe, b: SummaryRecipe) -> list[str]:
    """What else differs between two measurements than their labels say, a sentence each."""
    here, there = a.samples, b.samples
    unit = here.examples.unit
    notes = []
    lengths = [f"{one.examples.prompt} + {one.examples.continuation}" for one in (here, there)]
    if lengths[0] != lengths[1]:
        notes.append(
            f"prompt and continuation are {lengths[0]} {unit} in A and {lengths[1]} in B: EntCE "
            "depends on the length"
        )
    if unit == "tokens" and here.examples.tokenizer != there.examples.tokenizer:
        notes.append(
            "the tokenizers differ, so that a token is not the same thing in A and B: "
            "`unit: bytes` measures the same spans of text"
        )
    if here.at_end != there.at_end:
        notes.append(f"`at_end` is {here.at_end} in A and {there.at_end} in B")
    return notes


def _pairing(found: Comparison) -> str:
    if found.paired:
        return f"paired over {count(found.shared, 'shared source text')}"
    return (
        f"not paired: {count(found.shared, 'source text')} shared of {found.clusters_first} in A "
        f"and {found.clusters_second} in B"
    )


def _some(labels: Sequence[Label], most: int = 3) -> str:
    names = [str(one) for one in labels[:most]]
    return listed(names) + (f" and {len(labels) - most} more" if len(labels) > most else "")
