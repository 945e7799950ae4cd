"""The command line `calibration`: run, plan, export, report, store verify.

Imports that take seconds are made inside the commands, so that --help answers at once.
"""

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibration.lineage import Lineage
    from flows.plan import Planned

DEFAULT_STORE = "artifacts"

app = typer.Typer(
    name="calibration",
    help="Measure whether a language model's own text is as predictable as human text.",
    epilog="Example: calibration run studies/quickstart.yaml",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
store_app = typer.Typer(help="Look after a store of artifacts.", no_args_is_help=True)
app.add_typer(store_app, name="store")

StudyPath = Annotated[Path, typer.Argument(help="The study file, YAML.", show_default=False)]
StoreOption = Annotated[
    str, typer.Option("--store", help="Directory that holds every artifact.", metavar="DIR")
]


@app.command(epilog="Example: calibration run studies/quickstart.yaml --store artifacts")
def run(study: StudyPath, store: StoreOption = DEFAULT_STORE) -> None:
    """Make whatever the study lacks, and print what was found."""
    with _sentences():
        lineage = _lineage(study)
        _show_stages()
        from flows.full import calibration
        from storage.store import open_store

        calibration(str(study), store)
        _show_report(lineage, open_store(store).root)


@app.command(epilog="Example: calibration plan studies/quickstart.yaml")
def plan(study: StudyPath, store: StoreOption = DEFAULT_STORE) -> None:
    """Show what exists and what a run would make; runs nothing."""
    with _sentences():
        from flows.plan import planned
        from storage.store import open_store

        artifacts = planned(_lineage(study), open_store(store))
        for line in _plan_lines(artifacts):
            typer.echo(line)


@app.command(epilog="Example: calibration export studies/quickstart.yaml --out export")
def export(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", help="Directory to write to.", metavar="DIR")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write the study's tables (Parquet and CSV), figures and report to a directory."""
    with _sentences():
        from flows.export import exported
        from storage.store import open_store

        for path in exported(_lineage(study), open_store(store), out):
            typer.echo(str(path))


@app.command(epilog="Example: calibration report studies/quickstart.yaml")
def report(study: StudyPath, store: StoreOption = DEFAULT_STORE) -> None:
    """Print what a finished study found, and where its report lies."""
    with _sentences():
        from storage.store import open_store

        _show_report(_lineage(study), open_store(store).root)


@store_app.command(epilog="Example: calibration store verify --store artifacts")
def verify(store: StoreOption = DEFAULT_STORE) -> None:
    """Hash every file; name each bad one, take it out of the store, and exit with 1."""
    with _sentences():
        from tqdm import tqdm

        from storage.artifacts import unseal
        from storage.store import open_store
        from storage.verification import verified

        place = open_store(store)
        files = list(tqdm(verified(place), desc="verify", unit=" files", disable=None))
        faulty = [one for one in files if one.fault is not None]
        for one in faulty:
            typer.echo(f"{one.key} {one.fault}", err=True)
            unseal(place, one.key)
        typer.echo(f"{len(files)} files checked in {place.root}, {len(faulty)} bad")
        if faulty:
            typer.echo("Taken out of the store: run the study again to make them again.", err=True)
            raise typer.Exit(1)


def main() -> None:
    """The console script."""
    app()


@contextmanager
def _sentences() -> Iterator[None]:
    """A person's errors become one sentence and an exit code; our own keep their traceback."""
    from calibration.errors import CalibrationError

    try:
        yield
    except CalibrationError as error:
        typer.echo(f"calibration: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


def _lineage(study: Path) -> "Lineage":
    from storage.resolution import resolved
    from storage.studies import read_study

    return resolved(read_study(study), file=str(study))


def _show_stages() -> None:
    """Our own lines on the terminal; Prefect's go to its pages, and errors come as sentences."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    # The first server of a new Prefect home writes its database, longer than the 20 s it is given.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("calibration")
    logger.addHandler(handler)
    logger.propagate = False  # Prefect has a handler of its own above, which would say it again


def _show_report(lineage: "Lineage", store: Path) -> None:
    from flows.export import report_files
    from storage.store import Store

    files = report_files(lineage, Store(store))
    typer.echo(files[lineage.report.SUMMARY].decode())
    typer.echo(f"\nReport: {store / lineage.report.address / lineage.report.PAGE}")


def _plan_lines(artifacts: "list[Planned]") -> Iterator[str]:
    for kind in dict.fromkeys(one.kind for one in artifacts):
        states = Counter(one.state for one in artifacts if one.kind == kind)
        counts = ", ".join(f"{states[state]} {state}" for state in states)
        yield f"{kind:<12} {counts}"
    missing = [one for one in artifacts if one.state != "complete"]
    for one in missing:
        yield f"  make {one.kind:<11} {one.title}"
    tokens = sum(one.tokens for one in missing)
    yield (
        f"{len(missing)} of {len(artifacts)} artifacts to make; "
        f"at most {tokens:,} tokens through a model"
    )
