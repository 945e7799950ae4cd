"""The command `calibration plan`: its options and what it prints."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from calibration.hardware import DEFAULT_GPU
from flows.terminal import DEFAULT_STORE, StoreOption, StudyPath, sentences

if TYPE_CHECKING:
    from calibration.lineage import Lineage
    from calibration.planned import Plan
    from storage.store import Store


def plan(
    study: StudyPath,
    store: StoreOption = DEFAULT_STORE,
    gpu: Annotated[
        str,
        typer.Option("--gpu", help="The GPU whose hours are counted.", metavar="NAME"),
    ] = DEFAULT_GPU,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Time models that were never measured here: load each."),
    ] = False,
    format: Annotated[  # noqa: A002 (the option's name)
        Literal["text", "json"],
        typer.Option(help="text, or json for another program.", metavar="FORMAT"),
    ] = "text",
) -> None:
    """Show what exists, what a run would make and why, how precise it is, and what it costs.

    Runs nothing, writes nothing and fetches no weights. Models that cannot be looked at are told,
    and cost what the study says of their sizes.
    """
    with sentences():
        import json

        from calibration.cost_lines import statement_lines
        from calibration.planned import record
        from flows.statement import stated
        from storage.store import open_store
        from storage.studies import read_study

        found = stated(
            read_study(study),
            file=study,
            gpu=gpu,
            planned=lambda lineage: _planned(lineage, open_store(store), probe),
        )
        if format == "json":
            typer.echo(json.dumps(record(found), indent=1, ensure_ascii=False, allow_nan=False))
            return
        for line in statement_lines(found, file=study):
            typer.echo(line)


def _planned(lineage: "Lineage", place: "Store", probe: bool) -> "Plan":
    from flows.plan import plan as planned

    found = planned(lineage, place)
    if not probe:
        return found
    from flows.probe import probed

    paces = probed(lineage, found, say=lambda line: typer.echo(line, err=True))
    return planned(lineage, place, probed=paces)
