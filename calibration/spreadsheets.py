"""Text that stays text where a CSV is opened as a spreadsheet, which calculates some of it."""

from typing import Final

import polars as pl

# What a formula begins with, for one program or another; a text may be a model's own.
FORMULA: Final = r"^[=+\-@\t\r＝＋－＠]"


def uncalculated(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before each text that would be taken for a formula.

    It is for CSV alone: numbers stay as they are, and so do lists, which CSV does not have.
    """
    text = pl.col(pl.String)
    return frame.with_columns(
        pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep()
    )
