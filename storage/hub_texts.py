"""Texts of a data set of the Hugging Face hub, or of a local directory laid out as one.

Rows are streamed, and only those are kept that a selection can use, so that memory holds as many
clusters as there are examples, however many rows there are. `datasets` finds and reads the files.
"""

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from calibration.clusters import near_identical
from calibration.errors import TextError
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.study import HubSource
from calibration.text import SourceText, selected, unwrapped
from storage.contents import file_digest, joined_digest
from storage.hub import hub_sentences, is_whole, repository
from storage.years import year_of

LONGEST_SHOWN = 60  # characters of a value in a sentence


class _Place(NamedTuple):
    """Where a data set is read from, and what it is."""

    path: str  # a directory, or an id of the hub
    revision: str | None  # the commit
    content: str  # its identity


def hub_identity(dataset: str, source: HubSource, root: Path) -> SourceIdentity:
    """A data set at its commit, or a directory by its content, and how it is read.

    Raises TextError when there is none.
    """
    with _sentences(dataset, source):
        return SourceIdentity(
            kind="hub",
            content=_place(source, root).content,
            split=source.split,
            subset=source.subset,
            column=source.column,
            cluster=source.cluster,
            year=source.year,
        )


def check_hub(dataset: str, source: HubSource, root: Path) -> None:
    """Raises TextError when the first row cannot be read as asked."""
    with _sentences(dataset, source):
        _check_first_row(dataset, source, _place(source, root))


def hub_texts(
    dataset: str, source: HubSource, root: Path, *, recipe: TextsRecipe
) -> list[SourceText]:
    """The texts that a recipe can select, in their order: `selected` gives of them what it gives
    of all.

    A row belongs to the cluster it names, else to that of its text; near-identical texts among
    those kept are then one cluster. Raises TextError when they cannot be read.
    """
    kept = Selectable(recipe)
    with _sentences(dataset, source):
        rows = _texts(dataset, source, _place(source, root))
        for text in tqdm(rows, desc=f"read {dataset}", unit=" texts", disable=None):
            kept.add(text)
    if not kept.texts():
        raise TextError(
            f"data set {dataset!r}: texts were expected in the column {source.column!r} of "
            f"{source.dataset}, found only empty ones: set `source.column` to where the texts are"
        )
    return kept.texts() if source.cluster is not None else _joined(kept.texts(), recipe.seed)


def text_digest(text: str) -> str:
    """The name of a cluster that is named by its text alone."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Selectable:
    """The texts that a recipe can still select, of all that were added.

    A selection takes clusters in the order of their hash, at least one span of each, so that only
    the first `recipe.examples` clusters can have a part in it.
    """

    def __init__(self, recipe: TextsRecipe) -> None:
        self._recipe = recipe
        self._first: list[int] = []  # the first clusters' places, negative: the last one on top
        self._known: set[int] = set()
        self._texts: list[tuple[int, SourceText]] = []
        self._full = 2 * recipe.examples

    def add(self, text: SourceText) -> None:
        """Keep a text if it can be selected."""
        places = [self._place(name) for name in self._clusters(text)]
        for place in places:
            self._enter(place)
        first = min(places, default=None)
        if first is not None and self._within(first):
            self._texts.append((first, text))
        if len(self._texts) > self._full:
            self._texts = [one for one in self._texts if self._within(one[0])]
            self._full = max(2 * len(self._texts), self._full)

    def texts(self) -> list[SourceText]:
        """What was kept, in the order it was added."""
        return [text for place, text in self._texts if self._within(place)]

    def _clusters(self, text: SourceText) -> list[str]:
        if self._recipe.independent == "passages":  # each passage is a cluster
            return selected([text], self._recipe)["cluster"].to_list()
        return [text.cluster]

    def _place(self, cluster: str) -> int:
        return place_of_cluster(cluster, self._recipe.seed)

    def _enter(self, place: int) -> None:
        if place in self._known or not self._within(place):
            return
        self._known.add(place)
        heapq.heappush(self._first, -place)
        if len(self._first) > self._recipe.examples:
            self._known.remove(-heapq.heappop(self._first))

    def _within(self, place: int) -> bool:
        return len(self._first) < self._recipe.examples or place <= -self._first[0]


def place_of_cluster(cluster: str, seed: int) -> int:
    """Where a cluster stands in the order of a seed: smaller is earlier."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{cluster}".encode()).digest())


def _joined(texts: list[SourceText], seed: int) -> list[SourceText]:
    """Near-identical texts under one cluster, the earliest of theirs in the order of the seed."""
    order = sorted(range(len(texts)), key=lambda one: place_of_cluster(texts[one].cluster, seed))
    firsts = near_identical([texts[index].text for index in order])
    named = [texts[order[first]].cluster for first in firsts]
    cluster = dict(zip(order, named, strict=True))
    return [text._replace(cluster=cluster[index]) for index, text in enumerate(texts)]


