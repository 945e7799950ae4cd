"""The command `calibration add-model`: its options and what it prints."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.terminal import sentences


def add_model(
    study: Annotated[
        Path,
        typer.Argument(help="The study file, YAML.", metavar="STUDY", show_default=False),
    ],
    name: Annotated[
        str, typer.Argument(help="A label, once in the study.", metavar="NAME", show_default=False)
    ],
    family: Annotated[
        str,
        typer.Option(
            help="Models of one family share a law.", metavar="FAMILY", show_default=False
        ),
    ],
    path: Annotated[
        str | None, typer.Option(help="A directory or a GGUF file.", metavar="PATH")
    ] = None,
    hub: Annotated[
        str | None, typer.Option(help="A repository of the hub.", metavar="ORG/NAME")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="A branch, a tag or a commit.", metavar="REVISION")
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="A GGUF file of the repository.", metavar="FILE")
    ] = None,
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"] | None,
        typer.Option(help="float32 unless stated.", metavar="TYPE"),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(min=1, help="That share its layers.", metavar="N")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="It was trained on.", metavar="N")
    ] = None,
    trained_until: Annotated[
        int | None, typer.Option(help="Its texts end in this year.", metavar="YEAR")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="It is a chat version of this model.", metavar="NAME"),
    ] = None,
) -> None:
    """Add a model to a study file, which keeps its comments, and tell the Prefect server.

    The model is looked at first; nothing is written where it cannot be used.
    """
    written = {
        "name": name,
        "hub": hub,
        "path": path,
        "revision": revision,
        "file": file,
        "family": family,
        "precision": precision,
        "gpus": gpus,
        "tokens": tokens,
        "trained_until": trained_until,
        "chat": True if base else None,
        "base": base,
    }
    with sentences():
        from calibration.study import parsed_model
        from flows.announcing import announced
        from storage.studies import read_study
        from storage.study_edits import add_model as added
        from storage.weights import model_facts

        stated = {key: value for key, value in written.items() if value is not None}
        entry = parsed_model(stated, f"calibration add-model {study}")
        model_facts(entry, Path(read_study(study).root))
        added(study, entry)
        typer.echo(f"{study}: {name} added")
        if announced(study, name):
            typer.echo("The Prefect server was told; a deployment that listens measures it.")
        else:
            typer.echo(f"Next: calibration run {study}")
