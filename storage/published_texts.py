"""Texts of the published data sets, streamed from the hub as they were published.

What a row says is in calibration/published_texts.py. Which rows a selection can use is known by
their cluster, so that only their texts are cleaned: a story takes milliseconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tqdm import tqdm

from calibration.clusters import joined
from calibration.errors import TextError
from calibration.published_texts import Protocol, protocol
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.sources import PublishedSource
from calibration.text import SourceText
from storage.hub_rows import Column, HubData, Row, content_of, rows, sentences
from storage.readings import UNUSABLE, Reading, Sieve
from storage.selectable import Selectable


def published_identity(dataset: str, source: PublishedSource, root: Path) -> SourceIdentity:
    """A data set at its commit, or a directory by its content; its kind says how it is read.

    Raises TextError when there is none.
    """
    data = _data(dataset, source)
    with sentences(data):
        content = content_of(data, root)
    return SourceIdentity(kind=source.kind, content=content, split=source.split)


def check_published(dataset: str, source: PublishedSource, root: Path) -> None:
    """Raises TextError when the first row is not one of the data set."""
    data = _data(dataset, source)
    with sentences(data):
        _check_first_row(data, protocol(source), root, content_of(data, root))


def published_texts(
    dataset: str, source: PublishedSource, root: Path, *, recipe: TextsRecipe
) -> Reading:
    """The texts that a recipe can select, in their order.

    Counted are the rows that were looked at: those whose cluster could still be selected. Prompts
    and problems are clusters; those that are near-identical, or have near-identical answers, are
    one. Raises TextError when they cannot be read.
    """
    kept, sieve, data = Selectable(recipe), Sieve(recipe), _data(dataset, source)
    with sentences(data):
        for text in sieve.passed(_texts(data, protocol(source), root, kept)):
            kept.add(text)
    reading = sieve.reading(kept.texts())
    if reading.left_out.get(UNUSABLE, 0) == reading.read:
        raise TextError(
            f"data set {dataset!r}: rows that the published protocol takes were expected in "
            f"{source.dataset}, found none among {reading.read}: set `source.dataset` to a copy "
            "of the published one"
        )
    return reading._replace(texts=joined(reading.texts, recipe.seed))


def _data(dataset: str, source: PublishedSource) -> HubData:
    return HubData(
        name=dataset,
        dataset=source.dataset,
        columns=tuple(Column(name, "dataset") for name in protocol(source).columns),
        subset=None,
        split=source.split,
        revision=source.revision,
    )


@cache
def _check_first_row(data: HubData, read_as: Protocol, root: Path, content: str) -> None:
    for row in rows(data, root):
        _text(data, read_as, row)
        break


def _texts(
    data: HubData, read_as: Protocol, root: Path, kept: Selectable
) -> Iterator[SourceText | None]:
    """The text of each row that could be selected; None for one that the protocol leaves out."""
    for row in tqdm(rows(data, root), desc=f"read {data.name}", unit=" texts", disable=None):
        cluster = _cluster(data, read_as, row)
        if cluster is None or kept.wants(cluster):
            yield _text(data, read_as, row)


def _cluster(data: HubData, read_as: Protocol, row: Row) -> str | None:
    with _of_the_data_set(data):
        return read_as.cluster(row)


def _text(data: HubData, read_as: Protocol, row: Row) -> SourceText | None:
    with _of_the_data_set(data):
        return read_as.text(row)


@contextmanager
def _of_the_data_set(data: HubData) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise TextError(
            f"data set {data.name!r}: {error} of {data.dataset}: set `source.dataset` to a copy "
            "of the published one"
        ) from None
