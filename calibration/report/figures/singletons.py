"""What occurs once, against the length of the text: as counted, and as a law of α predicts.

To the left the singleton mass, to the right its exponent; a row of panels holds what one tokenizer
counts, words having one of their own. Counted values are markers, laws are lines.
"""

from typing import Final

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.report.figures.drawing import STYLE, WIDTH, SeriesStyle, settled, title, zero_line
from calibration.report.figures.ranks import UNITS, decades, drawn_tokenizers, share_of_tokens
from calibration.report.theory_words import predicted
from calibration.report.wording import size

ROW_HEIGHT: Final = 3.9  # inches
STEEPEST: Final = -2.5  # drawn: a law whose vocabulary is used up falls without end
SHALLOWEST: Final = 0.05


@matplotlib.rc_context(STYLE)
def singleton_mass(singletons: pl.DataFrame, *, dataset: str) -> Figure:
    """The singleton mass K₁/m and its exponent against m, counted and predicted.

    Table SINGLETONS. Beyond the text itself only the law goes on; where the law has no singleton
    left, it ends. ValueError if the data set is not in the table.
    """
    shown = singletons.filter(pl.col("dataset") == dataset)
    tokenizers = drawn_tokenizers(shown, dataset)
    rows = len(tokenizers)
    figure = Figure(figsize=(WIDTH, 0.9 + ROW_HEIGHT * rows), layout="constrained")
    grid = figure.subplots(rows, 2, sharex=True, squeeze=False)
    for (mass, exponent), tokenizer in zip(grid, tokenizers, strict=True):
        of_tokenizer = shown.filter(pl.col("tokenizer").eq_missing(tokenizer))
        for unit in of_tokenizer["unit"].unique(maintain_order=True):
            text = of_tokenizer.filter(pl.col("unit") == unit)
            _draw_mass(mass, text, style=UNITS[unit])
            _draw_exponent(exponent, text, style=UNITS[unit])
        _axes(mass, exponent, "words" if tokenizer is None else f"tokenizer of {tokenizer}")
    title(
        figure,
        "What occurs once: the probability of derailing, and its exponent in training data",
        detail=f"{dataset}; markers are counted on the text, lines are the law of its α with as "
        "many types; faint lines are 1/α - 1",
    )
    return settled(figure)


def _draw_mass(panel: Axes, text: pl.DataFrame, *, style: SeriesStyle) -> None:
    panel.plot(text["tokens"], text["predicted_mass"], color=style.colour, linestyle=style.line)
    _counted(panel, text, "singleton_mass", style)


def _draw_exponent(panel: Axes, text: pl.DataFrame, *, style: SeriesStyle) -> None:
    panel.plot(text["tokens"], text["predicted_exponent"], color=style.colour, linestyle=style.line)
    _counted(panel, text, "local_exponent", style)
    asymptote = text["asymptotic_exponent"][0]
    if asymptote is not None:
        panel.axhline(asymptote, color=style.colour, linewidth=0.8, alpha=0.6)
    panel.plot(
        [],
        [],
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        label=f"{text['unit'][0]} (1/α - 1: {predicted(asymptote)})",
    )


def _counted(panel: Axes, text: pl.DataFrame, column: str, style: SeriesStyle) -> None:
    values = text[column].cast(pl.Float64).fill_null(np.nan)
    panel.plot(
        text["tokens"],
        values,
        linestyle="none",
        marker=style.marker,
        markersize=4.5,
        color=style.colour,
    )


def _axes(mass: Axes, exponent: Axes, of_tokenizer: str) -> None:
    for panel in (mass, exponent):
        panel.set_xscale("log")
        decades(panel.xaxis, words=size)
        panel.set_xlabel("m, tokens of text")
        panel.tick_params(labelbottom=True)
    mass.set_yscale("log")
    decades(mass.yaxis, words=share_of_tokens)
    mass.set_ylabel("singleton mass K₁/m")
    exponent.set_ylabel("exponent of K₁/m in m")
    exponent.set_ylim(STEEPEST, SHALLOWEST)
    mass.set_title(of_tokenizer)
    exponent.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=8.5)
    zero_line(exponent)
