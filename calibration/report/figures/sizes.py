"""What changes with the size of a model: EntCE, drift and static, with the laws fitted to them.

Numbers are drawn as the tables state them, on linear axes, since they may be negative. A fit that
is not identified gets neither a line nor a number, only the words "exponent not determined".
"""

import math
from collections.abc import Mapping
from typing import Final

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from calibration.report.figures.drawing import (
    STYLE,
    WIDTH,
    SeriesStyle,
    family_key,
    family_styles,
    settled,
    title,
    zero_line,
)
from calibration.report.results import ReportTables
from calibration.report.wording import (
    CONFIDENCE,
    DIFFERENCES,
    QUANTITIES,
    SIZES,
    Row,
    determined,
    exponent,
    nats_per,
    size,
    unit_of,
)

LABELS: Final = (  # of a decade, by how many decades the axis may have for them
    (1.5, (1.0, 2.0, 5.0)),
    (3.0, (1.0, 3.0)),
    (math.inf, (1.0,)),
)
PANEL_HEIGHT: Final = 4.6  # inches, the title and the axis included
KEY_LINE: Final = 0.22  # inches a line of the key below
THINNED: Final = (
    3  # of the sizes a band is given at; a chord leaves the curve by a tenth of a pixel
)
COLUMNS: Final = {  # of ENT_CE, by what a fit calls its size
    "parameters": "parameters",
    "non_embedding_parameters": "non_embedding_parameters",
    "tokens": "training_tokens",
}


