"""Texts where they come from: each source read into clusters, and named by its content.

The identity of a source is the sha256 of its raw bytes and how they are read; never where it lies.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from calibration.clusters import kindred
from calibration.errors import TextError
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.sources import (
    CodeContestsSource,
    FilesSource,
    HubSource,
    PythonSource,
    SpeechesSource,
    WikitextSource,
    WritingPromptsSource,
)
from calibration.study import DatasetEntry
from calibration.text import SourceText, text_digest, unwrapped
from storage.contents import file_digest, joined_digest
from storage.hub_texts import check_hub, hub_identity, hub_texts
from storage.published_texts import check_published, published_identity, published_texts
from storage.python_source import module_texts, modules_digest
from storage.readings import Reading, Sieve, require_some
from storage.speeches import speech_files, speeches
from storage.years import year_of

# Types are taken from every row of .jsonl and none of .csv: a first row of digits proves nothing.
TABLES: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".jsonl": partial(pl.read_ndjson, infer_schema_length=None),
    ".csv": partial(pl.read_csv, infer_schema=False),
    ".parquet": pl.read_parquet,
}


class _Row(NamedTuple):
    text: str
    context: str | None = None
    cluster: str | None = None
    year: int | None = None


def source_identity(dataset: DatasetEntry, root: Path) -> SourceIdentity:
    """The texts of a data set by content. Raises TextError when there are none."""
    match dataset.source:
        case SpeechesSource(split=split):
            raw = [name.encode() + b"\0" + text for name, text in speech_files().items()]
            digests = (hashlib.sha256(one).hexdigest() for one in raw)
            return SourceIdentity(kind="speeches", content=_joined(digests), split=split)
        case FilesSource() as source:
            return _files_identity(source, _files(dataset.name, source, root))
        case HubSource() as source:
            return hub_identity(dataset.name, source, root)
        case WikitextSource() | WritingPromptsSource() | CodeContestsSource() as source:
            return published_identity(dataset.name, source, root)
        case PythonSource():
            return SourceIdentity(kind="python-source", content=modules_digest())


def source_texts(dataset: DatasetEntry, root: Path, recipe: TextsRecipe) -> list[SourceText]:
    """Every text of a data set's source that the recipe can select: those of `read_texts`."""
    return read_texts(dataset, root, recipe).texts


def read_texts(dataset: DatasetEntry, root: Path, recipe: TextsRecipe) -> Reading:
    """Every text of a data set's source that the recipe can select, what was left out counted.

    Those of a hub may be more than memory holds, so what cannot be selected is left out. Raises
    TextError when they cannot be read, and when lengths that are asked for leave none.
    """
    reading = _reading(dataset, root, recipe)
    require_some(reading, recipe, name=dataset.name)
    return reading


def _reading(dataset: DatasetEntry, root: Path, recipe: TextsRecipe) -> Reading:
    match dataset.source:
        case HubSource() as source:
            return hub_texts(dataset.name, source, root, recipe=recipe)
        case WikitextSource() | WritingPromptsSource() | CodeContestsSource() as source:
            return published_texts(dataset.name, source, root, recipe=recipe)
        case SpeechesSource(split=split):
            texts: Sequence[SourceText | None] = speeches(split)
        case FilesSource() as source:
            texts = _file_texts(dataset.name, source, _files(dataset.name, source, root))
        case PythonSource():
            texts = module_texts()
    sieve = Sieve(recipe)
    return sieve.reading(list(sieve.passed(texts)))


def check_source(dataset: DatasetEntry, root: Path) -> None:
    """Raises TextError, before anything expensive, for texts that cannot be read as asked."""
    match dataset.source:
        case FilesSource() as source:
            _read(dataset.name, source, _files(dataset.name, source, root))
        case HubSource() as source:
            check_hub(dataset.name, source, root)
        case WikitextSource() | WritingPromptsSource() | CodeContestsSource() as source:
            check_published(dataset.name, source, root)


def _files_identity(source: FilesSource, files: Sequence[Path]) -> SourceIdentity:
    tables = any(path.suffix in TABLES for path in files)
    return SourceIdentity(
        kind="files",
        content=_joined(_named_digest(path) for path in files),
        column=source.column if tables else None,
        context=source.context if tables else None,
        cluster=source.cluster if tables else None,
        year=source.year if tables else None,
    )


def _files(name: str, source: FilesSource, root: Path) -> list[Path]:
    """The files of a source in the order of their content, which is the same wherever they lie."""
    found = _found(source, root)
    if not found:
        raise TextError(
            f"data set {name!r}: files were expected at {root / source.path}, found none: "
            "set `source.path` to a file or a pattern such as texts/*.txt"
        )
    for path in found:
        if path.suffix not in (".txt", *TABLES):
            raise TextError(
                f"data set {name!r}: .txt, .jsonl, .csv or .parquet was expected, found {path}: "
                "narrow the pattern in `source.path`"
            )
    return sorted(found, key=_named_digest)


