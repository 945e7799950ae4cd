"""A decoding against a temperature at equal EntCE: which of the two has the lower log loss.

Temperatures make a path on the plane of log loss and EntCE. What a decoding gains is its own log
loss less that of the path where it has the same EntCE, on the same texts and with the same random
numbers. Takes SUMMARY_EXAMPLES of each at the last horizon; knows no models and no studies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import polars as pl

from calibration.calibrated_tables import CALIBRATED
from calibration.statistics.ent_ce import (
    COLUMNS,
    ENT_CE,
    LOG_LOSS,
    cluster_lengths,
    cluster_totals,
    defined,
)
from calibration.statistics.intervals import LEVEL, Interval, effective_clusters, jackknife
from calibration.statistics.ragged import Floats
from calibration.statistics.rows import table_of

# Temperatures of the nearest EntCE that a parabola is laid through: log loss is flat where it is
# least, and no parabola from there to a cold temperature.
NEAREST: Final = 4
LINE: Final = 2  # temperatures that make a line at least
PARABOLA: Final = 2  # the degree; a line where there are no more than two


@dataclass(frozen=True)
class Gain:
    """A decoding's log loss, and what it is less the path's at its own EntCE: nats a step, paired.

    The interval is nan where fewer than two temperatures are known. `inside` says that the EntCE
    lies between those of the path; elsewhere the path is continued as it is bent.
    """

    log_loss: Interval
    temperatures: int
    inside: bool | None
    difference: Interval


def gain(own: pl.DataFrame, path: Sequence[pl.DataFrame], *, level: float = LEVEL) -> Gain:
    """The gain of a decoding over a path of temperatures, a table each, over the texts of all.

    Jackknife over source texts, t_{G-1}, G counted as `effective_clusters`. The temperatures that
    the path is laid through are chosen once.
    """
    sides = [cluster_totals(one) for one in (own, *path)]
    shared = reduce(lambda one, other: one.join(other, on="cluster", how="semi"), sides)
    sums = [_sums(one.join(shared, on="cluster", how="semi")) for one in sides]
    effective = min(effective_clusters(cluster_lengths(one)) for one in sums)
    loss = jackknife(sums[0], LOG_LOSS.of, level=level, effective=effective)
    ent_ce = [float(ENT_CE.of(one.sum(axis=0))) for one in sums]
    if len(path) < LINE or len(shared) == 0 or not np.isfinite(ent_ce).all():
        return Gain(loss, len(path), None, Interval(np.nan, np.nan, np.nan, np.nan))
    aim, others = ent_ce[0], np.array(ent_ce[1:])
    near = np.argsort(np.abs(others - aim), kind="stable")[:NEAREST]
    chosen = [sums[0], *(sums[1 + place] for place in near)]
    return Gain(
        loss,
        len(path),
        bool(others.min() <= aim <= others.max()),
        jackknife(np.hstack(chosen), _difference, level=level, effective=effective),
    )


def calibrated_row(labels: dict[str, str], found: Gain) -> pl.DataFrame:
    """The row of one decoding, given its labels.  # CALIBRATED"""
    loss, difference = found.log_loss, found.difference
    row: dict[str, object] = {
        **labels,
        "log_loss": loss.value,
        "log_loss_low": loss.low,
        "log_loss_high": loss.high,
        "temperatures": found.temperatures,
        "inside": found.inside,
        "difference": difference.value,
        "difference_se": difference.standard_error,
        "difference_low": difference.low,
        "difference_high": difference.high,
    }
    return table_of([row], CALIBRATED)


def _sums(totals: pl.DataFrame) -> Floats:
    return defined(totals.sort("cluster").select(COLUMNS).to_numpy())


def _difference(totals: Floats) -> Floats:
    """Log loss of the first decoding less the path's at its EntCE.  # (..., decodings × columns)"""
    rows = totals.reshape(-1, totals.shape[-1] // len(COLUMNS), len(COLUMNS))
    ent_ce, losses = ENT_CE.of(rows), LOG_LOSS.of(rows)  # (rows, decodings)
    pairs = zip(ent_ce, losses, strict=True)
    found = [own[0] - _at(values[0], values[1:], own[1:]) for values, own in pairs]
    return np.array(found).reshape(totals.shape[:-1])


def _at(aim: float, values: Floats, losses: Floats) -> float:
    """The log loss of the path where its EntCE is `aim`."""
    degree = min(PARABOLA, len(values) - 1)
    return float(np.polyval(np.polyfit(values - aim, losses, degree), 0.0))