@matplotlib.rc_context(STYLE)
def ent_ce_against_size(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """EntCE and drift of every model against its size, with the fitted law of each family.

    Nats a unit, on one scale. A family whose exponent is not determined keeps its points and has
    no line. ValueError if the data set was not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    figure = _quantities(shown, family_styles(tables.ent_ce, shown.ent_ce), ("ent_ce", "drift"))
    title(
        figure,
        "EntCE and its part from error accumulation (drift), against the size of the model",
        detail=f"{dataset}, {decoding}; bars and bands are {CONFIDENCE} intervals",
    )
    return settled(figure)


@matplotlib.rc_context(STYLE)
def parts_against_size(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Drift and static of every model against its size, on one scale; EntCE is their sum.

    Nats a unit. ValueError if the data set was not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    figure = _quantities(shown, family_styles(tables.ent_ce, shown.ent_ce), ("drift", "static"))
    title(
        figure,
        "The parts of EntCE: error accumulation (drift) and what is there one step ahead (static)",
        detail=f"{dataset}, {decoding}; bars and bands are {CONFIDENCE} intervals",
    )
    return settled(figure)


def two_panels(*, key_lines: int) -> tuple[Figure, tuple[Axes, Axes]]:
    """Two panels over one size axis, with room for a key of `key_lines` lines below."""
    figure = Figure(figsize=(WIDTH, PANEL_HEIGHT + KEY_LINE * key_lines), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    return figure, (left, right)


def size_column(shown: ReportTables) -> str:
    """The size that the laws are in, where every model has it; parameters otherwise."""
    declared = [x for x in shown.fits["x"].unique(maintain_order=True) if _known(shown.ent_ce, x)]
    return declared[0] if declared else "parameters"


def sizes_of(models: pl.DataFrame, x: str) -> NDArray[np.int64]:
    """The sizes of the models of a table ENT_CE, `x` as a fit calls them."""
    return models[COLUMNS[x]].to_numpy()


def size_axis(panel: Axes, sizes: NDArray[np.int64], *, name: str) -> None:
    """A logarithmic axis whose labels are sizes in three digits."""
    panel.set_xscale("log")
    decades = np.log10(sizes.max() / sizes.min())
    subs = next(subs for most, subs in LABELS if decades <= most)
    panel.xaxis.set_major_locator(LogLocator(subs=subs))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(value)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel(name)
    panel.margins(x=0.08)
    if sizes.min() == sizes.max():  # a margin of nothing is nothing, and the axis has no width
        panel.set_xlim(sizes.min() / 2, sizes.max() * 2)


def bars(models: pl.DataFrame, quantity: str) -> NDArray[np.float64]:
    """How far the interval of a quantity reaches below and above it: (2, model), nats."""
    middle = models[quantity].to_numpy()
    below = middle - models[f"{quantity}_low"].to_numpy()
    above = models[f"{quantity}_high"].to_numpy() - middle
    return np.stack([below, above])


def _known(models: pl.DataFrame, x: str) -> bool:
    return models[COLUMNS[x]].is_not_null().all()


def _quantities(
    shown: ReportTables, styles: Mapping[str, SeriesStyle], quantities: tuple[str, str]
) -> Figure:
    figure, panels = two_panels(key_lines=len(styles))
    panels[1].sharey(panels[0])
    x = size_column(shown)
    for panel, quantity in zip(panels, quantities, strict=True):
        _draw_quantity(panel, shown, quantity=quantity, x=x, styles=styles)
        size_axis(panel, sizes_of(shown.ent_ce, x), name=SIZES[x])
        zero_line(panel)
        panel.set_title(f"{QUANTITIES[quantity]} = {DIFFERENCES[quantity]}")
        panel.set_ylabel(f"{QUANTITIES[quantity]} ({nats_per(unit_of(shown.ent_ce))})")
    # Of three models a prediction is as wide as the page, and would press the points into a line.
    limits = panels[0].get_ylim()
    for panel, quantity in zip(panels, quantities, strict=True):
        _draw_predictions(panel, shown, quantity=quantity, styles=styles)
    panels[0].set_ylim(limits)
    return figure


def _draw_quantity(
    panel: Axes, shown: ReportTables, *, quantity: str, x: str, styles: Mapping[str, SeriesStyle]
) -> None:
    of_quantity = pl.col("quantity") == quantity
    laws = shown.fits.filter(of_quantity & (pl.col("x") == x)).rows(named=True)
    for family, style in styles.items():
        models = shown.ent_ce.filter(pl.col("family") == family)
        _draw_models(panel, models, x=x, quantity=quantity, style=style)
    for law in filter(determined, laws):
        band = shown.bands.filter(of_quantity & (pl.col("family") == law["family"]))
        _draw_band(panel, band, styles[law["family"]])
    labels = {law["family"]: _exponent_label(law) for law in laws}
    family_key(panel, styles, labels=labels, abreast=1)


def _exponent_label(fit: Row) -> str:
    return f"exponent {exponent(fit)}" if determined(fit) else "exponent not determined"


def _draw_models(
    panel: Axes, models: pl.DataFrame, *, x: str, quantity: str, style: SeriesStyle
) -> None:
    panel.errorbar(
        sizes_of(models, x),
        models[quantity].to_numpy(),
        yerr=bars(models, quantity),
        fmt=style.marker,
        color=style.colour,
        markersize=6.5,
        elinewidth=1.4,
        capsize=3,
        zorder=3,
    )


def _draw_predictions(
    panel: Axes, shown: ReportTables, *, quantity: str, styles: Mapping[str, SeriesStyle]
) -> None:
    """Where a further model of each family would lie, as far as the law can be trusted to hold."""
    near = shown.bands.filter((pl.col("quantity") == quantity) & ~pl.col("form_dependent"))
    for law in filter(determined, shown.fits.filter(quantity=quantity).rows(named=True)):
        band = _drawn_through(near.filter(family=law["family"]).sort("size"))
        panel.fill_between(
            band["size"].to_numpy(),
            band["prediction_low"].to_numpy(),
            band["prediction_high"].to_numpy(),
            color=styles[law["family"]].colour,
            alpha=0.08,
            linewidth=0,
            zorder=0.5,
        )


def _draw_band(panel: Axes, band: pl.DataFrame, style: SeriesStyle) -> None:
    line = _drawn_through(band.filter(~pl.col("form_dependent")).sort("size"))
    sizes = line["size"].to_numpy()
    panel.fill_between(
        sizes,
        line["low"].to_numpy(),
        line["high"].to_numpy(),
        color=style.colour,
        alpha=0.15,
        linewidth=0,
    )
    panel.plot(sizes, line["fitted"].to_numpy(), color=style.colour, linestyle=style.line)


def _drawn_through(band: pl.DataFrame) -> pl.DataFrame:
    """Every third size of a band and its last: the curve is smooth, and a page holds many."""
    place = pl.int_range(pl.len())
    return band.filter((place % THINNED == 0) | (place == pl.len() - 1))
