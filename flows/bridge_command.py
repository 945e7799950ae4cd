"""The command `calibration bridge`: its options and what it prints."""

from pathlib import Path
from typing import Annotated

import typer

from flows.terminal import DEFAULT_STORE, StoreOption, sentences, stages_shown


def bridge(
    start: Annotated[
        str,
        typer.Argument(help="The study file to begin with.", metavar="FROM", show_default=False),
    ],
    end: Annotated[
        str,
        typer.Argument(
            help="One of the same models and data sets.", metavar="TO", show_default=False
        ),
    ],
    store: StoreOption = DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write tables and a figure there.", metavar="DIR"),
    ] = None,
) -> None:
    """Walk from one study's protocol to another's, and print what each step changed.

    One switch at a time: the slip, four-bit weights, the choice of texts, the end of texts, the
    windows. Each step is measured like a study; what exists is not made again.
    """
    with sentences():
        from calibration.bridge import bridge_steps
        from storage.studies import read_study

        steps = bridge_steps(read_study(start), read_study(end), files=(start, end))
        for number, step in enumerate(steps, start=1):
            typer.echo(f"{number}. {step.name}")
        with stages_shown():
            from flows.bridge import bridge as made_between

            made_between(start, end, store)
        from flows.bridge import bridged, write_bridge
        from flows.outward import written_out
        from storage.store import open_store

        found = bridged(steps, open_store(store), file=end)
        for line in ["", *found.lines]:
            typer.echo(line)
        if out is not None:
            with written_out(out):
                for path in write_bridge(found, out):
                    typer.echo(str(path))
