"""What only the series of a study together can tell: common scatter, Holm's p, overall exponents.

Takes the tables of the fits of all series, gives FITS with its columns filled and OVERALL.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from calibration.statistics.intervals import LEVEL, critical_value
from calibration.statistics.multiplicity import holm
from calibration.statistics.overall import METHOD, FamilyExponent, overall_exponent
from calibration.statistics.pooling import Points, PooledFit, fit_pooled
from calibration.statistics.rows import table_of
from calibration.tables import FITS, OVERALL

ALL: Final = "all"  # data sets, averaged within a family
SERIES: Final = ("family", "dataset", "decoding", "quantity")
ALIKE: Final = ("quantity", "decoding", "x")  # what scatter may be common to
FROM_POOLED: Final = {
    "pooled_exponent": "exponent",
    "pooled_low": "low",
    "pooled_high": "high",
    "pooled_scatter": "scatter",
    "pooled_df": "df",
    "pooled_series": "series",
}

Row = dict[str, Any]  # one named row of a table


class AcrossSeries(NamedTuple):
    """FITS and OVERALL of a study."""

    fits: pl.DataFrame
    overall: pl.DataFrame


def across_series(
    fits: pl.DataFrame, points: pl.DataFrame, *, level: float = LEVEL
) -> AcrossSeries:
    """FITS and POINTS of every series of a study give FITS complete, and OVERALL.

    Scatter is pooled over the series of one quantity, decoding and kind of size: another decoding
    is of the same models, and scatters as it does for its own reasons. Holm adjusts over all
    series of one quantity.
    """
    rows = fits.rows(named=True)
    found: list[Row] = [dict.fromkeys((*FROM_POOLED, "p_holm")) for _ in rows]
    by_series = points.partition_by(SERIES, as_dict=True, maintain_order=True)
    for group in _groups(rows, ALIKE):
        pooled = _pooled([rows[one] for one in group], by_series, level=level)
        for one, fit in zip(group, pooled, strict=True):
            if fit is not None:
                found[one] |= {column: getattr(fit, name) for column, name in FROM_POOLED.items()}
    for group in _groups(rows, ("quantity",)):
        adjusted = holm([rows[one]["p_zero"] for one in group])
        for one, p_value in zip(group, adjusted, strict=True):
            found[one]["p_holm"] = p_value
    complete = [row | more for row, more in zip(rows, found, strict=True)]
    return AcrossSeries(
        table_of(complete, FITS), table_of(list(_overall(complete, level=level)), OVERALL)
    )


def _groups(rows: Sequence[Row], columns: Sequence[str]) -> list[list[int]]:
    """Positions of the rows that are alike in some columns."""
    found: dict[tuple[object, ...], list[int]] = {}
    for position, row in enumerate(rows):
        found.setdefault(tuple(row[name] for name in columns), []).append(position)
    return list(found.values())


def _pooled(
    rows: Sequence[Row], points: Mapping[tuple[object, ...], pl.DataFrame], *, level: float
) -> list[PooledFit | None]:
    # Only a law that could be fitted has degrees of freedom.
    usable = [position for position, row in enumerate(rows) if row["df"] is not None]
    series = [
        _points(rows[one], points[tuple(rows[one][name] for name in SERIES)]) for one in usable
    ]
    found: list[PooledFit | None] = [None] * len(rows)
    for position, fit in zip(usable, fit_pooled(series, level=level), strict=True):
        found[position] = fit
    return found


def _points(fit: Row, points: pl.DataFrame) -> Points:
    return Points(
        dataset=fit["dataset"],
        sizes=points["size"].to_numpy(),
        values=points["value"].to_numpy(),
        covariance=np.array(points["covariance"].to_list(), dtype=np.float64),
        clusters=fit["effective_clusters"],
    )


def _overall(rows: Sequence[Row], *, level: float) -> Iterator[Row]:
    """A row for all data sets and, where there are several, one for each."""
    for group in _groups(rows, ("decoding", "quantity", "x")):
        members = [rows[one] for one in group]
        datasets = list(dict.fromkeys(row["dataset"] for row in members))
        for dataset in (ALL, *(datasets if len(datasets) > 1 else ())):
            chosen = [row for row in members if dataset in (ALL, row["dataset"])]
            exponents = [one for row in chosen for one in _exponents(row, level=level)]
            yield {
                **{name: members[0][name] for name in ("decoding", "quantity", "x")},
                "dataset": dataset,
                "method": METHOD,
                "series": len(exponents),
                **asdict(overall_exponent(exponents, level=level)),
            }


def _exponents(row: Row, *, level: float) -> Iterator[FamilyExponent]:
    """The exponent of one series, under the common scatter where there is one."""
    for prefix in ("pooled_", ""):
        exponent, low, high, df = (
            row[f"{prefix}{name}"] for name in ("exponent", "low", "high", "df")
        )
        if exponent is not None:
            error = (high - low) / 2 / critical_value(level, df)
            yield FamilyExponent(row["family"], exponent, error)
            return
