"""What the page says of instruction tuning: chat models beside the base models they come from."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from calibration.report.page import Column, Html, element, table
from calibration.report.results import ReportTables
from calibration.report.wording import (
    CONFIDENCE,
    Row,
    count,
    interval,
    loss,
    nats_per,
    signed,
)

PAIRS: Final = (
    Column("chat model", "name"),
    Column("base model", "name"),
    Column("EntCE, base → chat", "name"),
    Column("change of EntCE", "name"),
    Column("log loss, base → chat", "name"),
    Column("change of log loss", "name"),
    Column("change of drift", "name"),
    Column("shared sources", "number"),
)
MEANING: Final = (
    "A chat model beside the base model it was made of, under the same decoding. Their texts are "
    "the same, so that differences are paired over source texts; their prompts are not where a "
    "text answers an instruction: a chat model reads it in its template. Where tokenizers differ, "
    "pairs are compared in bytes alone."
)


def tuning_section(tuning: pl.DataFrame, dataset: str) -> Iterator[Html]:
    """The parts of what TUNING of one data set says; nothing where it has no row."""
    if tuning.is_empty():
        return
    yield element("h3", "Instruction tuning")
    yield element("p", MEANING)
    yield element("p", tuning_sentence(tuning))
    yield table(
        f"Chat models less their base models on {dataset}, {nats_per(tuning['unit'][0])}, with "
        f"paired {CONFIDENCE} intervals.",
        PAIRS,
        rows=[pair_cells(pair) for pair in _pairs(tuning)],
    )


def tuning_findings(shown: ReportTables) -> list[str]:
    """A sentence on the chat models of a data set, where base models alone are headlined."""
    chat = shown.ent_ce.filter("chat")["model"].n_unique()
    if chat in (0, shown.ent_ce["model"].n_unique()):
        return []
    said = f"{count(chat, 'chat model')} {'is' if chat == 1 else 'are'} not counted above."
    return [said if shown.tuning.is_empty() else f"{said} {tuning_sentence(shown.tuning)}"]


def tuning_sentence(tuning: pl.DataFrame) -> str:
    """In how many pairs EntCE and log loss changed for sure, and which way."""
    pairs = tuning.select("chat", "base", "decoding").n_unique()
    return (
        f"Of {count(pairs, 'pair')}, EntCE is {_ways(tuning.filter(quantity='ent_ce'))} after "
        f"tuning, and log loss is {_ways(tuning.filter(quantity='log_loss'))}; of the others no "
        "interval excludes 0."
    )


def pair_cells(pair: dict[str, Row]) -> list[str]:
    """The cells of PAIRS for the rows of TUNING of one pair, by quantity."""
    first = pair["ent_ce"]
    return [
        first["chat"],
        first["base"],
        f"{signed(first['of_base'])} → {signed(first['of_chat'])}",
        _change(first),
        " → ".join(loss(pair["log_loss"][name]) for name in ("of_base", "of_chat")),
        _change(pair["log_loss"]),
        _change(pair["drift"]),
        f"{first['shared']:,}{'' if first['paired'] else ' (not paired)'}",
    ]


def _pairs(tuning: pl.DataFrame) -> Iterator[dict[str, Row]]:
    labels = ("chat", "base", "decoding")
    for _, rows in tuning.group_by(labels, maintain_order=True):
        yield {row["quantity"]: row for row in rows.rows(named=True)}


def _change(row: Row) -> str:
    return f"{signed(row['difference'])} {interval(row['low'], row['high'])}"


def _ways(rows: pl.DataFrame) -> str:
    lower, higher = rows.filter(pl.col("high") < 0).height, rows.filter(pl.col("low") > 0).height
    return f"lower in {lower} and higher in {higher}"
