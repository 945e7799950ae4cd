"""How much texts repeat themselves and how varied they are, own beside human, against size."""

from collections.abc import Mapping
from typing import Final, Literal

import matplotlib
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from calibration.report.figures.drawing import (
    GREY,
    KEYS_ABREAST,
    STYLE,
    SeriesStyle,
    family_styles,
    settled,
    title,
)
from calibration.report.figures.sizes import size_axis, size_column, sizes_of, two_panels
from calibration.report.results import ReportTables
from calibration.report.wording import SIZES

SIDES: Final[tuple[tuple[str, Literal["none", "full"], str], ...]] = (
    ("human", "none", "human text (hollow)"),
    ("generated", "full", "own text (filled)"),
)
THIN: Final = 0.9  # the line only says which points belong together


@matplotlib.rc_context(STYLE)
def variety_against_size(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Repeated 4-grams (1 - distinct) and distinct 2-grams, own text filled, human hollow.

    Shares of the n-grams of tokens of a text, averaged over texts. ValueError if the data set was
    not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    styles = family_styles(tables.ent_ce, shown.ent_ce)
    figure, panels = two_panels(key_lines=1 + len(styles) // KEYS_ABREAST)
    x = size_column(shown)
    drawn = (("repetition: 1 - distinct 4-grams", _repetition), ("distinct 2-grams", _pairs))
    for panel, (heading, share) in zip(panels, drawn, strict=True):
        for family, style in styles.items():
            models = shown.ent_ce.filter(pl.col("family") == family)
            for side, fill, _ in SIDES:
                shares = models.select(share(side)).to_series()
                panel.plot(
                    sizes_of(models, x),
                    shares.to_numpy(),
                    color=style.colour,
                    marker=style.marker,
                    fillstyle=fill,
                    linestyle=style.line,
                    linewidth=THIN,
                )
        size_axis(panel, sizes_of(shown.ent_ce, x), name=SIZES[x])
        panel.set_title(heading)
        panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    _key(figure, styles)
    title(
        figure,
        "How much texts repeat themselves and how varied they are, own beside human",
        detail=f"{dataset}, {decoding}; human text is cut by the same tokenizer, so that it has a "
        "point for each model",
    )
    return settled(figure)


def _repetition(side: str) -> pl.Expr:
    return 1 - pl.col(f"distinct_4_{side}")


def _pairs(side: str) -> pl.Expr:
    return pl.col(f"distinct_2_{side}")


def _key(figure: Figure, styles: Mapping[str, SeriesStyle]) -> None:
    handles = [
        Line2D([], [], color=GREY, marker="o", fillstyle=fill, linestyle="none")
        for _, fill, _ in SIDES
    ]
    handles += [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line)
        for style in styles.values()
    ]
    labels = [words for *_, words in SIDES] + [f"family {family}" for family in styles]
    figure.legend(handles, labels, loc="outside lower center", ncols=KEYS_ABREAST)
