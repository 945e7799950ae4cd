"""EntCE after every step of a bridge, a line a model, one panel a data set and decoding."""

from typing import Final

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from calibration.report.figures.drawing import (
    KEYS_ABREAST,
    MOST_PANELS,
    STYLE,
    WIDTH,
    SeriesStyle,
    panel_title,
    settled,
    styles_of,
    title,
    zero_line,
)

ABREAST: Final = 2  # panels in a row: the names of steps are long
PANEL_HEIGHT: Final = 2.3  # inches
SPREAD: Final = 0.3  # of the way to the next step, so that the bars of models stand apart


@matplotlib.rc_context(STYLE)
def ent_ce_by_step(bridge: pl.DataFrame) -> Figure:
    """EntCE after every step with its intervals, nats per token, of a BRIDGE.

    The first 15 of data sets × decodings. ValueError for an empty table.
    """
    if bridge.is_empty():
        raise ValueError("a step that was measured was expected, found none")
    shown = bridge.select("dataset", "decoding").unique(maintain_order=True).rows()[:MOST_PANELS]
    columns = min(len(shown), ABREAST)
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(WIDTH, 2.2 + PANEL_HEIGHT * rows), layout="constrained")
    grid = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    styles = styles_of(bridge["family"].unique(maintain_order=True).to_list())
    for panel, (dataset, decoding) in zip(grid, shown, strict=False):
        _draw(panel, bridge.filter(dataset=dataset, decoding=decoding), styles)
        panel_title(panel, f"{dataset}, {decoding}")
    for above, unused in zip(grid[len(shown) - columns :], grid[len(shown) :], strict=False):
        above.tick_params(labelbottom=True)
        unused.remove()
    _key(figure, styles)
    title(
        figure,
        "What moved EntCE: one switch of the protocol at a time",
        detail="nats per token, 95 % intervals; a line a model",
    )
    return settled(figure)


def _draw(panel: Axes, rows: pl.DataFrame, styles: dict[str, SeriesStyle]) -> None:
    models = rows["model"].unique(maintain_order=True).to_list()
    zero_line(panel)
    for place, model in enumerate(models):
        own = rows.filter(pl.col("model") == model).drop_nulls("ent_ce").sort("number")
        if own.is_empty():
            continue
        style = styles[own["family"][0]]
        beside = SPREAD * ((place + 0.5) / len(models) - 0.5)
        middle = own["ent_ce"].to_numpy()
        bars = [middle - own["low"].to_numpy(), own["high"].to_numpy() - middle]
        panel.errorbar(
            own["number"].to_numpy() + beside,
            middle,
            yerr=bars,
            color=style.colour,
            marker=style.marker,
            linestyle=style.line,
            markersize=4,
            linewidth=1.2,
        )
    steps = rows.select("number", "step").unique(maintain_order=True).sort("number")
    panel.set_xticks(steps["number"].to_list(), steps["step"].to_list(), rotation=25, ha="right")
    panel.set_ylabel("nats per token")


def _key(figure: Figure, styles: dict[str, SeriesStyle]) -> None:
    handles = [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line)
        for style in styles.values()
    ]
    labels = [f"family {family}" for family in styles]
    figure.legend(handles, labels, loc="outside lower center", ncols=KEYS_ABREAST)
