"""H, H⁺ and L step by step, one panel a model; the gap between H and H⁺ is drift."""

from typing import TYPE_CHECKING, Final, NamedTuple

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from calibration.report.figures.drawing import (
    BLACK,
    BLUE,
    MOST_PANELS,
    ORANGE,
    STYLE,
    VERMILION,
    panel_title,
    settled,
    small_multiples,
    title,
)
from calibration.report.results import ReportTables, binned, standing_for_all, width_of_bins
from calibration.report.wording import averages, chosen, nats_per, unit_of

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

RIBBON: Final = 0.16  # opacities: three ribbons may lie over the gap and over each other
GAP: Final = 0.35


class Curve(NamedTuple):
    """One of the three curves over steps: its column of CURVES and how it is drawn."""

    column: str
    label: str
    colour: str
    line: "LineStyleType"


STEP_CURVES: Final = (
    Curve("entropy", "H: entropy on own text", VERMILION, "-"),
    Curve("teacher_entropy", "H⁺: entropy on human text", BLUE, "--"),
    Curve("log_loss", "L: log loss of human text", BLACK, ":"),
)


@matplotlib.rc_context(STYLE)
def entropy_over_steps(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """H, H⁺ and L by step, one panel a model, drift = H - H⁺ shaded, in nats a unit.

    Ribbons are one standard error either side. ValueError if the data set was not measured under
    this decoding.
    """
    shown = tables.measured(dataset, decoding)
    models = standing_for_all(shown.ent_ce, room=MOST_PANELS)
    unit, width = unit_of(shown.ent_ce), width_of_bins(shown.curves)
    figure, panels = small_multiples(len(models), unit=unit, quantity=nats_per(unit))
    for panel, model in zip(panels, models, strict=True):
        _draw_steps(panel, binned(shown.curves.filter(pl.col("model") == model), width))
        panel_title(panel, model)
    _key(figure)
    title(
        figure,
        "Own text (H) against human text (H⁺ and L), step by step: the shaded gap is drift",
        detail=f"{dataset}, {decoding}; {averages(width, unit)}ribbons of one standard error "
        f"either side{chosen(models, shown.ent_ce)}",
    )
    return settled(figure)


def _draw_steps(panel: Axes, curve: pl.DataFrame) -> None:
    position = curve["position"].to_numpy()
    own, human = curve["entropy"].to_numpy(), curve["teacher_entropy"].to_numpy()
    panel.fill_between(position, human, own, color=ORANGE, alpha=GAP, linewidth=0)
    for drawn in STEP_CURVES:
        middle = curve[drawn.column].to_numpy()
        error = curve[f"{drawn.column}_se"].to_numpy()
        panel.fill_between(
            position, middle - error, middle + error, color=drawn.colour, alpha=RIBBON, linewidth=0
        )
        panel.plot(position, middle, color=drawn.colour, linestyle=drawn.line)


def _key(figure: Figure) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=drawn.colour, linestyle=drawn.line) for drawn in STEP_CURVES
    ]
    handles.append(Patch(color=ORANGE, alpha=GAP, linewidth=0))
    labels = [drawn.label for drawn in STEP_CURVES] + ["drift = H - H⁺"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, handlelength=2.6)
