"""One series: the models of a family on one data set under one decoding, and the law over them.

Takes summaries with their labels, gives the tables that `SERIES_TABLES` names. A fit has a row
even where no exponent can be given; its warnings then say why. Knows no paths and no studies.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.statistics.ent_ce import (
    DRIFT,
    ENT_CE,
    Estimate,
    Quantity,
    covariance,
    curves,
    estimate,
)
from calibration.statistics.intervals import LEVEL, Interval, few_clusters
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import MODELS_NEEDED, PowerLawFit, band, fit_power_law
from calibration.statistics.texts import outlying_shares
from calibration.tables import BANDS, CURVES, FITS, GATE, SEEN, SPREAD
from calibration.tables import ENT_CE as ENT_CE_TABLE

Size = Literal["parameters", "non_embedding_parameters", "tokens"]

FITTED = (ENT_CE, DRIFT)
METHOD = "raw-scale generalised least squares with scatter between models (restricted likelihood)"
NAMES = {"ent_ce": "EntCE", "drift": "drift"}  # as people write them
SAME_TOKENIZER = 0.01  # of bytes per token: one tokenizer on one text has one value
BAND_POINTS = 64  # smooth on a page; the line has no finer detail

FROM_LAW = (
    "exponent",
    "low",
    "high",
    "scatter",
    "p_zero",
    "identified",
    "amplitude",
    "reference_size",
    "measurement_low",
    "measurement_high",
)


@dataclass(frozen=True)
class Summary:
    """The tables of one summary, each in the schema SUMMARY_ of its name."""

    examples: pl.DataFrame
    positions: pl.DataFrame
    texts: pl.DataFrame
    spread: pl.DataFrame
    gate: pl.DataFrame


@dataclass(frozen=True)
class Measured:
    """One model as measured: its labels, its sizes and its summaries."""

    name: str
    family: str
    parameters: int
    non_embedding_parameters: int
    tokens: int | None  # of training, where known
    trained_until: int | None  # year, where known
    dataset: str
    decoding: str
    unit: Unit
    at_end: AtEnd
    summary: Summary


@dataclass(frozen=True)
class SeriesFit:
    """The tables of one series, each in the schema of its name."""

    ent_ce: pl.DataFrame
    curves: pl.DataFrame
    fits: pl.DataFrame
    bands: pl.DataFrame
    spread: pl.DataFrame
    seen: pl.DataFrame
    gate: pl.DataFrame


@dataclass(frozen=True)
class _Fit:
    """The fit of one quantity; `law` is missing where there was nothing to fit."""

    quantity: Quantity
    law: PowerLawFit | None
    warnings: tuple[str, ...]


def fit_series(
    members: Sequence[Measured], *, x: Size = "parameters", level: float = LEVEL
) -> SeriesFit:
    """EntCE and curves of every model of a series, with the power law of EntCE and drift over `x`.

    Models come out from the smallest to the largest. Raises ValueError when the members are not
    of one family, data set and decoding, or two have one name.
    """
    _require_one_series(members)
    ordered = sorted(members, key=lambda member: (member.parameters, member.name))
    estimates = [estimate(member.summary.examples, level=level) for member in ordered]
    fits = [_fit(quantity, ordered, estimates, x=x, level=level) for quantity in FITTED]
    series = {name: getattr(ordered[0], name) for name in ("family", "dataset", "decoding")}
    return SeriesFit(
        ent_ce=_table(
            [_ent_ce_row(*pair) for pair in zip(ordered, estimates, strict=True)], ENT_CE_TABLE
        ),
        curves=pl.concat(
            [_labelled(curves(one.summary.positions), one, CURVES) for one in ordered]
        ),
        fits=_table([series | _fit_row(fit, len(ordered), x) for fit in fits], FITS),
        bands=pl.concat([_band(fit, _sizes(ordered, x), series) for fit in fits]),
        spread=pl.concat([_labelled(one.summary.spread, one, SPREAD) for one in ordered]),
        seen=pl.concat([_labelled(_seen(one, level), one, SEEN) for one in ordered]),
        gate=pl.concat([_labelled(one.summary.gate, one, GATE) for one in ordered]),
    )


def _require_one_series(members: Sequence[Measured]) -> None:
    if not members:
        raise ValueError("at least one model was expected, found none")
    for label in ("family", "dataset", "decoding", "unit"):
        found = sorted({getattr(member, label) for member in members})
        if len(found) > 1:
            raise ValueError(f"one {label} was expected in a series, found {', '.join(found)}")
    names = [member.name for member in members]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"models of different names were expected, found {name} twice")


def _fit(
    quantity: Quantity,
    members: Sequence[Measured],
    estimates: Sequence[Estimate],
    *,
    x: Size,
    level: float,
) -> _Fit:
    values = {
        member.name: _interval(found, quantity).value
        for member, found in zip(members, estimates, strict=True)
    }
    clusters = min(found.clusters for found in estimates)
    tokenizers = () if members[0].unit == "bytes" else _tokenizer_warnings(estimates)
    warnings = (*tokenizers, *_value_warnings(quantity, values, clusters))
    obstacle = _obstacle(members, values, clusters, x)
    if obstacle is not None:
        return _Fit(quantity, None, (obstacle, *warnings))
    sampling = covariance([member.summary.examples for member in members], quantity=quantity)
    law = fit_power_law(
        _sizes(members, x), list(values.values()), sampling, level=level, clusters=clusters
    )
    if not law.identified:
        unidentified = f"no exponent: the amplitude of {NAMES[quantity.name]} cannot be told from 0"
        warnings = (unidentified, *warnings)
    return _Fit(quantity, law, warnings)


def _obstacle(
    members: Sequence[Measured], values: dict[str, float], clusters: int, x: Size
) -> str | None:
    """Why no law can be fitted, in words; None when one can."""
    without_size = [member.name for member in members if getattr(member, x) is None]
    undefined = [name for name, value in values.items() if not math.isfinite(value)]
    if len(members) < MODELS_NEEDED:
        return (
            f"no exponent: {MODELS_NEEDED} models are needed for an interval, found {len(members)}"
        )
    if without_size:
        return f"no exponent: {x} is not known for {', '.join(without_size)}"
    if undefined:
        return f"no exponent: nothing finite was measured of {', '.join(undefined)}"
    if clusters < 2:
        return f"no exponent: 2 source texts are needed for a standard error, found {clusters}"
    if np.ptp(_sizes(members, x)) == 0:
        return f"no exponent: all models have the same {x}"
    return None


def _tokenizer_warnings(found: Sequence[Estimate]) -> tuple[str, ...]:
    sizes = [one.bytes_per_token_human for one in found if one.bytes_per_token_human > 0]
    if not sizes or max(sizes) <= (1 + SAME_TOKENIZER) * min(sizes):
        return ()
    return (
        f"the models' tokens hold {min(sizes):.2f} to {max(sizes):.2f} bytes of this text, so that "
        "nats per token, and the spans measured, are not the same thing for all of them",
    )


def _value_warnings(quantity: Quantity, values: dict[str, float], clusters: int) -> tuple[str, ...]:
    few = few_clusters(clusters)
    below = [name for name, value in values.items() if value <= 0]
    warnings = [] if few is None else [few]
    if below:
        warnings.append(f"{NAMES[quantity.name]} is not above 0 for {', '.join(below)}")
    return tuple(warnings)


def _sizes(members: Sequence[Measured], x: Size) -> Floats:
    return np.array([getattr(member, x) for member in members], dtype=np.float64)


def _interval(found: Estimate, quantity: Quantity) -> Interval:
    interval: Interval = getattr(found, quantity.name)
    return interval


def _table(rows: list[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    """Rows under a schema, with what is undefined (nan) as missing."""
    table = pl.DataFrame(rows, schema=schema)
    return table.with_columns(pl.selectors.float().fill_nan(None))


def _ent_ce_row(member: Measured, found: Estimate) -> dict[str, object]:
    row: dict[str, object] = {
        "model": member.name,
        "family": member.family,
        "parameters": member.parameters,
        "non_embedding_parameters": member.non_embedding_parameters,
        "training_tokens": member.tokens,
        "dataset": member.dataset,
        "decoding": member.decoding,
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
        "coverage": 1.0,  # a temperature leaves every token possible
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


def _seen(member: Measured, level: float) -> pl.DataFrame:
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
    return _table(rows, pl.Schema({name: kind for name, kind in SEEN.items() if name in rows[0]}))


def _end_probability(positions: pl.DataFrame) -> float:
    steps = int(positions["count_generated"].sum())
    return float(positions["end_probability"].sum()) / steps if steps else math.nan


def _labelled(frame: pl.DataFrame, member: Measured, schema: pl.Schema) -> pl.DataFrame:
    labels = {
        "model": member.name,
        "dataset": member.dataset,
        "decoding": member.decoding,
        "unit": member.unit,
    }
    labelled = frame.with_columns(pl.lit(value).alias(name) for name, value in labels.items())
    return labelled.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _fit_row(fit: _Fit, models: int, x: Size) -> dict[str, object]:
    row: dict[str, object] = {
        "quantity": fit.quantity.name,
        "x": x,
        "law": "power",
        "models": models,
        "identified": False,
        "method": METHOD,
        "warnings": list(fit.warnings),
    }
    if fit.law is not None:
        row |= {name: getattr(fit.law, name) for name in FROM_LAW}
    return row


def _band(fit: _Fit, sizes: Floats, labels: dict[str, str]) -> pl.DataFrame:
    if fit.law is None or not fit.law.identified:
        return pl.DataFrame(schema=BANDS)
    line = band(fit.law, np.geomspace(sizes.min(), sizes.max(), BAND_POINTS))
    labelled = line.with_columns(
        pl.lit(value).alias(name)
        for name, value in (labels | {"quantity": fit.quantity.name}).items()
    )
    return labelled.select(list(BANDS))
