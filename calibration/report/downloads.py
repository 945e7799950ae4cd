"""The tables of a study as CSV that the page itself holds, each within a budget of bytes.

A table that is too long keeps fewer rows, and its link says which: curves are averaged over bins
first, then only the headlined decodings stay, and of bands every eighth size. Five significant
digits are more than any standard error here leaves certain; every step and digit is in what
`calibration export` writes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from calibration.report.page import Html, csv_link
from calibration.report.results import ReportTables, binned, headlined, width_of_bins
from calibration.spreadsheets import uncalculated
from calibration.tables import STUDY_TABLES

BUDGET: Final = 120_000  # bytes a table
RESULTS, OF_RESULTS = "ent_ce", 200_000  # what people take first: whole in a study of hundreds
LEAST: Final = 100_000  # bytes that curves have where the others have taken the rest
ALL_BUDGET: Final = 800_000  # bytes of all tables: a fifth of a page that opens at once
SAVED: Final = (*STUDY_TABLES, "theory", "against_theory")
CURVES: Final = "curves"  # the one table with a row a step
BANDS, THINNED = "bands", 8  # of the sizes a line is drawn through, enough to draw it again
DIGITS: Final = 5
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
    others = {
        name: csv_of(tables, name, budget=OF_RESULTS if name == RESULTS else BUDGET)
        for name in SAVED
        if name != CURVES
    }
    left = ALL_BUDGET - sum(len(csv.content) for csv in others.values())
    found = others | {CURVES: csv_of(tables, CURVES, budget=max(left, LEAST))}
    return [found[name] for name in SAVED]


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
    if "decoding" not in frame.columns:
        return
    if name != CURVES:
        first = headlined(tables, frame)
        yield first, HEADLINED
        if name == BANDS:
            yield first.gather_every(THINNED), f"{HEADLINED}, every {THINNED}th size"
        return
    width = width_of_bins(frame)
    yield binned(frame, width), BINNED.format(width)
    frame = headlined(tables, frame)
    while width < frame["position"].n_unique():
        yield binned(frame, width), f"{BINNED.format(width)}, {HEADLINED}"
        width *= 2


def _csv(frame: pl.DataFrame) -> bytes:
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    rounded = pl.element().round_sig_figs(DIGITS).cast(pl.String)
    numbers = [name for name, kind in frame.schema.items() if kind == pl.List(pl.Float64)]
    texts = uncalculated(frame.with_columns(pl.col(lists).list.join("; ")))
    flat = texts.with_columns(
        pl.col(floats).round_sig_figs(DIGITS).fill_nan(None),
        pl.col(numbers).list.eval(rounded).list.join(" "),
    )
    return flat.write_csv().encode()
