"""Rows that a law cannot account for: found by a robust fit, then judged one by one.

A handful of gross errors (a misread point, a run that diverged) would carry a least-squares fit
away and widen its intervals. Weights that only shrink (Huber's) leave a bias that every such row
adds to, as large as a standard error where a few lie together at the edge of a design; so rows are
left out, and named. A row goes only where an error of its size would turn up once in a hundred
tables without any, so that a clean table is fitted by plain least squares, with exact intervals.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from calibration.statistics.projection import TINY, Problem, fitted, minimum, polished, slopes
from calibration.statistics.ragged import Floats
from calibration.statistics.table_checks import Rows, Table
from calibration.statistics.weighting import ErrorModel

FALSE_ALARM = 0.01  # of a table without outliers losing any row
# With fewer degrees of freedom a fit bends to its outliers, and their rows look like the others.
DEGREES_NEEDED = 10
MOST = 0.1  # of the rows: beyond a tenth it is the law that is wrong, not the rows
ROBUST_REFRESHES = 12  # of Huber's weights: as far as telling who is suspect needs
JUDGEMENTS = 10  # rounds of leaving out and taking back; two or three settle it
BEND = 1.345  # Huber's constant: 95 % efficient where errors are normal
NORMAL_MAD = 1.4826  # standard deviations of a normal to a median absolute deviation
SUSPECT = 3.0  # robust standard deviations: what starts outside and has to earn its place
ROUNDING = 1e-12


class Judged(NamedTuple):
    """Which rows are kept, and how far each lies from the law fitted to the others."""

    kept: Rows
    distance: Floats  # in standard deviations of such a residual, t distributed


def judged_table(model: ErrorModel, table: Table, *, parameters: int) -> Judged | None:
    """The rows that one law and one scatter explain; None where more than a tenth lie apart.

    All rows are kept where fewer than ten degrees of freedom are left to judge by. Starts from
    Huber's fit, from which a group of outliers stands out, and ends at least squares.
    """
    everything = np.ones(len(table.values), dtype=np.bool_)
    if len(everything) - parameters < DEGREES_NEEDED:
        return Judged(everything, np.zeros(len(everything)))
    problem, theta, kept = _robust(model, table, parameters=parameters)
    for _ in range(JUDGEMENTS):
        own = table.only(kept)
        curve = fitted(problem, theta, own.x)
        problem = model.problem(own, curve, 1.0)
        theta = polished(problem, theta)
        curve = fitted(problem, theta, table.x)
        yardstick = model.yardstick(curve)
        steep = slopes(problem, theta, table.x) / yardstick[:, None]
        found = judged((table.values - curve) / yardstick, steep, kept)
        if (~found.kept).mean() > MOST:
            return None
        if (found.kept == kept).all():
            return found
        kept = found.kept
    return found


def judged(residuals: Floats, steep: Floats, kept: Rows) -> Judged:
    """Each row against the law fitted to the rows in `kept` without it.

    Residuals (n,) and slopes (n, p), of equal errors. e = r / (s sqrt(1 - h)) of a row of the fit
    is made external by e sqrt((ν - 1) / (ν - e²)), that of another is r / (s sqrt(1 + h)), with
    s² = Σ r² / ν and h the leverage; kept where |e| is below the t quantile of FALSE_ALARM shared
    over all rows (Bonferroni; Cook and Weisberg 1982, section 2.2).
    """
    count, parameters = steep.shape
    degrees = int(kept.sum()) - parameters
    scale = max(float(np.sqrt((residuals[kept] ** 2).sum() / degrees)), TINY)
    leverage = _leverage(steep, kept)
    inside = np.abs(residuals) / (scale * np.sqrt(np.maximum(1 - leverage, ROUNDING)))
    inside = np.minimum(inside, np.sqrt(degrees * (1 - ROUNDING)))
    external = inside * np.sqrt((degrees - 1) / (degrees - inside**2))
    distance = np.where(kept, external, np.abs(residuals) / (scale * np.sqrt(1 + leverage)))
    most = stats.t.isf(FALSE_ALARM / (2 * count), degrees - 1)
    return Judged(distance <= most, distance)


def huber_weights(residuals: Floats, *, parameters: int) -> Floats:
    """min(1, 1.345 s / |r|), s the robust scale (Huber 1981, section 7.8).  # (n,)"""
    bend = BEND * robust_scale(residuals, parameters=parameters)
    weights: Floats = bend / np.maximum(np.abs(residuals), bend)
    return weights


def robust_scale(residuals: Floats, *, parameters: int) -> float:
    """The standard deviation of normal residuals, from their median absolute value.

    Raised by sqrt(n / (n - p)), since a fit takes p residuals to near zero.
    """
    count = len(residuals)
    spread = NORMAL_MAD * float(np.median(np.abs(residuals)))
    return max(spread * float(np.sqrt(count / (count - parameters))), TINY)


def _robust(model: ErrorModel, table: Table, *, parameters: int) -> tuple[Problem, Floats, Rows]:
    """Huber's fit, and the rows that do not look suspect beside it, nine tenths at least."""
    problem = model.problem(table, table.values, 1.0)
    theta = minimum(problem)
    for _ in range(ROBUST_REFRESHES):
        residuals, yardstick = _residuals(model, problem, theta, table)
        weights = huber_weights(residuals, parameters=parameters)
        problem = replace(problem, whitener=np.sqrt(weights) / yardstick)
        theta = polished(problem, theta)
    sizes = np.abs(_residuals(model, problem, theta, table)[0])
    suspect = SUSPECT * robust_scale(sizes, parameters=parameters)
    return problem, theta, sizes <= max(suspect, float(np.quantile(sizes, 1 - MOST)))


def _residuals(
    model: ErrorModel, problem: Problem, theta: Floats, table: Table
) -> tuple[Floats, Floats]:
    curve = fitted(problem, theta, table.x)
    yardstick = model.yardstick(curve)
    return (table.values - curve) / yardstick, yardstick


def _leverage(steep: Floats, kept: Rows) -> Floats:
    """jᵀ (Jᵀ J)⁻¹ j of every row j, with J the rows in `kept`.  # (n,)"""
    scale = np.maximum(np.linalg.norm(steep[kept], axis=0), TINY)
    triangle = np.linalg.qr(steep[kept] / scale).R
    reached = np.linalg.lstsq(triangle.T, (steep / scale).T, rcond=None)[0]
    leverage: Floats = (reached**2).sum(axis=0)
    return leverage
