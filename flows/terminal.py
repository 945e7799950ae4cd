"""What the commands share: their options, errors as sentences, and the end of a run in words."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibration.lineage import Lineage
    from storage.store import Store

DEFAULT_STORE = "artifacts"

StudyPath = Annotated[
    str,
    typer.Argument(
        help="The study file, YAML; a path or s3://bucket/key.",
        metavar="STUDY",
        show_default=False,
    ),
]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        help="Directory or s3://bucket/prefix that holds every artifact.",
        metavar="STORE",
    ),
]


@contextmanager
def sentences() -> Iterator[None]:
    """A person's errors become one sentence and an exit code; our own keep their traceback."""
    from calibration.errors import CalibrationError
    from calibration.report.page import visible

    try:
        yield
    except CalibrationError as error:
        # It may quote a model's files, and those what would move the cursor.
        typer.echo(f"calibration: {visible(str(error))}", err=True)
        raise typer.Exit(error.exit_code) from None


def lineage_as_run(study: str, store: "Store") -> "Lineage":
    """Every recipe of a study file as it was run on a store; models left out are said."""
    from calibration.left_out import left_out_lines
    from calibration.report.page import visible
    from storage.resolution import resolved_as_run
    from storage.studies import read_study

    lineage = resolved_as_run(read_study(study), store, file=study)
    for line in left_out_lines(lineage.absent):
        typer.echo(visible(line), err=True)
    return lineage


def require_usable(study: str) -> None:
    """Raises InputError for a study that cannot be run, before what takes seconds to start."""
    from storage.resolution import resolved
    from storage.studies import read_study

    resolved(read_study(study), file=study)


def run_study(file: str, store: str) -> None:
    """Make whatever a study file lacks, saying what is made, and print what was found.

    Raises Incomplete after that where models were left out.
    """
    from calibration.errors import Incomplete

    incomplete = None
    with stages_shown():
        from flows.full import calibration
        from storage.resolution import resolved_as_run
        from storage.store import open_store
        from storage.studies import read_study

        try:
            calibration(file, store)
        except Incomplete as error:
            incomplete = error
    place = open_store(store)
    show_report(resolved_as_run(read_study(file), place, file=file), place)
    if incomplete is not None:
        raise incomplete


def show_report(lineage: "Lineage", store: "Store") -> None:
    """Print what a finished study found, and where its report lies. Raises StoreError."""
    from calibration.report.page import visible
    from flows.export import report_files
    from storage.artifacts import place_of

    files = report_files(lineage, store)
    typer.echo(visible(files[lineage.report.SUMMARY].decode()))
    typer.echo(f"\nReport: {place_of(store, lineage.report, lineage.report.PAGE)}")


def show_ancestry(lineage: "Lineage", store: "Store") -> None:
    """Print the artifacts behind every number of a finished study. Raises StoreError."""
    from calibration.report.origins import ancestry_lines
    from storage.origins import ancestry

    for line in ancestry_lines(ancestry(store, lineage.report.study_fit)):
        typer.echo(line)


@contextmanager
def stages_shown() -> Iterator[None]:
    """Our own lines on the terminal; Prefect's go to its pages, and errors come as sentences."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    # The first server of a new Prefect home writes its database, longer than the 20 s it is given.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    # Without a network the server of a run complains of it on the terminal.
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Visible("%(message)s"))
    logger = logging.getLogger("calibration")
    logger.addHandler(handler)
    propagated = logger.propagate
    logger.propagate = False  # Prefect has a handler of its own above, which would say it again
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


class _Visible(logging.Formatter):
    """Lines as they can be seen: nothing in them moves the cursor."""

    def format(self, record: logging.LogRecord) -> str:
        from calibration.report.page import visible

        return visible(super().format(record))
