"""Diagnostics of a fit in words: a line each, and what they say of a predictor."""

from typing import Final

import polars as pl

from calibration.report.page import Column
from calibration.report.wording import NATS_DECIMALS, Row, listed, signed, unsigned

DIAGNOSTICS: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("what", "name"),
    Column("at", "name"),
    Column("value", "number"),
)
# What each fit tells of itself; a predictor that knows no more than the mean is as wrong as its
# labels spread.
WORDS: Final = {
    "alpha": "α",
    "temperature": "τ",
    "ent_ce": "EntCE",
    "log_loss_change": "log loss less that without it",
    "predictor_error": "error of the predictor, held out",
    "labels_spread": "spread of its labels",
}
CHANGES: Final = ("log_loss_change",)  # of ten-thousandths of a nat
CHANGE_DECIMALS: Final = 6
# A head of tokens is judged by what it says of the tokens of one place, on rollouts of its own.
JUDGED: Final = "tokens, of rollouts, within a place"
TELLS: Final = 0.9  # of the spread: with a larger error, less than a fifth of the variance is known
UNSIGNED: Final = ("temperature", "predictor_error", "labels_spread")


def diagnostic_cells(row: Row) -> list[str]:
    """The cells of DIAGNOSTICS of one row of DIAGNOSED."""
    name = row["name"]
    decimals = CHANGE_DECIMALS if name in CHANGES else NATS_DECIMALS
    error = "" if row["se"] is None else f" ± {unsigned(row['se'], decimals)}"
    written = unsigned if name in UNSIGNED else signed
    return [
        row["model"],
        row["decoding"],
        WORDS.get(name, name.replace("_", " ")),
        row["at"] or "",
        f"{written(row['value'], decimals)}{error}",
    ]


def predictor_sentence(diagnosed: pl.DataFrame) -> str:
    """How well predictors of future entropy tell tokens apart; empty where none was fitted."""
    judged = diagnosed.filter(pl.col("at").str.ends_with(JUDGED))
    # Rounds follow one another, and the last one is what is used.
    last = judged.unique(["model", "decoding", "name"], keep="last", maintain_order=True)
    errors = last.filter(name="predictor_error").rows(named=True)
    spreads = last.filter(name="labels_spread")["value"]
    if not errors:
        return ""
    pairs = list(zip(errors, spreads, strict=True))
    found = [
        f"{unsigned(row['value'], 2)} where they vary by {unsigned(spread, 2)} ({row['model']}, "
        f"{row['decoding']})"
        for row, spread in pairs
    ]
    blind = all(row["value"] > TELLS * spread for row, spread in pairs)
    verdict = " They hardly tell tokens apart, and promise little." if blind else ""
    return (
        "What the theorem promises is in terms of the predictor's error. On rollouts that they "
        "never saw, predictors are off, between the tokens of one place, by so many nats: "
        f"{listed(found)}.{verdict}"
    )
