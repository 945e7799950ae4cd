"""How often the types of a text occur, by rank: the points behind α, and the line of α.

A panel holds what one tokenizer counts, words having a panel of their own. Each unit has a colour,
a marker and a line style, so that a grey print says the same.
"""

from collections.abc import Callable
from typing import Final

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from calibration.report.figures.drawing import (
    PANELS_ABREAST,
    SERIES,
    STYLE,
    WIDTH,
    SeriesStyle,
    panel_title,
    settled,
    title,
)
from calibration.report.theory_words import alpha
from calibration.report.wording import CONFIDENCE, size

UNITS: Final = dict(zip(("words", "tokens", "2-grams", "3-grams"), SERIES, strict=False))
MOST_TOKENIZERS: Final = 2  # with words, one row of panels: more are read from the table
PANEL_HEIGHT: Final = 3.6  # inches
MOST_TICKS: Final = 6  # of an axis that may have a dozen decades
WHOLE_WIDTH: Final = 0.9  # points: the text as it is, beneath the points


@matplotlib.rc_context(STYLE)
def rank_frequency(theory: pl.DataFrame, ranks: pl.DataFrame, *, dataset: str) -> Figure:
    """Frequency (a share of all tokens) against rank, both on log scales, with the line of α.

    Tables THEORY and RANKS. Points are a tenth of a decade of rank, ranks from one half of the
    documents and frequencies from the other, both ways round; thin lines are the whole text.
    ValueError if the data set is not in the table.
    """
    shown = ranks.filter(pl.col("dataset") == dataset)
    tokenizers = drawn_tokenizers(shown, dataset)
    columns = min(len(tokenizers), PANELS_ABREAST)
    rows = -(-len(tokenizers) // columns)
    figure = Figure(figsize=(WIDTH, 0.9 + PANEL_HEIGHT * rows), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, tokenizer in zip(grid, tokenizers, strict=False):
        of_tokenizer = pl.col("tokenizer").eq_missing(tokenizer)
        estimates = theory.filter(of_tokenizer & (pl.col("dataset") == dataset))
        _draw(panel, shown.filter(of_tokenizer), estimates)
        panel_title(panel, "words" if tokenizer is None else f"tokenizer of {tokenizer}")
    for unused in grid[len(tokenizers) :]:
        unused.remove()
    title(
        figure,
        "How often the types of the texts occur, by rank",
        detail=f"{dataset}; α by split halves with {CONFIDENCE} intervals; thin lines are the "
        "whole text",
    )
    return settled(figure)


def drawn_tokenizers(shown: pl.DataFrame, dataset: str) -> list[str | None]:
    """The tokenizers that have a panel, in the order of the rows; None is words."""
    found: list[str | None] = shown["tokenizer"].unique(maintain_order=True).to_list()
    if not found:
        raise ValueError(f"rows of data set {dataset!r} were expected, the table has none")
    return found[: MOST_TOKENIZERS + 1]


def decades(axis: Axis, *, words: Callable[[float], str]) -> None:
    """Labels of a logarithmic axis: `words` of its decades."""
    axis.set_major_locator(LogLocator(numticks=MOST_TICKS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_locator(NullLocator())


def share_of_tokens(value: float) -> str:
    """`0.01`, `1e-05`."""
    return f"{value:g}"


def _draw(panel: Axes, ranks: pl.DataFrame, estimates: pl.DataFrame) -> None:
    alphas = {
        row["unit"]: alpha(row)
        for row in estimates.unique("unit", keep="first", maintain_order=True).rows(named=True)
    }
    for unit in ranks["unit"].unique(maintain_order=True):
        _draw_unit(
            panel,
            ranks.filter(pl.col("unit") == unit),
            style=UNITS[unit],
            name=f"{unit}: α {alphas[unit]}",
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    decades(panel.xaxis, words=size)
    decades(panel.yaxis, words=share_of_tokens)
    panel.set_xlabel("rank")
    panel.set_ylabel("share of all tokens")
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=8.5)


def _draw_unit(panel: Axes, ranks: pl.DataFrame, *, style: SeriesStyle, name: str) -> None:
    halves = ranks.filter(pl.col("fitted").is_not_null()).sort("rank")
    whole = ranks.join(halves, on=ranks.columns, how="anti", nulls_equal=True)
    panel.plot(whole["rank"], whole["frequency"], color=style.colour, linewidth=WHOLE_WIDTH)
    panel.plot(
        halves["rank"],
        halves["frequency"],
        linestyle="none",
        marker=style.marker,
        markersize=3.5,
        markerfacecolor="none",
        color=style.colour,
    )
    panel.plot(
        halves["rank"],
        halves["fitted"],
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markevery=slice(0),  # in the key alone
        markersize=3.5,
        markerfacecolor="none",
        label=name,
    )
