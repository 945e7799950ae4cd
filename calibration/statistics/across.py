"""What only the series of a study together can tell: common scatter, Holm's p, overall exponents.

Takes the tables of the fits of all series, gives FITS with its columns filled and OVERALL. A family
counts once, through its base models: its chat versions are made of them, and no family of their
own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from calibration.across_tables import OVERALL
from calibration.statistics.intervals import LEVEL, critical_value
from calibration.statistics.multiplicity import holm
from calibration.statistics.overall import (
    METHOD,
    FamilyExponent,
    OverallExponent,
    overall_exponent,
)
from calibration.statistics.pooling import Points, PooledFit, fit_pooled
from calibration.statistics.rows import table_of
from calibration.statistics.tokenizers import one_tokenizer
from calibration.tables import FITS

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
    fits: pl.DataFrame, points: pl.DataFrame, ent_ce: pl.DataFrame, *, level: float = LEVEL
) -> AcrossSeries:
    """FITS, POINTS and ENT_CE of every series of a study give FITS complete, and OVERALL.

    Scatter is pooled over the series of one quantity, decoding and kind of size: another decoding
    is of the same models, and scatters as it does for its own reasons. Holm adjusts over all
    series of one quantity. All of that is of base models; of chat models where there are no others.
    """
    rows = fits.rows(named=True)
    found: list[Row] = [dict.fromkeys((*FROM_POOLED, "p_holm")) for _ in rows]
    by_series = points.partition_by(SERIES, as_dict=True, maintain_order=True)
    families = counted_families(ent_ce)
    counted = [position for position, row in enumerate(rows) if row["family"] in families]
    for group in _groups(rows, ALIKE, among=counted):
        pooled = _pooled([rows[one] for one in group], by_series, level=level)
        for one, fit in zip(group, pooled, strict=True):
            if fit is not None:
                found[one] |= {column: getattr(fit, name) for column, name in FROM_POOLED.items()}
    for group in _groups(rows, ("quantity",), among=counted):
        adjusted = holm([rows[one]["p_zero"] for one in group])
        for one, p_value in zip(group, adjusted, strict=True):
            found[one]["p_holm"] = p_value
    complete = [row | more for row, more in zip(rows, found, strict=True)]
    apart = _of_several_tokenizers(ent_ce.filter(pl.col("family").is_in(families)))
    overall = _overall([complete[one] for one in counted], apart=apart, level=level)
    return AcrossSeries(table_of(complete, FITS), table_of(list(overall), OVERALL))


def counted_families(ent_ce: pl.DataFrame) -> list[str]:
    """The families of base models; those of chat models where a study has no others."""
    base = ent_ce.filter(~pl.col("chat"))
    found = ent_ce if base.is_empty() else base
    return found["family"].unique(maintain_order=True).to_list()


def _of_several_tokenizers(ent_ce: pl.DataFrame) -> frozenset[str]:
    """The data sets in tokens that are not the same tokens, or spans, for all families."""
    found = ent_ce.filter(unit="tokens").partition_by("dataset", as_dict=True)
    return frozenset(
        dataset
        for (dataset,), rows in found.items()
        if rows["family"].n_unique() > 1
        and not one_tokenizer(rows["bytes_per_token_human"].drop_nulls().to_list())
    )


def _groups(
    rows: Sequence[Row], columns: Sequence[str], *, among: Iterable[int]
) -> list[list[int]]:
    """Positions `among` those of the rows that are alike in some columns."""
    found: dict[tuple[object, ...], list[int]] = {}
    for position in among:
        found.setdefault(tuple(rows[position][name] for name in columns), []).append(position)
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


def _overall(rows: Sequence[Row], *, apart: frozenset[str], level: float) -> Iterator[Row]:
    """A row for all data sets and, where there are several, one for each.

    A data set that is `apart` counts for none but itself, and has no exponent over families.
    """
    for group in _groups(rows, ("decoding", "quantity", "x"), among=range(len(rows))):
        members = [rows[one] for one in group]
        datasets = list(dict.fromkeys(row["dataset"] for row in members))
        asked = {ALL: [one for one in datasets if one not in apart] or datasets}
        if len(datasets) > 1:
            asked |= {one: [one] for one in datasets}
        for name, of in asked.items():
            exponents = [
                one
                for row in members
                if row["dataset"] in of
                for one in _exponents(row, level=level)
            ]
            differ = apart.issuperset(of)
            found = _no_exponent(exponents) if differ else overall_exponent(exponents, level=level)
            yield {
                **{name: members[0][name] for name in ("decoding", "quantity", "x")},
                "dataset": name,
                "method": METHOD,
                "series": len(exponents),
                "tokenizers_differ": differ,
                **asdict(found),
            }


def _no_exponent(found: Sequence[FamilyExponent]) -> OverallExponent:
    families = len({one.family for one in found})
    return OverallExponent(families, max(families - 1, 0))


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
