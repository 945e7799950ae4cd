"""Take a study's tables, page and figures out of the store, under names that people know."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from calibration.against_theory import against_theory
from calibration.beside_temperatures import tables_held
from calibration.errors import StoreError
from calibration.left_out import left_out_table
from calibration.lineage import Lineage, Measurement
from calibration.recipes import Recipe
from calibration.slugs import slug
from calibration.spreadsheets import uncalculated
from calibration.theory_tables import THEORY_TABLES
from calibration.tokens import TOKENS, generated_tokens, human_tokens
from storage.artifacts import read_bytes, read_stored, read_table
from storage.manifests import Manifest, manifest_of
from storage.origins import ancestry
from storage.store import Store

TOKEN_FOLDER = "tokens"
READINGS = "readings"
ANCESTRY = "ancestry"
LEFT_OUT = "left_out"
JOINED = ("fits", "theory", "ent_ce")  # into AGAINST_THEORY
NUMBERS = (pl.List(pl.Float32), pl.List(pl.Float64))


def exported(lineage: Lineage, store: Store, out: Path) -> list[Path]:
    """Write every table (Parquet and CSV), the page and the figures below `out`; their paths.

    Raises StoreError when the study has not been run to its end.
    """
    files = report_files(lineage, store)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    written = [out / name for name in files]
    frames = {table: read_table(store, of, table) for table, of in _tables(lineage).items()}
    frames[LEFT_OUT] = left_out_table(lineage.absent)
    frames["against_theory"] = against_theory(*(frames[name] for name in JOINED))
    for table, frame in frames.items():
        named = frame.select(pl.lit(lineage.study.name).alias("study"), pl.all())
        written += _both(named, out, table, between="; ")
    readings = pl.concat(
        read_table(store, one.summary, READINGS).select(
            *(pl.lit(value).alias(name) for name, value in _labels(one).items()), pl.all()
        )
        for one in lineage.measurements
    )
    written += _both(readings, out, READINGS, between="")
    return written + _both(ancestry(store, lineage.report.study_fit), out, ANCESTRY, between="")


def exported_tokens(lineage: Lineage, store: Store, out: Path) -> Iterator[Path]:
    """Write one Parquet a measurement, one row a token, below `out`/tokens; each path when done.

    The number in a name is the measurement's place in the study, so that a model that is added
    last renames nothing. Raises StoreError when the study has not been run to its end.
    """
    _require_report(lineage, store)
    folder = out / TOKEN_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(lineage.measurements, start=1):
        path = folder / f"{number:03d}-{slug(one.title)}.parquet"
        aside = path.with_suffix(".partial")
        with pq.ParquetWriter(aside, TOKENS.to_frame().to_arrow().schema) as writer:
            for part in _token_parts(one, store):
                writer.write_table(part.to_arrow().cast(writer.schema))
        yield aside.replace(path)


def report_files(lineage: Lineage, store: Store) -> dict[str, bytes]:
    """The files of a study's report by name. Raises StoreError when there is no report yet."""
    manifest = _require_report(lineage, store)
    return {file.label: read_bytes(store, lineage.report, file) for file in manifest.files}


def _tables(lineage: Lineage) -> dict[str, Recipe]:
    """The artifact that holds each table of a study."""
    fits, theory = lineage.report.study_fit, lineage.report.theory
    return {**dict.fromkeys(tables_held(fits), fits), **dict.fromkeys(THEORY_TABLES, theory)}


def _require_report(lineage: Lineage, store: Store) -> Manifest:
    manifest = manifest_of(store, lineage.report)
    if manifest is None:
        raise StoreError(
            f"a report of the study {lineage.study.name!r} was expected in {store.location}, found "
            "none for the models and texts as they are now: run it first with `calibration run`"
        )
    return manifest


def _token_parts(one: Measurement, store: Store) -> Iterator[pl.DataFrame]:
    """TOKENS of one measurement, generated and human part by part."""
    labels = _labels(one)
    before = 0
    for samples in _parts(one.samples, store):
        yield generated_tokens(samples, labels, draws=one.samples.draws, first=before)
        before += len(samples)
    examples = read_table(store, one.examples, "examples")
    for scores in _parts(one.scores, store):
        yield human_tokens(scores, examples, labels)


def _parts(recipe: Recipe, store: Store) -> Iterator[pl.DataFrame]:
    manifest = manifest_of(store, recipe)
    for file in manifest.files if manifest else ():
        if file.table == recipe.KIND:
            yield read_stored(store, recipe, file)


def _labels(one: Measurement) -> dict[str, str]:
    return {
        "dataset": one.dataset.name,
        "model": one.model.name,
        "decoding": one.asked.label,
    }


def _both(frame: pl.DataFrame, out: Path, name: str, *, between: str) -> list[Path]:
    """Write a table as Parquet and as CSV, where lists become text with `between` their pieces."""
    paths = [out / f"{name}.parquet", out / f"{name}.csv"]
    frame.write_parquet(paths[0])
    _flat(frame, between).write_csv(paths[1])
    return paths


def _flat(frame: pl.DataFrame, between: str) -> pl.DataFrame:
    # CSV has no lists; the warnings of a fit, or the pieces of a text, become one cell.
    pieces = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    numbers = [name for name, kind in frame.schema.items() if kind in NUMBERS]
    texts = frame.with_columns(pl.col(name).list.join(between) for name in pieces)
    return uncalculated(texts).with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join(" ") for name in numbers
    )
