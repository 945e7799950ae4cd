"""What the page says of the simplified theory: α of the texts, what it predicts, what that assumes.

Tables in, markup out. The prediction is in training tokens and the fits are in model sizes, so
that no prediction stands here without what it assumes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from calibration.report.page import Column, Html, bullets, element, table
from calibration.report.theory_words import (
    MEANING,
    alpha,
    assumptions,
    counted,
    mass,
    predicted,
    saturation,
    steps_of,
    text_name,
    vocabulary,
    warnings,
)
from calibration.report.wording import CONFIDENCE, Row, unsigned

COLUMNS: Final = (
    Column("text", "name"),
    Column("estimator", "name"),
    Column("α", "number"),
    Column("sources", "number"),
    Column("m", "number"),
    Column("types", "number"),
    Column("v", "number"),
    Column("K₁/m", "number"),
    Column("K₁/K", "number"),
    Column("exponent, counted", "number"),
    Column("1/α - 1", "number"),
    Column("exponent at (v, m)", "number"),
)
ESTIMATORS: Final = (
    "Split half takes ranks from one half of the source texts and frequencies from the other; top "
    "5,000 is the slope over the most frequent types, as published, and is off by some tenths "
    "where the text is short. Their intervals leave out one of 20 groups of source texts at a "
    "time and cover no bias: the spread between the two is part of what is not known."
)
READING: Final = (
    "v is the number of types at which a law of α shows as many types in m tokens as the text "
    "does; K₁/K, the share of types that occur once, would tend to 1/α. An exponent as counted "
    "holds at the m of the text alone. A law of α is not the text: where it departs from what was "
    "counted, the text is no Zipf law over its whole length."
)
FIGURES: Final = ("rank-frequency", "singleton-mass")


def theory_section(
    theory: pl.DataFrame,
    pictures: Mapping[str, Mapping[str, Html]],
    *,
    datasets: Sequence[str],
) -> Iterator[Html]:
    """The parts of the section, of each of the data sets: table THEORY, and its figures by name.

    `pictures` holds, by data set, the figures of FIGURES as they stand on a page.
    """
    if theory.is_empty():
        yield element("p", "No text of the study is long enough to be counted.")
        return
    yield element("p", MEANING)
    yield element("p", ESTIMATORS)
    yield element("p", READING)
    for dataset in datasets:
        rows = theory.filter(pl.col("dataset") == dataset).rows(named=True)
        yield element("h3", dataset)
        if not rows:
            yield element("p", "No text of this data set is long enough to be counted.")
            continue
        yield table(
            f"α of {dataset} and the exponents of the singleton mass in m, with {CONFIDENCE} "
            "intervals of α.",
            COLUMNS,
            rows=[theory_cells(row) for row in rows],
        )
        yield from (drawn for name, drawn in pictures.get(dataset, {}).items() if name in FIGURES)
        yield bullets([*assumptions(rows), *_saturations(rows), *warnings(rows)])


def theory_cells(row: Row) -> list[str]:
    """The cells of COLUMNS for one row of THEORY."""
    return [
        text_name(row),
        row["estimator"],
        alpha(row),
        f"{row['documents']:,}",
        f"{row['tokens']:,}",
        f"{row['types']:,}",
        vocabulary(row["vocabulary"]),
        mass(row["singleton_mass"]),
        unsigned(row["karlin"], 2),
        counted(row["local_exponent"]),
        predicted(row["predicted"]),
        predicted(row["predicted_finite"]),
    ]


def _saturations(rows: list[Row]) -> list[str]:
    generated = {text_name(row): row for row in rows if row["steps"] is not None}
    return [f"Over {steps_of(row)}, {saturation(row)}" for row in generated.values()]
