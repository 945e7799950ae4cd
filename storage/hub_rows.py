"""Rows of a data set of the Hugging Face hub, or of a local directory laid out as one.

Rows are streamed, of the columns that are asked for alone. `datasets` finds and reads the files.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from calibration.errors import TextError
from storage.contents import file_digest, joined_digest
from storage.hub import hub_sentences, is_whole, repository

Row = Mapping[str, Any]

ALL = "all"  # splits, in this order; a hub that calls one otherwise has it asked for by its name
SPLITS = ("train", "valid", "validation", "test")


class Column(NamedTuple):
    """A column that is read, and the key under `source` that would change it."""

    name: str
    key: str


class HubData(NamedTuple):
    """What is read of a data set, as a study asks for it."""

    name: str  # in the study
    dataset: str  # an id of the hub, or a directory
    columns: tuple[Column, ...]
    subset: str | None
    split: str
    revision: str | None


class _Place(NamedTuple):
    """Where a data set is read from, and what it is."""

    path: str  # a directory, or an id of the hub
    revision: str | None  # the commit
    content: str  # its identity


def content_of(data: HubData, root: Path) -> str:
    """The identity of a data set: its commit on the hub, or the digest of a directory's files."""
    return _place(data, root).content


def rows(data: HubData, root: Path) -> Iterator[Row]:
    """The rows of a split, or of all one after the other, with the columns asked for.

    Raises TextError when a split or a column is not there, and whatever reading raises, which
    `sentences` turns into words.
    """
    place = _place(data, root)
    builder = _builder(data, place)
    _require_own_files(data, place, builder)
    splits = builder.as_streaming_dataset()
    wanted = _splits(data, list(splits))
    names = list(dict.fromkeys(column.name for column in data.columns))
    for split in wanted:
        _require_columns(data, splits[split])
    if hasattr(builder.config, "columns"):
        # Of Parquet: what is not read is not fetched either.
        builder.config.columns = names
        splits = builder.as_streaming_dataset()
    for split in wanted:
        yield from splits[split].select_columns(names)


@contextmanager
def sentences(data: HubData) -> Iterator[None]:
    """Whatever finding and reading a data set raises, as one sentence."""
    who = f"data set {data.name!r}"
    try:
        with hub_sentences(who, data.dataset, key="source.dataset", fault=TextError):
            yield
    except TextError:
        raise
    except Exception as error:  # the library raises what each format's reader raises
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TextError(
            f"{who}: rows were expected in {data.dataset}, but it cannot be read ({reason}): "
            "mend its files, or save it as .parquet and use `kind: files`"
        ) from error


def _place(data: HubData, root: Path) -> _Place:
    directory = root / data.dataset
    if directory.is_dir():
        return _Place(str(directory), None, _directory_digest(directory))
    found = repository(data.dataset, data.revision, kind="dataset", at_once=())
    if is_whole(found, kind="dataset"):  # read in the cache, with a network or without
        return _Place(str(found.snapshot), None, found.source)
    return _Place(data.dataset, found.commit, found.source)


def _directory_digest(directory: Path) -> str:
    # Names too: they decide which split a file belongs to.
    places = sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    shown = [place for place in places if not _hidden(place)]
    return joined_digest(f"{place.as_posix()}:{file_digest(directory / place)}" for place in shown)


def _hidden(place: Path) -> bool:
    return any(part.startswith(".") for part in place.parts)


def _builder(data: HubData, place: _Place) -> Any:  # noqa: ANN401
    import datasets  # seconds of imports that other sources do not need

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what goes wrong becomes a sentence
    _check_subset(data, place)
    return datasets.load_dataset_builder(place.path, data.subset, revision=place.revision)


def _require_own_files(data: HubData, place: _Place, builder: Any) -> None:  # noqa: ANN401
    """Raises TextError where the data set's own settings name files that are not of it.

    They may name any file of this machine, and any address, which would then stand in a report.
    """
    within = f"hf://datasets/{place.path}@{place.revision}/"
    if place.revision is None:
        within = os.path.join(os.path.abspath(place.path), "")
    for file in (str(one) for files in (builder.config.data_files or {}).values() for one in files):
        # Of a file in an archive, where the archive lies. Of a hub's, nothing is above a commit.
        lies = file.rpartition("::")[2]
        lies = lies if "://" in lies else os.path.abspath(lies)
        if not lies.startswith(within) or ".." in lies.split("/"):
            raise TextError(
                f"data set {data.name!r}: files of its own were expected in {data.dataset}, found "
                f"that its README.md names {file}: take that out, or read it with `kind: files`"
            )


def _check_subset(data: HubData, place: _Place) -> None:
    import datasets

    known = datasets.get_dataset_config_names(place.path, revision=place.revision)
    default = datasets.get_dataset_default_config_name(place.path, revision=place.revision)
    if data.subset is None and len(known) > 1 and default is None:
        found = f"{data.dataset}, found {', '.join(known)}: name one of them in `source.subset`"
        raise TextError(f"data set {data.name!r}: one subset was expected in {found}")
    if data.subset is not None and data.subset not in known:
        found = f"{data.dataset}, found {', '.join(known)}: set `source.subset` to one of them"
        raise TextError(f"data set {data.name!r}: a subset {data.subset!r} was expected in {found}")


def _splits(data: HubData, known: list[str]) -> list[str]:
    wanted = [data.split] if data.split in known or data.split != ALL else SPLITS
    found = [split for split in wanted if split in known]
    if not found:
        raise TextError(
            f"data set {data.name!r}: a split {data.split!r} was expected in {data.dataset}, "
            f"found {', '.join(known)}: set `source.split` to one of them"
        )
    return found


def _require_columns(data: HubData, stream: Any) -> None:  # noqa: ANN401
    there = stream.column_names or list(next(iter(stream), {}))
    for column in data.columns:
        if column.name not in there:
            which = "a data set that has it" if column.key == "dataset" else "one of them"
            raise TextError(
                f"data set {data.name!r}: a column {column.name!r} was expected in "
                f"{data.dataset}, found {', '.join(there) or 'no rows'}: "
                f"set `source.{column.key}` to {which}"
            )
