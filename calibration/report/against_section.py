"""What the page says of the exponents beside the simplified theory: differences, and how equal.

No row stands without what its comparison assumes of the models.
"""

from collections.abc import Iterator
from typing import Final

from calibration.report.page import Column, Html, bullets, element, joined, table
from calibration.report.results import ReportTables, headlined
from calibration.report.theory_words import predicted
from calibration.report.wording import (
    CONFIDENCE,
    EXPONENT_DECIMALS,
    QUANTITIES,
    UNDETERMINED,
    Row,
    interval,
    signed,
    unsigned,
)

COLUMNS: Final = (
    Column("family", "name"),
    Column("data set", "name"),
    Column("quantity", "name"),
    Column("exponent", "number"),
    Column("α of tokens of", "name"),
    Column("prediction", "name"),
    Column("predicted", "name"),
    Column("p (exponent as predicted)", "number"),
    Column("exponent - predicted", "name"),
    Column("p (no difference)", "number"),
    Column("smallest margin", "number"),
)
KINDS: Final = (
    (
        "p (exponent as predicted)",
        "had the prediction no error; below .05 where the exponent's own interval leaves it out.",
    ),
    (
        "Exponent - predicted",
        "with the uncertainty of α as well as the exponent's own; p (no difference) is of that.",
    ),
    (
        "Predicted",
        "of the probability of derailing at a step. Over many steps EntCE and drift keep a share "
        "of that exponent, which the section on the theory states; the early slope keeps more.",
    ),
    (
        "Smallest margin",
        "the least at which two one-sided tests of 5 % would call the two equal. A p above .05 is "
        "no agreement: with a margin of .3 all that is shown is that they are less than .3 apart.",
    ),
)
NOTHING: Final = "No fit has an exponent that a prediction could stand beside."


def against_section(tables: ReportTables) -> Iterator[Html]:
    """The parts below the heading, of the first decoding of each data set."""
    shown = headlined(tables, tables.against_theory)
    if shown.is_empty():
        yield element("p", NOTHING)
        return
    labels = shown.select("family", "assumes").unique(maintain_order=True).rows()
    yield bullets([f"{family}: {assumes}." for family, assumes in labels])
    yield bullets([joined(element("strong", name), f": {what}") for name, what in KINDS])
    yield table(
        "Exponents in size beside the exponents in training tokens that the simplified theory "
        f"predicts for the text, at the first decoding of each data set, with {CONFIDENCE} "
        "intervals; they are of one scale only under what is assumed above.",
        COLUMNS,
        rows=[against_cells(row) for row in shown.rows(named=True)],
    )


def against_cells(row: Row) -> list[str]:
    """The cells of COLUMNS for one row of AGAINST_THEORY."""
    return [
        row["family"],
        row["dataset"],
        QUANTITIES[row["quantity"]],
        signed(row["exponent"], EXPONENT_DECIMALS),
        row["tokenizer"],
        row["prediction"],
        *_with_ends(row, "predicted"),
        unsigned(row["p_predicted"]),
        *_with_ends(row, "difference"),
        unsigned(row["p_difference"]),
        unsigned(row["margin"], EXPONENT_DECIMALS),
    ]


def _with_ends(row: Row, name: str) -> Iterator[str]:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        yield predicted(None) if name == "predicted" else UNDETERMINED
        return
    ends = interval(low, high, decimals=EXPONENT_DECIMALS)
    yield f"{signed(value, EXPONENT_DECIMALS)} {ends}"
