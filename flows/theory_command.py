"""The command `calibration theory`: its options and what it prints."""

from typing import Annotated, Literal

import typer

from flows.terminal import DEFAULT_STORE, StoreOption, StudyPath, lineage_as_run, sentences


def theory(
    study: StudyPath,
    store: StoreOption = DEFAULT_STORE,
    format: Annotated[  # noqa: A002 (the option's name)
        Literal["text", "json"],
        typer.Option(help="text, or json for another program.", metavar="FORMAT"),
    ] = "text",
) -> None:
    """Print α of the study's texts, and what the simplified theory predicts from it.

    Reads what a run of the study kept; loads no model and writes nothing.
    """
    with sentences():
        import json

        from calibration.theory_lines import theory_lines
        from flows.theory import theory as beside_the_texts
        from storage.store import open_store

        place = open_store(store)
        tables = beside_the_texts(lineage_as_run(study, place), place)
        if format == "json":
            rows = {name: frame.to_dicts() for name, frame in tables._asdict().items()}
            typer.echo(json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False))
            return
        for line in theory_lines(tables):
            typer.echo(line)
