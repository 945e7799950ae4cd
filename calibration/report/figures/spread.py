"""How texts spread around their mean: a loop has low entropy, a derailed text has high entropy.

Both together can average to what a calibrated model has; the bands of single texts show them.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from calibration.report.figures.drawing import (
    BLUE,
    MOST_PANELS,
    STYLE,
    VERMILION,
    panel_title,
    settled,
    small_multiples,
    title,
)
from calibration.report.results import ReportTables, standing_for_all
from calibration.report.wording import chosen, nats_per, share, unit_of

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

OUTER, INNER = 0.10, 0.22  # opacities of the bands of nine texts in ten and of half of them


class Side(NamedTuple):
    """Own or human text: its rows of SPREAD and how they are drawn."""

    name: str
    label: str
    colour: str
    line: "LineStyleType"


SIDES: Final = (
    Side("human", "human", BLUE, "--"),
    Side("generated", "own", VERMILION, "-"),
)


@matplotlib.rc_context(STYLE)
def spread_over_steps(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Quantiles over texts of their entropy by step, own text over human, one panel a model.

    Lines are medians, bands hold half and nine in ten of the texts, in nats a unit. ValueError
    if the data set was not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    models = standing_for_all(shown.ent_ce, room=MOST_PANELS)
    unit = unit_of(shown.ent_ce)
    figure, panels = small_multiples(len(models), unit=unit, quantity=nats_per(unit))
    for panel, model in zip(panels, models, strict=True):
        of_model = pl.col("model") == model
        for side in SIDES:
            _draw_side(panel, shown.spread.filter(of_model & (pl.col("side") == side.name)), side)
        row = shown.ent_ce.filter(of_model).row(0, named=True)
        looping, derailed = (share(row[f"{name}_share"]) for name in ("looping", "derailed"))
        panel_title(panel, model, f"looping {looping}, derailed {derailed}")
    _key(figure)
    title(
        figure,
        "Entropy of single texts, own against human: looping texts lie low, derailed ones high",
        detail=f"{dataset}, {decoding}; bands of 50 % and 90 % of texts; "
        f"5 % loop and 5 % derail where both spread alike{chosen(models, shown.ent_ce)}",
    )
    return settled(figure)


def _draw_side(panel: Axes, spread: pl.DataFrame, side: Side) -> None:
    bins = spread.sort("first")
    step = ((bins["first"] + bins["last"]) / 2).to_numpy()
    quantile = {percent: bins[f"q{percent:02d}"].to_numpy() for percent in (5, 25, 50, 75, 95)}
    for low, high, opacity in ((5, 95, OUTER), (25, 75, INNER)):
        panel.fill_between(
            step, quantile[low], quantile[high], color=side.colour, alpha=opacity, linewidth=0
        )
    for percent, width in ((5, 0.7), (95, 0.7), (50, 1.8)):
        panel.plot(step, quantile[percent], color=side.colour, linestyle=side.line, linewidth=width)


def _key(figure: Figure) -> None:
    handles: list[Line2D | Patch] = []
    labels = []
    for side in reversed(SIDES):
        handles.append(Line2D([], [], color=side.colour, linestyle=side.line))
        handles.append(Patch(color=side.colour, alpha=INNER, linewidth=0))
        labels += [f"median text, {side.label}", f"half and 90 % of texts, {side.label}"]
    figure.legend(handles, labels, loc="outside lower center", ncols=2, handlelength=2.6)
