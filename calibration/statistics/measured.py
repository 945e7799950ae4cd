"""One model as measured: its labels, its sizes, and its summary on one data set."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from calibration.conventions import AtEnd, Unit

Size = Literal["parameters", "non_embedding_parameters", "tokens"]


@dataclass(frozen=True)
class Summary:
    """The tables of one summary, each in the schema SUMMARY_ of its name."""

    examples: pl.DataFrame
    positions: pl.DataFrame
    texts: pl.DataFrame
    spread: pl.DataFrame
    gate: pl.DataFrame


@dataclass(frozen=True)
class Measured:
    """One model as measured: its labels, its sizes and its summaries."""

    name: str
    family: str
    parameters: int
    non_embedding_parameters: int
    tokens: int | None  # of training, where known
    trained_until: int | None  # year, where known
    distilled: bool
    chat: bool
    base: str | None  # the name of the model that a chat model was made of, where stated
    dataset: str
    decoding: str
    temperature: float | None  # None where the decoding is fitted
    truncation: str | None  # in words; None where every token is possible
    mixture: float | None  # beside a truncation
    unit: Unit
    at_end: AtEnd
    summary: Summary
