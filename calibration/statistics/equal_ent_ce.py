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
# That a parabola takes. Log loss is convex in EntCE, so that whatever lies between two temperatures
# is below the line through them.
PATH: Final = 3
PARABOLA: Final = 2  # the degree; a line through the two others of three, when one is left out
# Of its distance from the decoding: a temperature that is nearer to one that is taken says nothing
# new, and a parabola that tells the two apart is laid through chance. The four nearest of evenly
# spaced ones are a third apart or more. No share of the path's range, of which one cold temperature
# would be nearly all.
APART: Final = 0.25


@dataclass(frozen=True)
class Gain:
    """A decoding's log loss, and what it is less the path's at its own EntCE: nats a step, paired.

    `temperatures` are those that the path is laid through; all else is nan where they are fewer
    than PATH. `inside` says that the EntCE lies between those that are known; elsewhere the path is
    continued as it is bent. `path_error` is the most by which the path misses a temperature of its
    own, left out of it: what a difference can be of a temperature, which gains nothing.
    """

    log_loss: Interval
    temperatures: int
    inside: bool | None
    difference: Interval
    path_error: float


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
    aim, *others = (float(ENT_CE.of(one.sum(axis=0))) for one in sums)
    near = _distinct(aim, others)
    if len(near) < PATH or not np.isfinite([aim, *others]).all():
        return Gain(loss, len(near), None, Interval(np.nan, np.nan, np.nan, np.nan), np.nan)
    chosen = np.hstack([sums[0], *(sums[1 + place] for place in near)])
    return Gain(
        loss,
        len(near),
        min(others) <= aim <= max(others),
        jackknife(chosen, _difference, level=level, effective=effective),
        _path_error(chosen.sum(axis=0)),
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
        "path_error": found.path_error,
    }
    return table_of([row], CALIBRATED)


def _distinct(aim: float, others: Sequence[float]) -> list[int]:
    """The places of the nearest that are apart, first the nearest on either side of `aim`."""
    nearest = sorted(range(len(others)), key=lambda place: abs(others[place] - aim))
    below = [place for place in nearest if others[place] <= aim][:1]
    above = [place for place in nearest if others[place] > aim][:1]
    taken: list[int] = []
    # A stable sort: of the two, the nearer is first.
    for place in sorted(nearest, key=lambda place: place not in (*below, *above)):
        width = APART * abs(others[place] - aim)
        if all(abs(others[place] - others[one]) > width for one in taken):
            taken.append(place)
    return taken[:NEAREST]


def _sums(totals: pl.DataFrame) -> Floats:
    return defined(totals.sort("cluster").select(COLUMNS).to_numpy())


def _values(totals: Floats) -> tuple[Floats, Floats]:
    """EntCE and log loss of every decoding.  # (..., decodings × columns) to (rows, decodings)"""
    rows = totals.reshape(-1, totals.shape[-1] // len(COLUMNS), len(COLUMNS))
    return ENT_CE.of(rows), LOG_LOSS.of(rows)


def _difference(totals: Floats) -> Floats:
    """Log loss of the first decoding less the path's at its EntCE.  # (..., decodings × columns)"""
    pairs = zip(*_values(totals), strict=True)
    return np.array([_miss(*one, 0) for one in pairs]).reshape(totals.shape[:-1])


def _path_error(totals: Floats) -> float:
    """The largest miss of a temperature between others, the decoding itself left out."""
    ent_ce, losses = (one[0, 1:] for one in _values(totals))
    between = np.argsort(ent_ce)[1:-1]
    return max(abs(_miss(ent_ce, losses, int(one))) for one in between)


def _miss(ent_ce: Floats, losses: Floats, place: int) -> float:
    """The log loss at `place` less that of a path through the others, at its EntCE."""
    others = np.delete(ent_ce, place) - ent_ce[place]
    degree = min(PARABOLA, len(others) - 1)
    path = np.polyfit(others, np.delete(losses, place), degree)
    return float(losses[place] - np.polyval(path, 0.0))
