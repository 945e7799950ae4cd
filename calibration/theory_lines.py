"""The theory beside a study's texts as a terminal shows it: aligned, at most 110 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from calibration.report.listing import TERMINAL_GAP, TERMINAL_WIDTH
from calibration.report.theory_words import (
    MEANING,
    alpha,
    assumptions,
    counted,
    mass,
    predicted,
    saturation,
    steps_of,
    text_name,
    warnings,
)
from calibration.report.wording import Row, count
from calibration.theory import TheoryTables

HEADINGS: Final = ("", "α [95 % interval]", "predicted: 1/α - 1", "at finite (v, m)")


def theory_lines(tables: TheoryTables) -> Iterator[str]:
    """The whole answer, data set by data set."""
    if tables.theory.is_empty():
        yield "No text of the study is long enough to be counted."
        return
    yield from _wrapped(MEANING)
    for dataset in tables.theory["dataset"].unique(maintain_order=True):
        of_dataset = pl.col("dataset") == dataset
        yield ""
        yield from _of_dataset(tables.theory.filter(of_dataset), dataset)
        yield from _masses(tables.singletons.filter(of_dataset))


def _of_dataset(theory: pl.DataFrame, dataset: str) -> Iterator[str]:
    rows = theory.rows(named=True)
    yield f"{dataset}: {count(max(row['documents'] for row in rows), 'source text')}"
    yield from _blocks(rows)
    generated = {text_name(row): row for row in rows if row["steps"] is not None}
    for row in generated.values():
        yield from _wrapped(f"Over {steps_of(row)}, {saturation(row)}")
    for said in (*assumptions(rows), *warnings(rows)):
        yield from _wrapped(said)


def _blocks(rows: Sequence[Row]) -> Iterator[str]:
    """A heading a text, below it a line an estimator."""
    cells = [
        (
            f"{TERMINAL_GAP}{row['estimator']}",
            alpha(row),
            predicted(row["predicted"]),
            predicted(row["predicted_finite"]),
        )
        for row in rows
    ]
    heading, *lines = _aligned([HEADINGS, *cells])
    yield heading
    above = ""
    for row, line in zip(rows, lines, strict=True):
        if text_name(row) != above:
            above = text_name(row)
            yield from _wrapped(_size(row))
        yield line


def _size(row: Row) -> str:
    return (
        f"{text_name(row)}: m = {row['tokens']:,}, {row['types']:,} types; singleton mass "
        f"{mass(row['singleton_mass'])}, its exponent as counted {counted(row['local_exponent'])}"
    )


def _masses(singletons: pl.DataFrame) -> Iterator[str]:
    """The singleton mass of each text at powers of ten of m, and at its own."""
    known = singletons.filter(pl.col("singleton_mass").is_not_null())
    whole_decade = (pl.col("tokens").log10() - pl.col("tokens").log10().round()).abs() < 1e-9
    for (tokenizer, unit), text in known.group_by("tokenizer", "unit", maintain_order=True):
        shown = text.filter(whole_decade | (pl.col("tokens") == pl.col("tokens").max()))
        pairs = [
            f"{mass(value)} at m = {tokens:,}"
            for tokens, value in shown.select("tokens", "singleton_mass").rows()
        ]
        name = text_name({"tokenizer": tokenizer, "unit": unit})
        yield from _wrapped(f"Singleton mass of {name}, counted: {', '.join(pairs)}.")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        placed = [cell.ljust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield TERMINAL_GAP.join([name.ljust(widths[0]), *placed]).rstrip()


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, TERMINAL_WIDTH, subsequent_indent=TERMINAL_GAP)
