"""Fitted decodings on the plane: single points, a shape for each kind of method."""

from typing import Final

import polars as pl
from matplotlib.axes import Axes

from calibration.report.figures.drawing import SeriesStyle
from calibration.report.figures.sizes import bars

# Of a fitted temperature, which is one of its path; of one step ahead; of future entropy.
SHAPES: Final = {"temperature": "d", "one_step": "*", "future_entropy": "P"}
SIZES: Final = {"d": 7.0, "*": 12.0, "P": 9.0}
WORDS: Final = {
    "temperature": "diamonds",
    "one_step": "stars",
    "future_entropy": "plus signs",
}
MEANINGS: Final = {
    "temperature": "fitted temperatures",
    "one_step": "one step ahead",
    "future_entropy": "future entropy",
}


def draw_fitted(panel: Axes, fitted: pl.DataFrame, *, style: SeriesStyle) -> None:
    """The points of one model, rows of ENT_CE with the `kind` of CALIBRATED; hollow, with bars."""
    for (kind,), rows in fitted.group_by("kind", maintain_order=True):
        shape = SHAPES[str(kind)]
        panel.errorbar(
            rows["log_loss"].to_numpy(),
            rows["ent_ce"].to_numpy(),
            yerr=bars(rows, "ent_ce"),
            fmt=shape,
            color=style.colour,
            markerfacecolor="white",
            markeredgewidth=1.1,
            markersize=SIZES[shape],
            elinewidth=0.7,
            zorder=3.4,
        )


def fitted_words(kinds: list[str]) -> str:
    """What the shapes are: `diamonds: fitted temperatures, stars: one step ahead`."""
    return ", ".join(f"{WORDS[kind]}: {MEANINGS[kind]}" for kind in SHAPES if kind in kinds)
