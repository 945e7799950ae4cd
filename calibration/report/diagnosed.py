"""Diagnostics of a fit in words, a line each."""

from typing import Final

from calibration.report.page import Column
from calibration.report.wording import Row, signed, unsigned

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
UNSIGNED: Final = ("temperature", "predictor_error", "labels_spread")


def diagnostic_cells(row: Row) -> list[str]:
    """The cells of DIAGNOSTICS of one row of DIAGNOSED."""
    name = row["name"]
    error = "" if row["se"] is None else f" ± {row['se']:.4f}"
    written = unsigned if name in UNSIGNED else signed
    return [
        row["model"],
        row["decoding"],
        WORDS.get(name, name.replace("_", " ")),
        row["at"] or "",
        f"{written(row['value'])}{error}",
    ]
