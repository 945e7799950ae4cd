"""The artifacts behind each number, as a table of the page and as lines for the terminal."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from calibration.report.dataset_section import listed_rows
from calibration.report.page import Column, Html, element
from calibration.report.wording import Row
from calibration.tables import MODEL_LABELS

KINDS: Final = ("texts", "examples", "samples", "scores", "summaries", "fits")
DIGITS: Final = 12  # of an address: no two in a store of a billion artifacts share them
MEANING: Final = (
    "Every number was made from the artifacts in its line, each named by the beginning of its "
    "address in the store: `calibration store show` and that beginning print its recipe, its "
    "ancestors, and when, where and by which versions it was made; `calibration export` writes "
    "all of it as ancestry.csv."
)
BEHIND: Final = (
    Column("model", "name"),
    Column("data set", "name"),
    Column("decoding", "name"),
    *(Column(kind, "name") for kind in KINDS),
    Column("sampled", "name"),
    Column("on", "name"),
    Column("code", "name"),
)


def ancestry_section(ancestry: pl.DataFrame) -> Iterator[Html]:
    """What the page shows of ANCESTRY: a line for each measurement."""
    yield element("p", MEANING)
    yield from listed_rows(
        "The artifacts behind each measurement.", BEHIND, cells=_cells, rows=_lines(ancestry)
    )


def ancestry_lines(ancestry: pl.DataFrame) -> Iterator[str]:
    """What the terminal shows of ANCESTRY: each measurement with the artifacts behind it."""
    for labels, rows in ancestry.group_by(list(MODEL_LABELS), maintain_order=True):
        model, dataset, decoding = labels
        yield f"\n{model} on {dataset} at {decoding}"
        for row in rows.rows(named=True):
            where = f"{row['device']} of {row['host']}, code {_short(row['code_commit'])}"
            yield f"  {row['kind']:<10} {row['address']}"
            yield f"  {'':<10} made {row['made_at']} in {row['seconds']:.1f} s on {where}"
        yield f"  {'':<10} with {rows['versions'][-1]}"


def _lines(ancestry: pl.DataFrame) -> pl.DataFrame:
    """One row a measurement: the digest of every artifact, and how its samples were made."""
    digests = ancestry.with_columns(pl.col("address").str.split("/").list.last().alias("digest"))
    sampled = pl.col("kind") == "samples"
    return digests.group_by(list(MODEL_LABELS), maintain_order=True).agg(
        *(
            pl.col("digest").filter(pl.col("kind") == kind).first().str.head(DIGITS).alias(kind)
            for kind in KINDS
        ),
        *(pl.col(name).filter(sampled).first() for name in ("made_at", "device", "code_commit")),
    )


def _cells(row: Row) -> list[str]:
    return [
        *(row[name] for name in MODEL_LABELS),
        *(row[kind] for kind in KINDS),
        row["made_at"],
        row["device"],
        _short(row["code_commit"]),
    ]


def _short(commit: str | None) -> str:
    if commit is None:
        return "unknown"
    return commit[:DIGITS] + ("-dirty" if commit.endswith("-dirty") else "")
