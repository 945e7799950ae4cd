"""One series: the models of a family on one data set under one decoding, and the laws over them.

Takes summaries with their labels, gives the tables that `SERIES_TABLES` names. A fit has a row
even where no exponent can be given; its warnings then say why. Knows no paths and no studies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from calibration.statistics.ent_ce import Estimate, curves, estimate
from calibration.statistics.horizons import horizon_sums
from calibration.statistics.intervals import LEVEL
from calibration.statistics.law_rows import (
    bands_table,
    fits_table,
    horizons_table,
    leave_one_out_table,
    points_table,
)
from calibration.statistics.measured import Measured, Size
from calibration.statistics.rows import ent_ce_table, labelled, seen_texts
from calibration.statistics.series_laws import Sizes, laws_by_length, series_laws
from calibration.statistics.tokenizers import one_tokenizer
from calibration.tables import CURVES, GATE, SEEN, SPREAD


@dataclass(frozen=True)
class SeriesFit:
    """The tables of one series, each in the schema of its name."""

    ent_ce: pl.DataFrame
    curves: pl.DataFrame
    fits: pl.DataFrame
    bands: pl.DataFrame
    points: pl.DataFrame
    leave_one_out: pl.DataFrame
    horizons: pl.DataFrame
    spread: pl.DataFrame
    seen: pl.DataFrame
    gate: pl.DataFrame


def fit_series(
    members: Sequence[Measured], *, x: Size = "parameters", level: float = LEVEL
) -> SeriesFit:
    """EntCE and curves of every model of a series, with the power laws of its quantities over `x`.

    Models come out from the smallest to the largest. Raises ValueError when the members are not
    of one family, data set and decoding, base or chat alike, or two have one name.
    """
    _require_one_series(members)
    ordered = sorted(members, key=lambda member: (member.parameters, member.name))
    estimates = [estimate(member.summary.examples, level=level) for member in ordered]
    sums = [horizon_sums(member.summary.examples) for member in ordered]
    sizes = Sizes(x, {member.name: getattr(member, x) for member in ordered})
    warnings = () if ordered[0].unit == "bytes" else _tokenizer_warnings(estimates)
    distilled = [position for position, member in enumerate(ordered) if member.distilled]
    laws = series_laws(sizes, sums, distilled=distilled, warnings=warnings, level=level)
    series = {name: getattr(ordered[0], name) for name in ("family", "dataset", "decoding")}
    return SeriesFit(
        ent_ce=ent_ce_table(ordered, estimates),
        curves=pl.concat([labelled(curves(one.summary.positions), one, CURVES) for one in ordered]),
        fits=fits_table(laws, sizes, series),
        bands=bands_table(laws, sizes, series),
        points=points_table(laws, sizes, series),
        leave_one_out=leave_one_out_table(laws, sizes, series),
        horizons=horizons_table(laws_by_length(sizes, sums, level=level), series),
        spread=pl.concat([labelled(one.summary.spread, one, SPREAD) for one in ordered]),
        seen=pl.concat([labelled(seen_texts(one, level), one, SEEN) for one in ordered]),
        gate=pl.concat([labelled(one.summary.gate, one, GATE) for one in ordered]),
    )


def _require_one_series(members: Sequence[Measured]) -> None:
    if not members:
        raise ValueError("at least one model was expected, found none")
    for label in ("family", "dataset", "decoding", "unit", "chat"):
        found = sorted({str(getattr(member, label)) for member in members})
        if len(found) > 1:
            raise ValueError(f"one {label} was expected in a series, found {', '.join(found)}")
    names = [member.name for member in members]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"models of different names were expected, found {name} twice")


def _tokenizer_warnings(found: Sequence[Estimate]) -> tuple[str, ...]:
    sizes = [one.bytes_per_token_human for one in found if one.bytes_per_token_human > 0]
    if one_tokenizer(sizes):
        return ()
    return (
        f"the models' tokens hold {min(sizes):.2f} to {max(sizes):.2f} bytes of this text, so that "
        "nats per token, and the spans measured, are not the same thing for all of them",
    )
