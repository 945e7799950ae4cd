"""A finished study as Prefect's pages show it: rows of words, and the findings as Markdown.

The words are those of the report; cells are Markdown, too. Knows nothing of Prefect.
"""

from collections.abc import Sequence

import polars as pl

from calibration.left_out import left_out_lines
from calibration.recipes import Absent
from calibration.report.exponents_section import EXPONENTS, exponent_cells
from calibration.report.listing import GATE, MEASURED, gate_cells, measured_cells
from calibration.report.markdown import escaped
from calibration.report.paths import path_findings, truncated, untruncated
from calibration.report.wording import findings

Cells = dict[str, str]


def ent_ce_rows(ent_ce: pl.DataFrame) -> list[Cells]:
    """A row a measurement, from ENT_CE."""
    return [
        {
            "data set": escaped(row["dataset"]),
            **_named([column.heading for column in MEASURED], measured_cells(row)),
            "nats per": row["unit"].removesuffix("s"),
            "examples": f"{row['examples']:,} from {row['clusters']:,} source texts",
        }
        for row in ent_ce.rows(named=True)
    ]


def exponent_rows(fits: pl.DataFrame) -> list[Cells]:
    """A row a law, from FITS."""
    return [
        _named([column.heading for column in EXPONENTS], exponent_cells(row))
        for row in fits.rows(named=True)
    ]


def gate_rows(gate: pl.DataFrame) -> list[Cells]:
    """A row a measurement, from GATE."""
    return [
        _named([column.heading for column in GATE], gate_cells(row))
        for row in gate.rows(named=True)
    ]


def findings_markdown(
    study: str,
    ent_ce: pl.DataFrame,
    fits: pl.DataFrame,
    *,
    report: str,
    absent: Sequence[Absent] = (),
) -> str:
    """What a study found, in sentences, which models it lacks, and where its report lies."""
    lines = [f"# {escaped(study)}", ""]
    if absent:
        lines += [*(f"- {escaped(line)}" for line in left_out_lines(absent)), ""]
    series = untruncated(ent_ce).select("dataset", "decoding").unique(maintain_order=True)
    for dataset, decoding in series.rows():
        lines += [f"## {escaped(dataset)}, {escaped(decoding)}", ""]
        of = {"dataset": dataset, "decoding": decoding}
        sentences = findings(ent_ce.filter(**of), fits.filter(**of))
        lines += [*(f"- {escaped(sentence)}" for sentence in sentences), ""]
    for (dataset,), rows in truncated(ent_ce).group_by("dataset", maintain_order=True):
        lines += [f"## {escaped(str(dataset))}, truncated", ""]
        lines += [*(f"- {escaped(sentence)}" for sentence in path_findings(rows)), ""]
    return "\n".join([*lines, f"Report: `{report.replace('`', '')}`", ""])


def _named(columns: list[str], cells: list[str]) -> Cells:
    return {name: escaped(cell) for name, cell in zip(columns, cells, strict=True)}
