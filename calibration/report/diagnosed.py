"""Diagnostics of a fit in words, a line each."""

from typing import Final

from calibration.report.page import Column
from calibration.report.wording import Row, signed

DIAGNOSTICS: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("what", "name"),
    Column("at", "name"),
    Column("value", "number"),
)
WORDS: Final[dict[str, str]] = {}


def diagnostic_cells(row: Row) -> list[str]:
    """The cells of DIAGNOSTICS of one row of DIAGNOSED."""
    name = row["name"]
    error = "" if row["se"] is None else f" ± {row['se']:.4f}"
    return [
        row["model"],
        row["decoding"],
        WORDS.get(name, name.replace("_", " ")),
        row["at"] or "",
        f"{signed(row['value'])}{error}",
    ]
