"""The command `calibration deploy`: its options and what it prints."""

from pathlib import Path
from typing import Annotated

import typer

from flows.terminal import sentences

ONE_GPU = 1  # what a machine without any is too: one model at a time keeps to its memory

Gpus = Annotated[
    int, typer.Option("--gpus", min=1, help="Models measured at once, on all hosts.", metavar="N")
]
Study = Annotated[
    str | None,
    typer.Option("--study", help="What runs every night; else as the file says.", metavar="STUDY"),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Of every deployment; else as the file says.",
        metavar="STORE",
    ),
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="Deployments; else prefect.yaml of the checkout.", metavar="FILE"),
]


def deploy(
    gpus: Gpus = ONE_GPU, study: Study = None, store: Store = None, file: File = None
) -> None:
    """Tell the Prefect server of work pools, deployments, schedules and triggers.

    As often as you like: what is there already is brought up to date.
    """
    with sentences():
        from flows.deploying import CPU, DEPLOYMENTS, GPU, LARGE, deployed

        names = deployed(file or DEPLOYMENTS, study=study, store=store, gpus=gpus)
        typer.echo(f"Work pools: {CPU}, {GPU} (limit {gpus}; queue {LARGE})")
        typer.echo(f"Deployments: {', '.join(sorted(names))}")
        typer.echo("Next: prefect deployment run calibration/full --watch")
