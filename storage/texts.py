"""Texts where they come from: each source read into clusters, and named by its content.

The identity of a source is the sha256 of its raw bytes and how they are read; never where it lies.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from calibration.clusters import near_identical
from calibration.errors import TextError
from calibration.recipes import SourceIdentity
from calibration.study import DatasetEntry, FilesSource, HubSource, SpeechesSource
from calibration.text import SourceText, unwrapped
from storage.speeches import speech_files, speeches

TABLES = {".jsonl": pl.read_ndjson, ".csv": pl.read_csv, ".parquet": pl.read_parquet}


def source_identity(dataset: DatasetEntry, root: Path) -> SourceIdentity:
    """The texts of a data set by content. Raises TextError when there are none."""
    match dataset.source:
        case SpeechesSource(split=split):
            raw = [name.encode() + b"\0" + text for name, text in speech_files().items()]
            return SourceIdentity(kind="speeches", content=_digest(raw), split=split)
        case FilesSource(column=column, cluster=cluster) as source:
            files = _files(dataset.name, source, root)
            tables = any(path.suffix in TABLES for path in files)
            return SourceIdentity(
                kind="files",
                content=_digest([path.read_bytes() for path in files]),
                column=column if tables else None,
                cluster=cluster if tables else None,
            )
        case HubSource(dataset=name):
            raise _hub_refusal(dataset.name, name)


def source_texts(dataset: DatasetEntry, root: Path) -> list[SourceText]:
    """Every text of a data set's source. Raises TextError when they cannot be read."""
    match dataset.source:
        case SpeechesSource(split=split):
            return speeches(split)
        case FilesSource() as source:
            return _file_texts(dataset.name, source, _files(dataset.name, source, root))
        case HubSource(dataset=name):
            raise _hub_refusal(dataset.name, name)


def check_columns(dataset: DatasetEntry, root: Path) -> None:
    """Raises TextError when a table lacks the column that the study names; reads no text."""
    if isinstance(dataset.source, FilesSource):
        for path in _files(dataset.name, dataset.source, root):
            if path.suffix in TABLES:
                _columns(path, dataset.source)


def _files(name: str, source: FilesSource, root: Path) -> list[Path]:
    pattern = Path(source.path)
    if pattern.is_absolute():
        start, pattern = Path(pattern.anchor), pattern.relative_to(pattern.anchor)
    else:
        start = root
    found = sorted(path for path in start.glob(str(pattern)) if path.is_file())
    if not found:
        raise TextError(
            f"data set {name!r}: files were expected at {start / pattern}, found none: "
            "set `source.path` to a file or a pattern such as texts/*.txt"
        )
    for path in found:
        if path.suffix not in (".txt", *TABLES):
            raise TextError(
                f"data set {name!r}: .txt, .jsonl, .csv or .parquet was expected, found {path}: "
                "narrow the pattern in `source.path`"
            )
    return found


def _file_texts(name: str, source: FilesSource, files: Sequence[Path]) -> list[SourceText]:
    texts: list[str] = []
    named: list[str | None] = []
    for path in files:
        if path.suffix in TABLES:
            frame = _columns(path, source).drop_nulls(source.column)
            texts += frame[source.column].to_list()
            named += (
                frame[source.cluster].cast(pl.String).to_list()
                if source.cluster
                else [None] * len(frame)
            )
        else:
            texts.append(_decoded(path))
            named.append(None)
    kept = [
        (unwrapped(text), cluster)
        for text, cluster in zip(texts, named, strict=True)
        if text.strip()
    ]
    if not kept:
        raise TextError(f"data set {name!r}: texts were expected, found only empty ones")
    return _clustered([text for text, _ in kept], [cluster for _, cluster in kept])


def _clustered(texts: Sequence[str], named: Sequence[str | None]) -> list[SourceText]:
    # A cluster is named by its first text's content, so that moving or renaming files moves nothing.
    groups = near_identical(texts)
    names = [hashlib.sha256(texts[group].encode()).hexdigest()[:16] for group in groups]
    return [
        SourceText(cluster if cluster is not None else name, "", text)
        for text, cluster, name in zip(texts, named, names, strict=True)
    ]


def _columns(path: Path, source: FilesSource) -> pl.DataFrame:
    try:
        frame = TABLES[path.suffix](path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TextError(
            f"{path}: a {path.suffix} table was expected, but it cannot be read "
            f"({str(error).splitlines()[0]}): mend or leave out the file"
        ) from error
    for key, column in (("column", source.column), ("cluster", source.cluster)):
        if column is not None and column not in frame.columns:
            raise TextError(
                f"{path}: a column {column!r} was expected, found {', '.join(frame.columns)}: "
                f"set `source.{key}` to one of them"
            )
    if frame.schema[source.column] != pl.String:
        raise TextError(
            f"{path}: text was expected in the column {source.column!r}, found "
            f"{frame.schema[source.column]}: set `source.column` to a column of text"
        )
    return frame


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path}: UTF-8 text was expected, found other bytes at {error.start}: "
            "convert the file, for instance with iconv"
        ) from error


def _digest(contents: Sequence[bytes]) -> str:
    # Sorted digests, not names: the order and place of files is not what they say.
    parts = sorted(hashlib.sha256(content).hexdigest() for content in contents)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _hub_refusal(dataset: str, name: str) -> TextError:
    return TextError(
        f"data set {dataset!r}: texts on this machine were expected, found the hub data set "
        f"{name!r}, which this version does not fetch: save it as .parquet and use `kind: files`"
    )
