"""A fitted law beside its data: the line with its band, or observed against fitted; residuals.

One variable has an axis of its own; two have not, so that observed values are drawn against fitted
ones. Rows left out are crosses, in every panel.
"""

from typing import Final, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from calibration.report.figures.drawing import (
    BLACK,
    BLUE,
    SKY,
    STYLE,
    VERMILION,
    WIDTH,
    settled,
    title,
)
from calibration.report.figures.files import Kind, rendered
from calibration.statistics.intervals import critical_value
from calibration.table_fit import TableFit

HEIGHT: Final = 4.4  # inches
LINE_POINTS: Final = 200
LOGARITHMIC: Final = 10.0  # largest over smallest x: from a decade on
BAND: Final = 0.35  # opacity

Floats = NDArray[np.float64]


def law_file(found: TableFit, suffix: str) -> bytes:
    """The figure as a file of one of the kinds .svg, .png and .pdf."""
    return rendered(law_figure(found), cast(Kind, suffix[1:]))


@matplotlib.rc_context(STYLE)
def law_figure(found: TableFit) -> Figure:
    """The data with the fitted law, and what is left of them, in two panels."""
    fit = found.fit
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    left, right = figure.subplots(1, 2)
    if len(fit.law.variables) == 1:
        _line(left, found)
    else:
        _observed(left, found)
    _residuals(right, found)
    drawn = "the fitted line" if len(fit.law.variables) == 1 else "the line of equality"
    crosses = "; crosses are rows left out" if fit.outliers else ""
    title(
        figure,
        f"{fit.law.name}: {found.y_term} = {fit.law.form}",
        detail=f"{fit.rows} rows of {found.file}; {drawn}; bands at {100 * fit.level:g} %{crosses}",
    )
    return settled(figure)


def _line(panel: Axes, found: TableFit) -> None:
    x = found.x[:, 0]
    logarithmic = bool(x.min() > 0 and x.max() >= LOGARITHMIC * x.min())
    space = np.geomspace if logarithmic else np.linspace
    at = space(x.min(), x.max(), LINE_POINTS)
    line = found.fit.at(at[:, None])
    panel.fill_between(at, line.low, line.high, color=SKY, alpha=BAND, linewidth=0)
    panel.plot(at, line.fitted, color=BLUE)
    _points(panel, found, x, found.y, errors=found.errors)
    if logarithmic:
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.set_xlabel(found.x_terms[0])
    panel.set_ylabel(found.y_term)
    panel.set_title("data and law")


def _observed(panel: Axes, found: TableFit) -> None:
    curve = found.fit.curve
    ends = [float(curve.min()), float(curve.max())]
    panel.plot(ends, ends, color=BLUE)
    _points(panel, found, curve, found.y, errors=found.errors)
    panel.set_xlabel(f"{found.y_term}, fitted")
    panel.set_ylabel(f"{found.y_term}, observed")
    panel.set_title("observed against fitted")


def _residuals(panel: Axes, found: TableFit) -> None:
    fit = found.fit
    relative = fit.scatter_kind == "relative"
    yardstick = fit.curve if relative else np.ones_like(fit.curve)
    residuals = (found.y - fit.curve) / yardstick
    errors = None if found.errors is None else found.errors / np.abs(yardstick)
    half = critical_value(fit.level, fit.df) * fit.scatter
    panel.axhspan(-half, half, color=SKY, alpha=BAND, linewidth=0)
    panel.axhline(0, color=BLUE)
    _points(panel, found, fit.curve, residuals, errors=errors)
    panel.set_xlabel(f"{found.y_term}, fitted")
    panel.set_title("observed - fitted; band of the scatter")
    if relative:
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        panel.set_ylabel("of the fitted value")


def _points(panel: Axes, found: TableFit, x: Floats, y: Floats, *, errors: Floats | None) -> None:
    out = np.zeros(len(x), dtype=np.bool_)
    out[[row - 1 for row in found.fit.outliers]] = True
    panel.plot(x[~out], y[~out], "o", color=BLACK, markersize=4, alpha=0.7, markeredgewidth=0)
    panel.plot(x[out], y[out], "x", color=VERMILION, markersize=7, markeredgewidth=1.6)
    if errors is not None:
        half = critical_value(found.fit.level) * errors
        panel.errorbar(x, y, yerr=half, fmt="none", ecolor=BLACK, elinewidth=0.8, alpha=0.7)
