"""Rows of a series' tables that tell of its models: EntCE with its parts, and seen texts.

What is undefined (nan) is missing in a table; an infinite log loss stands there as it is.
"""

import math
from collections.abc import Sequence

import polars as pl

from calibration.statistics.ent_ce import Estimate, estimate
from calibration.statistics.intervals import Interval
from calibration.statistics.measured import Measured
from calibration.statistics.texts import outlying_shares
from calibration.tables import ENT_CE, SEEN


def ent_ce_table(members: Sequence[Measured], estimates: Sequence[Estimate]) -> pl.DataFrame:
    """ENT_CE, a row a model."""
    rows = [_ent_ce_row(*pair) for pair in zip(members, estimates, strict=True)]
    return table_of(rows, ENT_CE)


def table_of(rows: list[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    """Rows under a schema, with what is undefined (nan) as missing."""
    table = pl.DataFrame(rows, schema=schema)
    return table.with_columns(pl.selectors.float().fill_nan(None))


def _ent_ce_row(member: Measured, found: Estimate) -> dict[str, object]:
    row: dict[str, object] = {
        "model": member.name,
        "family": member.family,
        "chat": member.chat,
        "base": member.base,
        "distilled": member.distilled,
        "parameters": member.parameters,
        "non_embedding_parameters": member.non_embedding_parameters,
        "training_tokens": member.tokens,
        "dataset": member.dataset,
        "decoding": member.decoding,
        "temperature": member.temperature,
        "truncation": member.truncation,
        "mixture": member.mixture,
        "unit": member.unit,
        "at_end": member.at_end,
        "examples": found.examples,
        "clusters": found.clusters,
        "tokens": found.tokens,
        "entropy": found.entropy,
        "log_loss": found.log_loss,
        "teacher_entropy": found.teacher_entropy,
        "ent_ce_per_byte": found.ent_ce_per_byte,
        "bytes_per_token_generated": found.bytes_per_token_generated,
        "bytes_per_token_human": found.bytes_per_token_human,
        "coverage": found.coverage,
        "ended_share": found.ended_share,
        "end_probability": _end_probability(member.summary.positions),
        **_texts_columns(member.summary.texts),
    }
    return row | _interval_columns(found)


def _interval_columns(found: Estimate) -> dict[str, object]:
    row: dict[str, object] = {}
    for name in ("ent_ce", "drift", "static"):
        interval: Interval = getattr(found, name)
        row |= {
            name: interval.value,
            f"{name}_se": interval.standard_error,
            f"{name}_low": interval.low,
            f"{name}_high": interval.high,
        }
    return row


def _texts_columns(texts: pl.DataFrame) -> dict[str, object]:
    looping, derailed = outlying_shares(texts)
    distinct = {name: texts[name].mean() for name in texts.columns if name.startswith("distinct_")}
    return {"looping_share": looping, "derailed_share": derailed, **distinct}


def seen_texts(member: Measured, level: float) -> pl.DataFrame:
    """The estimates on all texts, on those a model may have seen and on later ones.  # SEEN"""
    until, texts = member.trained_until, member.summary.texts
    if until is None or texts["year"].is_null().all():
        return pl.DataFrame(schema=SEEN)
    year = pl.col("year")
    rows: list[dict[str, object]] = []
    for name, which in (
        ("all", pl.lit(value=True)),
        (f"up to {until}", year <= until),
        (f"after {until}", year > until),
    ):
        chosen = member.summary.examples.join(texts.filter(which), on="example", how="semi")
        if not chosen.is_empty():
            found = estimate(chosen, level=level)
            rows.append(
                {
                    "texts": name,
                    "trained_until": until,
                    "examples": found.examples,
                    "clusters": found.clusters,
                    "log_loss": found.log_loss,
                }
                | _interval_columns(found)
            )
    return table_of(rows, pl.Schema({name: kind for name, kind in SEEN.items() if name in rows[0]}))


def _end_probability(positions: pl.DataFrame) -> float:
    steps = int(positions["count_generated"].sum())
    return float(positions["end_probability"].sum()) / steps if steps else math.nan


def labelled(frame: pl.DataFrame, member: Measured, schema: pl.Schema) -> pl.DataFrame:
    labels = {
        "model": member.name,
        "dataset": member.dataset,
        "decoding": member.decoding,
        "unit": member.unit,
    }
    labelled = frame.with_columns(pl.lit(value).alias(name) for name, value in labels.items())
    return labelled.select(pl.col(name).cast(kind) for name, kind in schema.items())
