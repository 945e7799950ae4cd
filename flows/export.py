"""Take a study's tables, page and figures out of the store, under names that people know."""

from pathlib import Path

import polars as pl

from calibration.errors import StoreError
from calibration.lineage import Lineage
from calibration.tables import SERIES_TABLES
from storage.artifacts import manifest_of, read_file, read_table
from storage.store import Store


def exported(lineage: Lineage, store: Store, out: Path) -> list[Path]:
    """Write every table (Parquet and CSV), the page and the figures below `out`; their paths.

    Raises StoreError when the study has not been run to its end.
    """
    files = report_files(lineage, store)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    written = [out / name for name in files]
    for table in SERIES_TABLES:
        frame = read_table(store, lineage.report.study_fit, table)
        named = frame.select(pl.lit(lineage.study.name).alias("study"), pl.all())
        named.write_parquet(out / f"{table}.parquet")
        _flat(named).write_csv(out / f"{table}.csv")
        written += [out / f"{table}.parquet", out / f"{table}.csv"]
    return written


def report_files(lineage: Lineage, store: Store) -> dict[str, bytes]:
    """The files of a study's report by name. Raises StoreError when there is no report yet."""
    manifest = manifest_of(store, lineage.report)
    if manifest is None:
        raise StoreError(
            f"a report of the study {lineage.study.name!r} was expected in {store.root}, found "
            "none for the models and texts as they are now: run it first with `calibration run`"
        )
    return {file.name: read_file(store, lineage.report, file.name) for file in manifest.files}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    # CSV has no lists; the warnings of a fit become one cell.
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    return frame.with_columns(pl.col(lists).list.join("; ")) if lists else frame
