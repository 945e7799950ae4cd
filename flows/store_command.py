"""The commands `calibration store …`, which look after a store: their options and exit codes."""

import gc
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.terminal import DEFAULT_STORE, StoreOption, sentences
from storage.threads import JOBS

if TYPE_CHECKING:
    from tqdm import tqdm

    from storage.catalogue import Catalogue
    from storage.store import Store

app = typer.Typer(
    help="Look after a store of artifacts.",
    epilog="Example: calibration store ls --store artifacts",
    no_args_is_help=True,
)

# What a large store holds is millions of objects, none of them garbage; to look through them
# after every 700, as Python does, took half of the time.
OBJECTS = 1_000_000

Format = Annotated[
    Literal["text", "json"],
    typer.Option(help="text, or json for another program.", metavar="FORMAT"),
]
Jobs = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Files at once (a core each).", show_default=False),
]


@app.command(epilog="Example: calibration store ls --kind samples --study quickstart")
def ls(
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only these: samples, summaries, …")
    ] = None,
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this study wants.")
    ] = None,
    format: Format = "text",  # noqa: A002 (the option's name)
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """List every artifact: what it is, its size, when it was made, which studies want it."""
    with sentences():
        from flows.store_text import listed_json, listed_lines
        from storage.showing import listed
        from storage.store import open_store

        place = open_store(store)
        found = _catalogue(place)
        artifacts = listed(found, kind=kind, study=study)
        if format == "json":
            typer.echo(listed_json(artifacts, place.location))
            return
        typer.echo("\n".join(listed_lines(artifacts)))
        for key in found.damaged:
            typer.echo(f"{key} is damaged and not listed: see `calibration store verify`", err=True)


@app.command(epilog="Example: calibration store show 3fa81c --store artifacts")
def show(
    address: Annotated[
        str, typer.Argument(help="An address, a digest, or how one begins.", metavar="ADDRESS")
    ],
    format: Format = "text",  # noqa: A002 (the option's name)
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Show one artifact: what it is, how it was made, from what, and what was made from it."""
    with sentences():
        from flows.store_text import shown_json, shown_lines
        from storage.showing import matched, shown
        from storage.store import open_store

        place = open_store(store)
        found = _catalogue(place)
        one = shown(place, found, matched(found, address))
        typer.echo(shown_json(one) if format == "json" else "\n".join(shown_lines(one)))


@app.command(epilog="Example: calibration store verify --store artifacts")
def verify(jobs: Jobs = JOBS, store: StoreOption = DEFAULT_STORE) -> None:
    """Hash everything; name what is bad, take it out to be made again, and exit with 1."""
    with sentences():
        from storage.holdings import holdings
        from storage.verification import checked, taken_out

        place = _filled(store)
        held = holdings(place)
        whole, found = 0, []
        with _bar("verify", held.bytes) as bar:
            for one in checked(place, held, jobs=jobs):
                bar.update(one.bytes)
                if one.fault is None and one.note is None:
                    whole += 1
                else:
                    found.append(one)
        for one in sorted(one for one in found if one.note is not None):
            typer.echo(f"{one.key} {one.note}")
        faulty = sorted(one for one in found if one.fault is not None)
        for one in faulty:
            typer.echo(f"{one.key} {one.fault}", err=True)
        typer.echo(f"{whole} files are whole in {place.location}, {len(faulty)} bad")
        if faulty:
            typer.echo(taken_out(place, faulty), err=True)
            raise typer.Exit(1)


@app.command(epilog="Example: calibration store prune --forget draft --older-than 30 --remove")
def prune(
    forget: Annotated[
        list[str] | None,
        typer.Option(metavar="STUDY", help="No longer keep this study. Give it again for more."),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(min=0, metavar="DAYS", help="Keep what was made or run within so many days."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove it; otherwise it is only listed.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """List what no study wants any more; with --remove, remove it."""
    with sentences():
        from flows.store_text import kept_lines, removal_line, size
        from storage.clock import store_time
        from storage.pruning import pruning
        from storage.removal import removed

        place = _filled(store)
        going = pruning(place, now=store_time(place), forget=forget or (), days=older_than)
        for line in kept_lines(going):
            typer.echo(line)
        count = total = 0
        for one in removed(place, going) if remove else going.removals:
            typer.echo(removal_line(one))
            count, total = count + 1, total + one.bytes
        if remove:
            typer.echo(f"{count} removed from {place.location}, {size(total)}")
        else:
            more = ": add --remove to remove them" if count else ""
            typer.echo(f"{count} to remove from {place.location}, {size(total)}{more}")


@app.command(epilog="Example: calibration store copy s3://bucket/shared --study quickstart")
def copy(
    destination: Annotated[
        str, typer.Argument(help="Directory or s3://bucket/prefix.", metavar="DESTINATION")
    ],
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this study wants.")
    ] = None,
    jobs: Jobs = JOBS,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Copy what is complete to another store, checking every byte; run again to continue."""
    with sentences():
        from flows.store_text import copied_line
        from storage.copying import copied
        from storage.selection import everything, study_selection
        from storage.store import open_store

        place, other = _filled(store), open_store(destination)
        selection = study_selection(place, study) if study is not None else everything(place)
        found = []
        with _bar("copy", selection.bytes) as bar:
            for one in copied(place, other, selection=selection, jobs=jobs, handled=bar.update):
                found.append(one)
        faulty = sorted(one for one in found if one.fault is not None)
        for one in faulty:
            typer.echo(f"{one.key} {one.fault}", err=True)
        typer.echo(copied_line(found, other.location))
        if faulty:
            typer.echo(
                f"Not copied, nor what was made from them: `calibration store verify --store "
                f"{store}` takes them out, and a run makes them again.",
                err=True,
            )
            raise typer.Exit(1)


def _filled(location: str) -> "Store":
    """The store at a location. Raises StoreError where nothing lies."""
    from storage.store import open_store

    gc.set_threshold(OBJECTS)
    store = open_store(location)
    _require_something(store, next(iter(store.entries("")), None) is not None)
    return store


def _catalogue(store: "Store") -> "Catalogue":
    """What a store holds. Raises StoreError where that is nothing."""
    from storage.catalogue import catalogue

    gc.set_threshold(OBJECTS)
    found = catalogue(store)
    _require_something(store, any(found))
    return found


def _require_something(store: "Store", is_there: bool) -> None:
    from calibration.errors import StoreError

    if not is_there:
        raise StoreError(
            f"a store of artifacts was expected in {store.location}, found nothing: give the one "
            "that you ran on, with --store"
        )


def _bar(what: str, total: int) -> "tqdm[None]":
    """A progress bar in bytes, on a terminal's stderr only."""
    from tqdm import tqdm

    return tqdm(desc=what, total=total, unit="B", unit_scale=True, disable=None)
