"""The command line `calibration`: the commands, their words and their exit codes.

Imports that take seconds are made inside the commands, so that --help answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from flows import store_command
from flows.add_model_command import add_model
from flows.bridge_command import bridge
from flows.deploy_command import deploy
from flows.fit_command import fit
from flows.measure_command import measure
from flows.plan_command import plan
from flows.serve_command import serve
from flows.terminal import (
    DEFAULT_STORE,
    StoreOption,
    StudyPath,
    lineage_as_run,
    require_usable,
    run_study,
    sentences,
    show_ancestry,
    show_report,
)
from flows.theory_command import theory

app = typer.Typer(
    name="calibration",
    help="Measure whether a language model's own text is as predictable as human text.",
    epilog="Example: calibration run studies/quickstart.yaml",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(store_command.app, name="store")

app.command(
    epilog="Example: calibration add-model studies/mine.yaml mine --path models/mine --family m",
)(add_model)
app.command(
    epilog="Example: calibration bridge studies/as-published.yaml studies/paper.yaml --out bridge",
)(bridge)
app.command(epilog="Example: calibration deploy --gpus 4 --study studies/mine.yaml")(deploy)
app.command(
    epilog="Example: calibration fit runs.csv --law chinchilla --x N,D --y loss --out law.svg",
)(fit)
app.command(
    epilog="Example: calibration measure models/ladder/60k --text 'texts/*.txt'",
)(measure)
app.command(
    epilog="Example: calibration plan studies/paper.yaml --gpu h100",
)(plan)
app.command(epilog="Example: calibration serve --study studies/mine.yaml")(serve)
app.command(
    epilog="Example: calibration theory studies/quickstart.yaml --store artifacts",
)(theory)


@app.command(epilog="Example: calibration run studies/quickstart.yaml --store artifacts")
def run(study: StudyPath, store: StoreOption = DEFAULT_STORE) -> None:
    """Make whatever the study lacks, and print what was found."""
    with sentences():
        require_usable(study)
        run_study(study, store)


@app.command(epilog="Example: calibration init mine.yaml")
def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("study.yaml"),
) -> None:
    """Write a small study that runs, with every key explained, to edit."""
    with sentences():
        from storage.studies import write_template

        write_template(file)
        typer.echo(f"{file} written: edit it, then `calibration run {file}`")


@app.command(epilog="Example: calibration export studies/quickstart.yaml --out export --tokens")
def export(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", help="Directory to write to.", metavar="DIR")],
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Also every token of every text: one Parquet each.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write the study's tables (Parquet and CSV), figures and report to a directory."""
    with sentences():
        from flows.export import exported, exported_tokens
        from flows.outward import written_out
        from storage.store import open_store

        place = open_store(store)
        lineage = lineage_as_run(study, place)
        with written_out(out):
            for path in exported(lineage, place, out):
                typer.echo(str(path))
            for path in exported_tokens(lineage, place, out) if tokens else ():
                typer.echo(str(path))


@app.command(epilog="Example: calibration report studies/quickstart.yaml")
def report(
    study: StudyPath,
    ancestry: Annotated[
        bool, typer.Option("--ancestry", help="Also every artifact behind every number.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print what a finished study found, and where its report lies."""
    with sentences():
        from storage.store import open_store

        place = open_store(store)
        lineage = lineage_as_run(study, place)
        show_report(lineage, place)
        if ancestry:
            show_ancestry(lineage, place)


@app.command(
    epilog="Example: calibration compare studies/mine.yaml other-store --out differences.csv"
)
def compare(
    a: Annotated[str, typer.Argument(help="A study file, or a store.", metavar="A")],
    b: Annotated[str, typer.Argument(help="Another one.", metavar="B")],
    store: StoreOption = DEFAULT_STORE,
    other_store: Annotated[
        str | None,
        typer.Option("--other-store", help="The store of B's study, if another.", metavar="DIR"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write a .csv, .parquet or .json file.", metavar="FILE"),
    ] = None,
) -> None:
    """Print the differences B - A of EntCE, drift, static and log loss, with 95 % intervals.

    Both must have been run; no model is needed. A store stands for the study run on it last.
    """
    with sentences():
        from flows.compare import compared, found_side, require_writable, write_compared

        if out is not None:
            require_writable(out)
        found = compared(found_side(a, store=store), found_side(b, store=other_store or store))
        for line in found.lines:
            typer.echo(line)
        if out is not None:
            write_compared(found.table, out)
            typer.echo(f"\n{out}")


def main() -> None:
    """The console script."""
    app()
