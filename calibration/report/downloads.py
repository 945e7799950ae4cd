"""The tables of a study as CSV that the page itself holds, each within a budget of bytes.

A table that is too long keeps fewer rows, and its link says which: curves are averaged over bins
first, then only the headlined decodings stay. Six significant digits are more than any standard
error here leaves certain; every step and digit is in what `calibration export` writes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from calibration.report.page import Html, csv_link
from calibration.report.results import ReportTables, binned, width_of_bins
from calibration.tables import SERIES_TABLES

BUDGET: Final = 200_000  # bytes a table
ALL_BUDGET: Final = 880_000  # bytes of all tables: a fifth of a page that opens at once
CURVES: Final = "curves"  # the one table with a row a step
DIGITS: Final = 6
BINNED: Final = "averages of {} steps"
HEADLINED: Final = "only the first decoding of each data set"


class Csv(NamedTuple):
    """A table as a file; `kept` says what of it, and is empty where it is whole."""

    name: str
    content: bytes
    rows: int
    kept: str


def tables_to_save(tables: ReportTables) -> list[Csv]:
    """Every table of a study in its fullest form that fits; curves have the room that is left."""
    others = {name: csv_of(tables, name) for name in SERIES_TABLES if name != CURVES}
    left = ALL_BUDGET - sum(len(csv.content) for csv in others.values())
    found = others | {CURVES: csv_of(tables, CURVES, budget=max(left, BUDGET))}
    return [found[name] for name in SERIES_TABLES]


def csv_of(tables: ReportTables, name: str, *, budget: int = BUDGET) -> Csv:
    """The fullest form of a table that fits the budget, the shortest one where none does."""
    for frame, kept in _forms(tables, name):
        csv = Csv(f"{name}.csv", _csv(frame), len(frame), kept)
        if len(csv.content) <= budget:
            break
    return csv


def table_links(tables: ReportTables) -> Iterator[Html]:
    """A link for each table of a study, with its rows and what was left out of it."""
    for csv in tables_to_save(tables):
        words = f"{csv.name} ({csv.rows:,} rows{', ' if csv.kept else ''}{csv.kept})"
        yield csv_link(csv.content, name=csv.name, text=words)


def _forms(tables: ReportTables, name: str) -> Iterator[tuple[pl.DataFrame, str]]:
    frame: pl.DataFrame = getattr(tables, name)
    yield frame, ""
    if name != CURVES:
        yield frame.filter(_headlined(tables)), HEADLINED
        return
    width = width_of_bins(frame)
    yield binned(frame, width), BINNED.format(width)
    frame = frame.filter(_headlined(tables))
    while width < frame["position"].n_unique():
        yield binned(frame, width), f"{BINNED.format(width)}, {HEADLINED}"
        width *= 2


def _headlined(tables: ReportTables) -> pl.Expr:
    return pl.any_horizontal(
        (pl.col("dataset") == dataset) & (pl.col("decoding") == tables.headline(dataset))
        for dataset in tables.datasets
    )


def _csv(frame: pl.DataFrame) -> bytes:
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    flat = frame.with_columns(pl.col(floats).round_sig_figs(DIGITS), pl.col(lists).list.join("; "))
    return flat.write_csv().encode()
