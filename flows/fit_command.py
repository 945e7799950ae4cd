"""The command `calibration fit`: its options, and what it prints and writes."""

from pathlib import Path
from typing import Annotated

import typer

from flows.terminal import sentences

LEVEL = 0.95  # as calibration.statistics.intervals has it, which takes a second to import


def fit(
    table: Annotated[
        Path, typer.Argument(help="A .csv or .parquet table, a row a run.", metavar="TABLE")
    ],
    law: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="power, power_const, power_shift_const, loglinear, linear, exponential, "
            "monomial, monomial_const, chinchilla or rectified: docs/fit-a-law.md.",
            show_default=False,
        ),
    ],
    x: Annotated[
        str,
        typer.Option(
            metavar="COLUMNS",
            help="One for each variable of the law, in its order, by commas; + - * / and numbers "
            "may be used, as in 'Model Size,Training FLOP/(6*Model Size)'.",
            show_default=False,
        ),
    ],
    y: Annotated[
        str, typer.Option(metavar="COLUMN", help="The values: a loss.", show_default=False)
    ],
    se: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Standard errors of the values, if known.")
    ] = None,
    level: Annotated[float, typer.Option(metavar="P", help="Of the intervals.")] = LEVEL,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png or .pdf.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write it as JSON.")
    ] = None,
) -> None:
    """Fit a scaling law to a table, with an interval for every parameter."""
    with sentences():
        import json

        from calibration.fit_lines import fit_lines, fit_record
        from calibration.table_fit import Asked, fitted_table
        from flows.outward import require_kind, written_out
        from storage.given_table import read_given_table

        if out is not None:
            require_kind(out, (".svg", ".png", ".pdf"))
        asked = Asked(law=law, x=x, y=y, errors=se, level=level)
        found = fitted_table(read_given_table(table), asked, file=str(table))
        for line in fit_lines(found):
            typer.echo(line)
        if json_file is not None:
            record = json.dumps(fit_record(found), indent=1, ensure_ascii=False, allow_nan=False)
            with written_out(json_file, option="--json"):
                json_file.write_text(f"{record}\n")
        if out is not None:
            from calibration.report.figures.law import law_file

            with written_out(out):
                out.write_bytes(law_file(found, out.suffix))
