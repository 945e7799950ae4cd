"""Texts of a data set of the Hugging Face hub whose columns a study names.

Only those rows are kept that a selection can use, so that memory holds as many clusters as there
are examples, however many rows there are.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tqdm import tqdm

from calibration.clusters import joined
from calibration.errors import TextError
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.sources import HubSource
from calibration.text import SourceText, text_digest, unwrapped
from storage.hub_rows import Column, HubData, Row, content_of, rows, sentences
from storage.readings import UNUSABLE, Reading, Sieve
from storage.selectable import Selectable
from storage.years import year_of

LONGEST_SHOWN = 60  # characters of a value in a sentence


def hub_identity(dataset: str, source: HubSource, root: Path) -> SourceIdentity:
    """A data set at its commit, or a directory by its content, and how it is read.

    Raises TextError when there is none.
    """
    data = _data(dataset, source)
    with sentences(data):
        return SourceIdentity(
            kind="hub",
            content=content_of(data, root),
            split=source.split,
            subset=source.subset,
            column=source.column,
            context=source.context,
            cluster=source.cluster,
            year=source.year,
        )


def check_hub(dataset: str, source: HubSource, root: Path) -> None:
    """Raises TextError when the first row cannot be read as asked."""
    data = _data(dataset, source)
    with sentences(data):
        _check_first_row(data, source, root, content_of(data, root))


def hub_texts(dataset: str, source: HubSource, root: Path, *, recipe: TextsRecipe) -> Reading:
    """The texts that a recipe can select, in their order: `selected` gives of them what it gives
    of all.

    A row belongs to the cluster it names, else to that of its text; near-identical texts and
    texts of near-identical contexts among those kept are then one cluster. Raises TextError when
    they cannot be read.
    """
    kept, sieve, data = Selectable(recipe), Sieve(recipe), _data(dataset, source)
    with sentences(data):
        texts = _texts(data, source, root)
        progress = tqdm(texts, desc=f"read {dataset}", unit=" texts", disable=None)
        for text in sieve.passed(progress):
            kept.add(text)
    reading = sieve.reading(kept.texts())
    _require_texts(data, source, reading)
    if source.cluster is not None:
        return reading
    return reading._replace(texts=joined(reading.texts, recipe.seed))


def _data(dataset: str, source: HubSource) -> HubData:
    names = {key: getattr(source, key) for key in ("column", "context", "cluster", "year")}
    return HubData(
        name=dataset,
        dataset=source.dataset,
        columns=tuple(Column(name, key) for key, name in names.items() if name is not None),
        subset=source.subset,
        split=source.split,
        revision=source.revision,
    )


@cache
def _check_first_row(data: HubData, source: HubSource, root: Path, content: str) -> None:
    next(_texts(data, source, root), None)


def _texts(data: HubData, source: HubSource, root: Path) -> Iterator[SourceText | None]:
    """The text of each row that has one; None where its context is lacking."""
    for row in rows(data, root):
        plain = unwrapped(_written(data, row, source.column, key="column"))
        if not plain.strip():
            continue
        # As it is written: how an instruction is laid out may be part of it.
        context = _written(data, row, source.context, key="context").strip()
        if source.context is not None and not context:
            yield None  # without what it answers it would be asked for in other words
            continue
        cluster = _cluster(data, source, row) or text_digest(plain)
        yield SourceText(cluster, context, plain, _year(data, source, row))


def _written(data: HubData, row: Row, column: str | None, *, key: str) -> str:
    value = "" if column is None else row[column]
    if value is not None and not isinstance(value, str):
        raise _unsuitable(data, Column(str(column), key), "text", value)
    return value or ""


def _cluster(data: HubData, source: HubSource, row: Row) -> str | None:
    value = None if source.cluster is None else row[source.cluster]
    if isinstance(value, list | dict):
        raise _unsuitable(data, Column(str(source.cluster), "cluster"), "a name", value)
    return None if value is None else str(value)


def _year(data: HubData, source: HubSource, row: Row) -> int | None:
    value = None if source.year is None else row[source.year]
    try:
        return year_of(value)
    except ValueError:
        column = Column(str(source.year), "year")
        raise _unsuitable(data, column, "a year or a date such as 2024-01-31", value) from None


def _unsuitable(data: HubData, column: Column, expected: str, value: object) -> TextError:
    shown = repr(value) if len(repr(value)) <= LONGEST_SHOWN else f"{repr(value)[:LONGEST_SHOWN]}…"
    return TextError(
        f"data set {data.name!r}: {expected} was expected in the column {column.name!r} of "
        f"{data.dataset}, found {shown}: set `source.{column.key}` to another column"
    )


def _require_texts(data: HubData, source: HubSource, reading: Reading) -> None:
    if not reading.read:
        raise TextError(
            f"data set {data.name!r}: texts were expected in the column {source.column!r} of "
            f"{data.dataset}, found only empty ones: set `source.column` to where the texts are"
        )
    if reading.left_out.get(UNUSABLE) == reading.read:
        raise TextError(
            f"data set {data.name!r}: contexts were expected in the column {source.context!r} of "
            f"{data.dataset}, found only empty ones: set `source.context` to where they are"
        )
