"""The small made-up study with truncated decodings beside its temperatures, or alone."""

from dataclasses import fields

import polars as pl
from made_up_study import DECODINGS, Study, made_up_study

from calibration.report.results import ReportTables

TRUNCATION = "top-p 0.95"
MIXTURES = (0.1, 0.01, 0.001, 0.0)
COVERAGE = 0.95
LABELS = tuple(f"temperature 1, {TRUNCATION}, mixture {mixture:g}" for mixture in MIXTURES)
OF_LOSS = ("ent_ce", "static")


def truncated_study() -> Study:
    """Two temperatures, and a truncation at the first over four mixtures, the last one pure."""
    study = made_up_study()
    frames = {
        field.name: pl.concat([getattr(study.tables, field.name), *_added(study, field.name)])
        for field in fields(ReportTables)
    }
    return study.with_tables(**frames)


def truncated_alone() -> Study:
    """The truncation without the temperatures."""
    study = truncated_study()
    frames = {
        field.name: frame.filter(pl.col("decoding").is_in(LABELS))
        for field in fields(ReportTables)
        if "decoding" in (frame := getattr(study.tables, field.name)).columns
    }
    readings = study.tables.readings.with_columns(decoding=pl.lit(LABELS[0]))
    return study.with_tables(**(frames | {"readings": readings}))


def _added(study: Study, name: str) -> list[pl.DataFrame]:
    frame: pl.DataFrame = getattr(study.tables, name)
    if "decoding" not in frame.columns or name == "readings":
        return []
    first = frame.filter(decoding=DECODINGS[0])
    return [_under(first, name, place) for place in range(len(MIXTURES))]


def _under(first: pl.DataFrame, name: str, place: int) -> pl.DataFrame:
    """The rows of the first decoding as they would be under one mixture."""
    mixture = MIXTURES[place]
    told = first.with_columns(decoding=pl.lit(LABELS[place]))
    if name in ("curves", "seen") and mixture == 0:
        return _without_loss(told)
    if name != "ent_ce":
        return told
    lost = 0.25 * (1 - mixture)  # nats of entropy
    paid = 0.0 if mixture == 0 else (1 - COVERAGE) * float(pl.select(-pl.lit(mixture).log()).item())
    moved = {"entropy": -lost, "log_loss": paid, "teacher_entropy": -lost}
    for part in OF_LOSS:
        change = -lost - paid
        moved |= {f"{part}{end}": change for end in ("", "_low", "_high")}
    told = told.with_columns(
        *(pl.col(column) + change for column, change in moved.items()),
        truncation=pl.lit(TRUNCATION),
        mixture=pl.lit(mixture),
        coverage=pl.lit(COVERAGE),
    )
    return _without_loss(told) if mixture == 0 else told


def _without_loss(rows: pl.DataFrame) -> pl.DataFrame:
    gone = [f"{part}{end}" for part in OF_LOSS for end in ("", "_se", "_low", "_high")]
    gone += ["ent_ce_per_byte", "log_loss_se"]
    absent = [pl.lit(None, rows.schema[one]).alias(one) for one in gone if one in rows.columns]
    return rows.with_columns(pl.lit(float("inf")).alias("log_loss"), *absent)
