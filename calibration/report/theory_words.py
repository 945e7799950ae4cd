"""What THEORY says in words and cells, the same on the page and in the terminal.

An exponent that the theory does not predict is the words "not predicted"; none is ever above 0.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from calibration.report.wording import (
    EXPONENT_DECIMALS,
    UNDETERMINED,
    Row,
    count,
    share,
    signed,
    size,
    unsigned,
)
from calibration.statistics.toy import MOST_TYPES
from calibration.theory_tables import SPLIT_HALF

ALPHA_DECIMALS: Final = 3  # intervals of α over some dozens of texts are hundredths wide
MASS_DIGITS: Final = 3
NOT_PREDICTED: Final = "not predicted"
SMALL: Final = 0.9  # of the exponent of q that is left in EntCE; below, saturation is what is seen
MEANING: Final = (
    "The simplified theory: a unigram model trained on m tokens, with frequencies falling as "
    "rank^-α, derails at each step with the probability q = K₁/m, the share of the tokens that "
    "occur once. The exponent of q in m is given as counted on the text at its own m, as 1/α - 1 "
    "for a vocabulary without end, and as that of a law of α with as many types as the text shows."
)


def alpha(row: Row) -> str:
    """`1.114 [1.090, 1.138]` of one row of THEORY; `undetermined` where there is no estimate."""
    if row["alpha"] is None:
        return UNDETERMINED
    low, high = (unsigned(row[end], ALPHA_DECIMALS) for end in ("low", "high"))
    ends = UNDETERMINED if row["low"] is None else f"{low}, {high}"
    return f"{unsigned(row['alpha'], ALPHA_DECIMALS)} [{ends}]"


def predicted_beside_fits(theory: pl.DataFrame) -> pl.DataFrame:
    """What the theory predicts beside the exponents of each data set, from THEORY.

    Columns dataset, predicted and `said`: what it is of and what it assumes. Of tokens, which are
    what is generated, under the first tokenizer; a data set without a prediction has no row.
    """
    rows = theory.filter(
        pl.col("unit") == "tokens",
        pl.col("estimator") == SPLIT_HALF,
        pl.col("predicted_finite").is_not_null(),
    ).unique("dataset", keep="first", maintain_order=True)
    said = pl.format("{} under the tokenizer of {} ({})", "dataset", "tokenizer", "assumes")
    return rows.select("dataset", predicted="predicted_finite", said=said)


def predicted(exponent: float | None) -> str:
    """An exponent that follows from α, or `not predicted`."""
    return NOT_PREDICTED if exponent is None else signed(exponent, EXPONENT_DECIMALS)


def counted(exponent: float | None) -> str:
    """An exponent that was counted on the text, or `undetermined`."""
    return signed(exponent, EXPONENT_DECIMALS)


def mass(value: float | None) -> str:
    """A singleton mass in three digits."""
    return UNDETERMINED if value is None else f"{value:.{MASS_DIGITS}g}"


def vocabulary(types: float | None) -> str:
    """A number of types; `no end` where the text shows more than any vocabulary would."""
    if types is None:
        return UNDETERMINED
    return "no end" if types >= MOST_TYPES else size(types)


def text_name(row: Row) -> str:
    """`words`, or `tokens of ladder-60k`: the tokenizer by a model that has it."""
    if row["tokenizer"] is None:
        return str(row["unit"])
    return f"{row['unit']} of {row['tokenizer']}"


def steps_of(row: Row) -> str:
    """`T = 224 steps`."""
    return f"T = {count(round(row['steps']), 'step')}"


def saturation(row: Row) -> str:
    """How much of the exponent of q is left in EntCE, in a sentence; of tokens and their runs."""
    if row["passed_on"] is None:
        return f"{text_name(row)}: nothing is seen once, so no text would derail."
    extent = "small" if row["passed_on"] >= SMALL else "not small"
    return (
        f"{text_name(row)}: qT = {size(row['derailments'])} is {extent}; "
        f"{share(row['derailed_share'])} of the steps are derailed, and {share(row['passed_on'])} "
        "of the exponent of q is left in EntCE."
    )


def assumptions(rows: Sequence[Row]) -> list[str]:
    """What the predicted exponents assume, each once."""
    return [f"The predicted exponents: {one}." for one in dict.fromkeys(r["assumes"] for r in rows)]


def warnings(rows: Sequence[Row]) -> list[str]:
    """Each warning once, with the texts and estimators that it is about."""
    raised: dict[str, list[str]] = {}
    for row in rows:
        for warning in row["warnings"]:
            raised.setdefault(warning, []).append(f"{text_name(row)}, {row['estimator']}")
    return [f"Warning for {'; '.join(texts)}: {warning}." for warning, texts in raised.items()]
