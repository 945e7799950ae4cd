"""Where texts end, one panel a family: the share that has ended, or the mass kept from ending."""

from typing import Final, NamedTuple

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from calibration.report.figures.drawing import (
    STYLE,
    panel_title,
    settled,
    small_multiples,
    styles_of,
    title,
)
from calibration.report.results import ReportTables, binned, names, width_of_bins
from calibration.report.wording import averages, unit_of

MARKERS: Final = 6  # along a line: enough to tell it in grey, few enough to see it


class Ending(NamedTuple):
    """What is drawn of ends: its column of CURVES, the sentence above and the words beside it."""

    column: str
    sentence: str
    axis: str


REMOVED: Final = Ending(
    "end_probability",
    "Probability of ending the text at each step, before it was taken out",
    "end probability",
)
ENDED: Final = Ending("ended", "Share of own texts that have ended by each step", "texts ended")


@matplotlib.rc_context(STYLE)
def ends_over_steps(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Ends by step, a line a model: `ended` where texts may end, else the mass taken out.

    ValueError if the data set was not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    drawn = REMOVED if shown.ent_ce["at_end"][0] == "continue" else ENDED
    width, unit = width_of_bins(shown.curves), unit_of(shown.ent_ce)
    families = names(shown.ent_ce, "family")
    figure, panels = small_multiples(len(families), unit=unit, quantity=drawn.axis)
    for panel, family in zip(panels, families, strict=True):
        models = names(shown.ent_ce.filter(pl.col("family") == family), "model")
        curves = shown.curves.filter(pl.col("model").is_in(models))
        _draw_family(panel, binned(curves, width), models=models, column=drawn.column)
        panel_title(panel, f"family {family}")
        panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    panels[0].set_ylim(bottom=0)
    title(
        figure,
        drawn.sentence,
        detail=f"{dataset}, {decoding}; {averages(width, unit)}".rstrip(", ;"),
    )
    return settled(figure)


def _draw_family(panel: Axes, curves: pl.DataFrame, *, models: list[str], column: str) -> None:
    for model, style in styles_of(models).items():
        line = curves.filter(pl.col("model") == model)
        panel.plot(
            line["position"].to_numpy(),
            line[column].to_numpy(),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markevery=max(1, len(line) // MARKERS),
            markersize=5,
            linewidth=1.4,
            label=model,
        )
    panel.legend(fontsize=8, loc="best", handlelength=2.4)
