"""Rows of a series' tables that tell of its laws: fits, bands, and what stands behind them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from calibration.statistics.bands import FORM_DEPENDENT, band
from calibration.statistics.leaving_out import DISTILLED
from calibration.statistics.rows import table_of
from calibration.statistics.scaling import PowerLawFit
from calibration.statistics.series_laws import QuantityLaw, Sizes
from calibration.tables import BANDS, FITS, HORIZONS, LEAVE_ONE_OUT, POINTS

METHOD = "raw-scale generalised least squares with scatter between models (restricted likelihood)"
BAND_POINTS = 64  # smooth on a page; the line has no finer detail
FURTHEST = 10.0  # times the largest size: a decade, the next models that somebody may train
FROM_LAW = (
    "df",
    "exponent",
    "low",
    "high",
    "p_zero",
    "identified",
    "scatter",
    "scatter_low",
    "scatter_high",
    "heterogeneity",
    "p_heterogeneity",
    "i_squared",
    "amplitude",
    "reference_size",
    "halving",
    "halving_low",
    "halving_high",
    "measurement_low",
    "measurement_high",
)

Series = Mapping[str, str]  # family, data set and decoding


class Without(NamedTuple):
    """What a row of LEAVE_ONE_OUT is made of."""

    left_out: str
    models: int  # that are left
    fit: PowerLawFit | None
    shift: float | None
    flagged: bool | None


def fits_table(laws: Sequence[QuantityLaw], sizes: Sizes, series: Series) -> pl.DataFrame:
    """FITS, a row a quantity; what only a study of several series can tell is missing."""
    rows: list[dict[str, object]] = []
    for one in laws:
        row: dict[str, object] = {
            **series,
            "quantity": one.quantity,
            "x": sizes.name,
            "law": "power",
            "models": len(sizes.of),
            "clusters": one.values.clusters,
            "effective_clusters": one.values.effective_clusters,
            "identified": False,
            "method": METHOD,
            "warnings": list(one.warnings),
        }
        if one.law is not None:
            row |= {name: getattr(one.law, name) for name in FROM_LAW}
        rows.append(row)
    return table_of(rows, FITS)


def bands_table(laws: Sequence[QuantityLaw], sizes: Sizes, series: Series) -> pl.DataFrame:
    """BANDS of every law that has an exponent, from the smallest size to a decade beyond all."""
    found = [pl.DataFrame(schema=BANDS)]
    for one in laws:
        if one.law is not None and one.law.identified:
            low, high = sizes.numbers.min(), sizes.numbers.max()
            inside = np.geomspace(low, high, BAND_POINTS)
            beyond = np.geomspace(high, FURTHEST * high, BAND_POINTS // 2 + 1)[1:]
            line = band(one.law, np.concatenate([inside, beyond]))
            found.append(
                line.with_columns(
                    pl.lit(value).alias(name)
                    for name, value in {**series, "quantity": one.quantity}.items()
                )
                .with_columns(form_dependent=pl.col("size") > FORM_DEPENDENT * high)
                .select(list(BANDS))
            )
    return pl.concat(found)


def points_table(laws: Sequence[QuantityLaw], sizes: Sizes, series: Series) -> pl.DataFrame:
    """POINTS, a row a model and quantity."""
    rows: list[dict[str, object]] = [
        {
            **series,
            "quantity": one.quantity,
            "model": model,
            "size": size,
            "value": interval.value,
            "standard_error": interval.standard_error,
            "low": interval.low,
            "high": interval.high,
            "covariance": covariance.tolist(),
        }
        for one in laws
        for (model, size), interval, covariance in zip(
            sizes.of.items(), one.values.intervals, one.values.covariance, strict=True
        )
    ]
    finite = pl.col("covariance").list.eval(pl.element().fill_nan(None))
    return table_of(rows, POINTS).with_columns(finite)


def leave_one_out_table(laws: Sequence[QuantityLaw], sizes: Sizes, series: Series) -> pl.DataFrame:
    """LEAVE_ONE_OUT of every law that has an exponent and more models than it needs.

    After its models, what is left without all that are distilled, of every law that was fitted.
    """
    rows: list[dict[str, object]] = [
        {
            **series,
            "quantity": law.quantity,
            "left_out": name,
            "models": models,
            **{end: getattr(fit, end, None) for end in ("exponent", "low", "high")},
            "shift": shift,
            "flagged": flagged,
        }
        for law in laws
        for name, models, fit, shift, flagged in _without(law, sizes)
    ]
    return table_of(rows, LEAVE_ONE_OUT)


def _without(law: QuantityLaw, sizes: Sizes) -> Iterator[Without]:
    for one in law.without:
        yield Without(sizes.models[one.position], len(sizes.of) - 1, *one[1:])
    if law.without_distilled is not None:
        yield Without(DISTILLED, *law.without_distilled)


def horizons_table(laws: Sequence[QuantityLaw], series: Series) -> pl.DataFrame:
    """HORIZONS, a row a quantity and length."""
    rows: list[dict[str, object]] = []
    for one in laws:
        row = {**series, "quantity": one.quantity, "steps": one.steps, "identified": False}
        if one.law is not None:
            names = ("exponent", "low", "high", "identified")
            row |= {name: getattr(one.law, name) for name in names}
        rows.append(row)
    return table_of(rows, HORIZONS)
