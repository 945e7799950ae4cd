"""The command `calibration measure`: its options and what it prints."""

from typing import Annotated, Literal

import typer

from calibration.defaults import CONTINUATION, EXAMPLES, PROMPT, TEMPERATURE
from flows.terminal import DEFAULT_STORE, StoreOption, run_study, sentences

LENGTH = "({tokens} tokens, {bytes} bytes)"


def measure(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Directories, .gguf files, or models of the hub: org/name, org/name@revision.",
            metavar="MODEL",
            show_default=False,
        ),
    ],
    text: Annotated[
        list[str],
        typer.Option(
            help=".txt, .jsonl, .csv or .parquet; a folder; or a pattern, in quotes. Give it "
            "again for another data set.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    prompt: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help=f"Given as context {LENGTH.format(**PROMPT)}."),
    ] = None,
    continuation: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help=f"Measured {LENGTH.format(**CONTINUATION)}."),
    ] = None,
    examples: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help=f"Spans of each data set ({EXAMPLES}).", show_default=False
        ),
    ] = EXAMPLES,
    temperature: Annotated[
        list[float] | None,
        typer.Option(metavar="X", help=f"Decoding ({TEMPERATURE}). Give it again for another."),
    ] = None,
    decoding: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTINGS", help="Such as top_p=0.95,mixture=0.01. Give it again for another."
        ),
    ] = None,
    unit: Annotated[
        Literal["tokens", "bytes"],
        typer.Option(
            metavar="UNIT", help="tokens, or bytes: equal for all models.", show_default=False
        ),
    ] = "tokens",
    at_end: Annotated[
        Literal["continue", "stop", "natural"],
        typer.Option(metavar="POLICY", help="continue, stop or natural.", show_default=False),
    ] = "continue",
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"],
        typer.Option(metavar="TYPE", help="float32, bfloat16 or float16.", show_default=False),
    ] = "float32",
    column: Annotated[
        str,
        typer.Option(metavar="NAME", help="The column of the text (text).", show_default=False),
    ] = "text",
    cluster: Annotated[
        str | None, typer.Option(metavar="NAME", help="A column of what belongs together.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The study's name.")] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Measure models on texts, without a study file; writes one to copy and extend."""
    with sentences():
        from calibration.quick_study import Settings, decoding_entry
        from flows.measure_files import files_study
        from storage.store import open_store

        temperatures = temperature or ([] if decoding else [TEMPERATURE])
        settings = Settings(
            prompt=prompt,
            continuation=continuation,
            examples=examples,
            decodings=(
                *({"temperature": one} for one in temperatures),
                *map(decoding_entry, decoding or []),
            ),
            unit=unit,
            at_end=at_end,
            precision=precision,
            column=column,
            cluster=cluster,
            name=name,
        )
        made = files_study(models, text, settings=settings, store=open_store(store))
        run_study(made.place, store)
        for note in made.notes:
            typer.echo(f"Note: {note}.")
        typer.echo(f"Study: {made.place} (copy it to extend it)")
