"""Rows of the tables as cells of text: the columns of the page's tables and of the terminal's.

Three decimals in the terminal and four on the page; otherwise both say the same in the same
words. Knows neither HTML nor how wide a terminal is, beyond the width it promises to keep.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from calibration.left_out import left_out_lines
from calibration.recipes import Absent
from calibration.report.page import Column
from calibration.report.wording import (
    CONFIDENCE,
    QUANTITIES,
    Row,
    count,
    estimate,
    exponent,
    loss,
    nats_per,
    scientific,
    share,
    signed,
    size,
    unsigned,
)

TERMINAL_WIDTH: Final = 110
TERMINAL_DECIMALS: Final = 3  # so that three intervals fit in one line
TERMINAL_GAP: Final = "  "
SHARE_DECIMALS: Final = 3  # of n-grams, which are thousands a measurement
GATE_DECIMALS: Final = 1  # of z, which is refused at 5
BIAS_DECIMALS: Final = 5  # a bias of .002 nats is refused
MEASURED: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("parameters", "number"),
    Column("log loss L", "number"),
    Column("entropy H", "number"),
    Column("EntCE", "number"),
    Column("drift", "number"),
    Column("static", "number"),
)
TEXTS: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("family", "name"),
    Column("texts", "number"),
    Column("sources", "number"),
    Column("tokens generated", "number"),
    Column("H⁺", "number"),
    Column("EntCE per byte", "number"),
    Column("bytes a token, own", "number"),
    Column("bytes a token, human", "number"),
    Column("coverage", "number"),
    Column("share ended", "number"),
    Column("end probability a step", "number"),
)
VARIETY: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("looping texts", "number"),
    Column("derailed texts", "number"),
    Column("repetition, own", "number"),
    Column("repetition, human", "number"),
    *(
        Column(f"distinct {n}-grams, {whose}", "number")
        for n in (1, 2, 3, 4)
        for whose in ("own", "human")
    ),
)
SEEN: Final = (
    Column("model", "name"),
    Column("texts", "name"),
    Column("trained until", "number"),
    Column("examples", "number"),
    Column("sources", "number"),
    Column("log loss L", "number"),
    Column("EntCE", "number"),
    Column("drift", "number"),
    Column("static", "number"),
)
GATE: Final = (
    Column("model", "name"),
    Column("data set", "name"),
    Column("decoding", "name"),
    Column("texts", "number"),
    Column("tokens", "number"),
    Column("at the edge", "number"),
    Column("z", "number"),
    Column("bias", "number"),
    Column("z of covariance", "number"),
    Column("smallest detectable bias", "number"),
    Column("largest difference", "number"),
)
SUMMARY: Final = (
    ("", "model"),
    ("", "size"),
    ("log", "loss"),
    ("", "entropy"),
    ("", "EntCE [low, high]"),
    ("", "drift [low, high]"),
    ("", "static [low, high]"),
)
_SIDES: Final = ("generated", "human")


def measured_cells(row: Row) -> list[str]:
    """The cells of MEASURED for one row of ENT_CE."""
    return [
        row["model"],
        row["decoding"],
        f"{row['parameters']:,}",
        loss(row["log_loss"]),
        unsigned(row["entropy"]),
        *(estimate(row, quantity) for quantity in ("ent_ce", "drift", "static")),
    ]


def text_cells(row: Row) -> list[str]:
    """The cells of TEXTS for one row of ENT_CE."""
    return [
        row["model"],
        row["decoding"],
        row["family"],
        *(f"{row[name]:,}" for name in ("examples", "clusters", "tokens")),
        unsigned(row["teacher_entropy"]),
        signed(row["ent_ce_per_byte"]),
        unsigned(row["bytes_per_token_generated"], 2),
        unsigned(row["bytes_per_token_human"], 2),
        unsigned(row["coverage"]),
        share(row["ended_share"]),
        scientific(row["end_probability"]),
    ]


def variety_cells(row: Row) -> list[str]:
    """The cells of VARIETY for one row of ENT_CE."""
    repeated = [_rest(row[f"distinct_4_{side}"]) for side in _SIDES]
    distinct = [row[f"distinct_{n}_{side}"] for n in (1, 2, 3, 4) for side in _SIDES]
    return [
        row["model"],
        row["decoding"],
        *(share(row[f"{kind}_share"]) for kind in ("looping", "derailed")),
        *(unsigned(value, SHARE_DECIMALS) for value in (*repeated, *distinct)),
    ]


def seen_cells(row: Row) -> list[str]:
    """The cells of SEEN for one row of its table."""
    return [
        row["model"],
        row["texts"],
        str(row["trained_until"]),
        *(f"{row[name]:,}" for name in ("examples", "clusters")),
        loss(row["log_loss"]),
        *(estimate(row, quantity) for quantity in ("ent_ce", "drift", "static")),
    ]


def gate_cells(row: Row) -> list[str]:
    """The cells of GATE for one row of its table."""
    return [
        row["model"],
        row["dataset"],
        row["decoding"],
        *(f"{row[name]:,}" for name in ("texts", "tokens", "edges")),
        signed(row["z"], GATE_DECIMALS),
        signed(row["bias"], BIAS_DECIMALS),
        signed(row["covariance_z"], GATE_DECIMALS),
        unsigned(row["detectable"], BIAS_DECIMALS),
        scientific(row["largest_difference"]),
    ]


def summary_lines(ent_ce: pl.DataFrame, fits: pl.DataFrame) -> list[str]:
    """The lines the terminal shows of one data set under one decoding, none over 110 columns."""
    first = ent_ce.row(0, named=True)
    heading = (
        f"{first['dataset']}, {first['decoding']} ({count(first['examples'], 'text')} from "
        f"{count(first['clusters'], 'source')}; {nats_per(first['unit'])}, {CONFIDENCE} intervals)"
    )
    return [
        *_wrapped(heading),
        *_aligned([*zip(*SUMMARY, strict=True), *map(_summary_cells, ent_ce.rows(named=True))]),
        *(line for fit in fits.rows(named=True) for line in _fit_lines(fit)),
    ]


def absent_lines(absent: Sequence[Absent]) -> list[str]:
    """The lines the terminal shows of models that were left out, none over 110 columns."""
    return [line for said in left_out_lines(absent) for line in _wrapped(said)]


def _rest(distinct: float | None) -> float | None:
    return None if distinct is None else 1 - distinct


def _summary_cells(row: Row) -> tuple[str, ...]:
    return (
        row["model"],
        size(row["parameters"]),
        loss(row["log_loss"], TERMINAL_DECIMALS),
        unsigned(row["entropy"], TERMINAL_DECIMALS),
        *(
            estimate(row, quantity, decimals=TERMINAL_DECIMALS)
            for quantity in ("ent_ce", "drift", "static")
        ),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][1:]
    room = TERMINAL_WIDTH - sum(widths) - len(TERMINAL_GAP) * len(widths)
    names = min(room, max(len(row[0]) for row in rows))
    for name, *cells in rows:
        numbers = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        if len(name) > names:
            yield from _wrapped(name)
            name = ""
        yield TERMINAL_GAP.join([name.ljust(names), *numbers]).rstrip()


def _fit_lines(fit: Row) -> list[str]:
    if fit["models"] == 1:  # what has no exponent by design needs no line
        return []
    over = count(fit["models"], "model")
    return _wrapped(
        f"{fit['family']}: exponent of {QUANTITIES[fit['quantity']]} over {over}: {exponent(fit)}"
    )


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, TERMINAL_WIDTH, subsequent_indent=TERMINAL_GAP)