def _found(source: FilesSource, root: Path) -> list[Path]:
    pattern, start = Path(source.path), root
    if pattern.is_absolute():
        start, pattern = Path(pattern.anchor), pattern.relative_to(pattern.anchor)
    try:
        return [path for path in start.glob(str(pattern)) if path.is_file()]
    except (ValueError, IndexError):  # what is no pattern, such as a**
        return []


def _named_digest(path: Path) -> str:
    # The suffix decides how a file is read, so it is part of what the file says; its name is not.
    try:
        return f"{path.suffix}:{file_digest(path)}"
    except OSError as error:
        raise _unreadable(path, str(error.strerror or error)) from error


def _joined(digests: Iterable[str]) -> str:
    # Sorted digests, not names: the order and place of files is not what they say.
    return joined_digest(sorted(digests))


def _file_texts(name: str, source: FilesSource, files: Sequence[Path]) -> list[SourceText | None]:
    """The text of each row; None where its context is lacking."""
    rows = _read(name, source, files)
    usable = [row for row in rows if source.context is None or row.context]
    # A cluster is named by its first text, so that moving or renaming files moves nothing.
    firsts = kindred([row.text for row in usable], [row.context or "" for row in usable])
    names = [text_digest(usable[first].text) for first in firsts]
    texts = [
        SourceText(
            name if row.cluster is None else row.cluster, row.context or "", row.text, row.year
        )
        for row, name in zip(usable, names, strict=True)
    ]
    return [*texts, *[None] * (len(rows) - len(usable))]


def _read(name: str, source: FilesSource, files: Sequence[Path]) -> list[_Row]:
    """Every text that is not empty, unwrapped, with what its table says of it."""
    rows: list[_Row] = []
    for path in files:
        rows += _rows(path, source) if path.suffix in TABLES else [_Row(_decoded(path))]
    unwrapped_rows = [row._replace(text=unwrapped(row.text)) for row in rows]
    kept = [row for row in unwrapped_rows if row.text.strip()]
    if not kept:
        raise TextError(
            f"data set {name!r}: texts were expected at {source.path}, found only empty ones: "
            "set `source.path` and `source.column` to where the texts are"
        )
    if source.context is not None and not any(row.context for row in kept):
        raise TextError(
            f"data set {name!r}: contexts were expected in the column {source.context!r} of "
            f"{source.path}, found only empty ones: set `source.context` to where they are"
        )
    return kept


def _rows(path: Path, source: FilesSource) -> list[_Row]:
    frame = _table(path, source).drop_nulls(source.column)
    asked = {"context": source.context, "cluster": source.cluster, "year": source.year}
    columns = frame.select(
        pl.col(source.column).alias("text"),
        *(pl.lit(None, pl.String).alias(key) for key, name in asked.items() if name is None),
        *(pl.col(name).alias(key) for key, name in asked.items() if name is not None),
    ).select("text", pl.col("context").str.strip_chars(), pl.col("cluster").cast(pl.String), "year")
    return [
        _Row(text, context, cluster, _year(path, source, when))
        for text, context, cluster, when in columns.iter_rows()
    ]


def _year(path: Path, source: FilesSource, value: object) -> int | None:
    try:
        return year_of(value)
    except ValueError:
        raise TextError(
            f"{path}: a year or a date such as 2024-01-31 was expected in the column "
            f"{source.year!r}, found {value!r}: set `source.year` to another column"
        ) from None


def _table(path: Path, source: FilesSource) -> pl.DataFrame:
    try:
        frame = TABLES[path.suffix](path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error
    keys = ("column", "context", "cluster", "year")
    asked: dict[str, str | None] = {key: getattr(source, key) for key in keys}
    for key, column in asked.items():
        if column is not None and column not in frame.columns:
            raise TextError(
                f"{path}: a column {column!r} was expected, found {', '.join(frame.columns)}: "
                f"set `source.{key}` to one of them"
            )
    _require(frame, path, key="column", column=source.column)
    if source.context is not None:
        _require(frame, path, key="context", column=source.context)
    if source.cluster is not None and frame.schema[source.cluster].is_nested():
        _require(frame, path, key="cluster", column=source.cluster)
    return frame


def _require(frame: pl.DataFrame, path: Path, *, key: str, column: str) -> None:
    if frame.schema[column] != pl.String:
        raise TextError(
            f"{path}: text was expected in the column {column!r}, found {frame.schema[column]}: "
            f"set `source.{key}` to a column of text"
        )


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path}: UTF-8 text was expected, found other bytes at {error.start}: "
            "convert the file, for instance with iconv"
        ) from error


def _unreadable(path: Path, reason: str) -> TextError:
    kind = path.suffix.removeprefix(".")
    return TextError(
        f"{path}: a {kind} file was expected, but it cannot be read ({reason}): "
        "mend the file, or leave it out of `source.path`"
    )