def _place(source: HubSource, root: Path) -> _Place:
    directory = root / source.dataset
    if directory.is_dir():
        return _Place(str(directory), None, _directory_digest(directory))
    found = repository(source.dataset, source.revision, kind="dataset", at_once=())
    if is_whole(found, kind="dataset"):  # read in the cache, with a network or without
        return _Place(str(found.snapshot), None, found.source)
    return _Place(source.dataset, found.commit, found.source)


def _directory_digest(directory: Path) -> str:
    # Names too: they decide which split a file belongs to.
    places = sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    shown = [place for place in places if not _hidden(place)]
    return joined_digest(f"{place.as_posix()}:{file_digest(directory / place)}" for place in shown)


def _hidden(place: Path) -> bool:
    return any(part.startswith(".") for part in place.parts)


@cache
def _check_first_row(dataset: str, source: HubSource, place: _Place) -> None:
    next(_texts(dataset, source, place), None)


def _texts(dataset: str, source: HubSource, place: _Place) -> Iterator[SourceText]:
    for row in _rows(dataset, source, place):
        text = row[source.column]
        if text is None:
            continue
        if not isinstance(text, str):
            raise _unsuitable(dataset, source, "column", "text", text)
        plain = unwrapped(text)
        if plain.strip():
            cluster = _cluster(dataset, source, row) or text_digest(plain)
            yield SourceText(cluster, "", plain, _year(dataset, source, row))


def _cluster(dataset: str, source: HubSource, row: Mapping[str, object]) -> str | None:
    value = None if source.cluster is None else row[source.cluster]
    if isinstance(value, list | dict):
        raise _unsuitable(dataset, source, "cluster", "a name", value)
    return None if value is None else str(value)


def _year(dataset: str, source: HubSource, row: Mapping[str, object]) -> int | None:
    value = None if source.year is None else row[source.year]
    try:
        return year_of(value)
    except ValueError:
        raise _unsuitable(
            dataset, source, "year", "a year or a date such as 2024-01-31", value
        ) from None


def _unsuitable(
    dataset: str, source: HubSource, key: str, expected: str, value: object
) -> TextError:
    shown = repr(value) if len(repr(value)) <= LONGEST_SHOWN else f"{repr(value)[:LONGEST_SHOWN]}…"
    return TextError(
        f"data set {dataset!r}: {expected} was expected in the column {getattr(source, key)!r} of "
        f"{source.dataset}, found {shown}: set `source.{key}` to another column"
    )


def _rows(dataset: str, source: HubSource, place: _Place) -> Iterator[Mapping[str, object]]:
    stream = _stream(dataset, source, place)
    wanted = {"column": source.column, "cluster": source.cluster, "year": source.year}
    columns = stream.column_names or list(next(iter(stream), {}))
    for key, name in wanted.items():
        if name is not None and name not in columns:
            raise TextError(
                f"data set {dataset!r}: a column {name!r} was expected in {source.dataset}, found "
                f"{', '.join(columns) or 'no rows'}: set `source.{key}` to one of them"
            )
    yield from stream.select_columns([name for name in set(wanted.values()) if name is not None])


def _stream(dataset: str, source: HubSource, place: _Place) -> Any:  # noqa: ANN401
    import datasets  # seconds of imports that other sources do not need

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what goes wrong becomes a sentence
    _check_subset(dataset, source, place)
    splits = datasets.load_dataset(
        place.path, source.subset, revision=place.revision, streaming=True
    )
    if source.split not in splits:
        raise TextError(
            f"data set {dataset!r}: a split {source.split!r} was expected in {source.dataset}, "
            f"found {', '.join(splits)}: set `source.split` to one of them"
        )
    return splits[source.split]


def _check_subset(dataset: str, source: HubSource, place: _Place) -> None:
    import datasets

    known = datasets.get_dataset_config_names(place.path, revision=place.revision)
    default = datasets.get_dataset_default_config_name(place.path, revision=place.revision)
    if source.subset is None and len(known) > 1 and default is None:
        found = f"{source.dataset}, found {', '.join(known)}: name one of them in `source.subset`"
        raise TextError(f"data set {dataset!r}: one subset was expected in {found}")
    if source.subset is not None and source.subset not in known:
        found = f"{source.dataset}, found {', '.join(known)}: set `source.subset` to one of them"
        raise TextError(f"data set {dataset!r}: a subset {source.subset!r} was expected in {found}")


@contextmanager
def _sentences(dataset: str, source: HubSource) -> Iterator[None]:
    who = f"data set {dataset!r}"
    try:
        with hub_sentences(who, source.dataset, key="source.dataset", fault=TextError):
            yield
    except TextError:
        raise
    except Exception as error:  # the library raises what each format's reader raises
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TextError(
            f"{who}: rows were expected in {source.dataset}, but it cannot be read ({reason}): "
            "mend its files, or save it as .parquet and use `kind: files`"
        ) from error
