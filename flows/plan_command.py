"""The command `calibration plan`: its options and what it prints."""

from typing import Annotated, Literal

import typer

from flows.terminal import DEFAULT_STORE, StoreOption, StudyPath, lineage_of, sentences


def plan(
    study: StudyPath,
    store: StoreOption = DEFAULT_STORE,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Time models that were never measured here: load each."),
    ] = False,
    format: Annotated[  # noqa: A002 (the option's name)
        Literal["text", "json"],
        typer.Option(help="text, or json for another program.", metavar="FORMAT"),
    ] = "text",
) -> None:
    """Show what exists, what a run would make and why, how long that takes, how precise it is.

    Runs nothing and writes nothing. Times and memory are guesses from earlier work in the store.
    """
    with sentences():
        import json

        from calibration.plan_lines import plan_lines
        from calibration.planned import record
        from flows.plan import plan as planned
        from storage.store import open_store

        lineage, place = lineage_of(study), open_store(store)
        found = planned(lineage, place)
        if probe:
            from flows.probe import probed

            paces = probed(lineage, found, say=lambda line: typer.echo(line, err=True))
            found = planned(lineage, place, probed=paces)
        if format == "json":
            typer.echo(json.dumps(record(found), indent=1, ensure_ascii=False, allow_nan=False))
            return
        for line in plan_lines(found):
            typer.echo(line)
