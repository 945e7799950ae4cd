"""Exponents: of every series side by side, and as a function of the length that is analysed.

An exponent that is not determined has neither a point nor a bar, only words.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from calibration.report.figures.drawing import (
    BLACK,
    BLUE,
    GREY,
    KEYS_ABREAST,
    PAPER,
    STYLE,
    VERMILION,
    WIDTH,
    SeriesStyle,
    family_styles,
    settled,
    title,
)
from calibration.report.results import ReportTables
from calibration.report.wording import CONFIDENCE, QUANTITIES, Row, determined, unit_of

FOREST: Final = ("ent_ce", "drift", "drift_slope")
BY_LENGTH: Final = ("ent_ce", "drift")
ROW: Final = 0.42  # inches a series: two lines of type
AROUND: Final = 1.9  # inches: the title, the axis and the key
FURTHEST: Final = 1.0  # an exponent beyond 1 either way is no reading; longer bars end in an arrow
NARROWEST, MARGIN = 0.1, 0.02  # of the axis either side of 0, and beyond the bars
APART: Final = 0.17  # of a row: own and common-scatter intervals, above and below its middle
NAME_COLUMNS: Final = 26  # characters of a series' name


@matplotlib.rc_context(STYLE)
def exponents_over_series(tables: ReportTables, *, predicted: pl.DataFrame | None = None) -> Figure:
    """The exponent of every series under the headlined decodings, a row a series.

    Thick bars are the series' own intervals, thin ones those of the scatter common to the study,
    diamonds the `predicted` exponents (columns dataset and predicted, null where there is none).
    """
    fits = headlined_fits(tables)
    series = fits.select("dataset", "family").unique(maintain_order=True).rows()
    figure = Figure(figsize=(WIDTH, AROUND + ROW * (len(series) + 1)), layout="constrained")
    panels = figure.subplots(1, len(FOREST), sharey=True)
    beside = _predictions(predicted)
    for panel, quantity in zip(panels, FOREST, strict=True):
        rows = fits.filter(pl.col("quantity") == quantity).rows(named=True)
        places = {one: place for place, one in enumerate(series)}
        _draw_forest(panel, rows, places=places, beside=list(beside.values()))
        for place, (dataset, _) in enumerate(series):
            if dataset in beside:
                panel.plot(beside[dataset], place, "D", mfc="white", mec=BLACK, ms=6, zorder=4)
        panel.set_title(QUANTITIES[quantity])
        panel.set_xlabel("exponent")
    panels[0].set_yticks(range(len(series)), [_series_name(tables, *one) for one in series])
    panels[0].set_ylim(len(series) - 0.4, -0.6)
    pooled = anything_pooled(fits)
    figure.legend(
        handles=list(_forest_keys(pooled=pooled, predicted=bool(beside))),
        loc="outside lower center",
        ncols=3,
    )
    thin = "; thin: with scatter common to all series" if pooled else ""
    title(
        figure,
        "How fast each quantity changes with size, over all series",
        detail=f"thick: the series' own {CONFIDENCE} interval{thin}",
    )
    return settled(figure)


@matplotlib.rc_context(STYLE)
def exponents_against_length(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """The exponents of what was measured on the first t steps, a line a family, against t.

    ValueError if the data set was not measured under this decoding.
    """
    shown = tables.measured(dataset, decoding)
    styles = family_styles(tables.ent_ce, shown.ent_ce)
    figure = Figure(figsize=(WIDTH, 3.9 + 0.22 * -(-len(styles) // 4)), layout="constrained")
    panels = figure.subplots(1, len(BY_LENGTH), sharex=True, sharey=True)
    for panel, quantity in zip(panels, BY_LENGTH, strict=True):
        rows = shown.horizons.filter((pl.col("quantity") == quantity) & pl.col("identified"))
        for number, (family, style) in enumerate(styles.items()):
            _draw_lengths(panel, rows.filter(pl.col("family") == family), style, number)
        _length_axis(panel, shown.horizons["steps"].unique().sort().to_list())
        panel.axhline(0, color=BLACK, linewidth=1.0, zorder=1)
        panel.set_xlabel(f"first steps analysed ({unit_of(shown.ent_ce)})")
        panel.set_title(QUANTITIES[quantity])
    panels[0].set_ylabel("exponent")
    _limited(panels[0], shown.horizons.filter("identified"))
    keys = [
        Line2D([], [], color=one.colour, marker=one.marker, linestyle=one.line, label=name)
        for name, one in styles.items()
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=KEYS_ABREAST)
    title(
        figure,
        "Exponents by the number of steps that are analysed",
        detail=f"{dataset}, {decoding}; bars are {CONFIDENCE} intervals",
    )
    return settled(figure)


def headlined_fits(tables: ReportTables) -> pl.DataFrame:
    """The fits of each data set's headlined decoding, of more than one model."""
    found = [tables.of(name, tables.headline(name)).fits for name in tables.datasets]
    return pl.concat(found).filter(pl.col("models") > 1)


def anything_pooled(fits: pl.DataFrame) -> bool:
    """Whether some fit has an exponent under the scatter common to all series."""
    return bool(fits["pooled_exponent"].is_not_null().any())


def _predictions(predicted: pl.DataFrame | None) -> Mapping[str, float]:
    if predicted is None:
        return {}
    return {
        dataset: value
        for dataset, value in predicted.select("dataset", "predicted").rows()
        if value is not None
    }


def _draw_forest(
    panel: Axes,
    rows: Sequence[Row],
    *,
    places: Mapping[tuple[str, str], int],
    beside: Sequence[float],
) -> None:
    panel.axvline(0, color=BLACK, linewidth=1.0, zorder=1)
    left, right = _reach(rows, beside)
    for row in rows:
        place = places[row["dataset"], row["family"]]
        if determined(row):
            _bar(panel, row, place - APART, prefix="", within=(left, right))
        else:
            panel.text(
                0,
                place - APART,
                "not determined",
                ha="center",
                va="center",
                fontsize=8.5,
                color=GREY,
                bbox=PAPER,
            )
        if row["pooled_exponent"] is not None:
            _bar(panel, row, place + APART, prefix="pooled_", within=(left, right))
    panel.set_xlim(left, right)
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.grid(visible=False, axis="y")


def _bar(panel: Axes, row: Row, place: float, *, prefix: str, within: tuple[float, float]) -> None:
    low, middle, high = (row[f"{prefix}{name}"] for name in ("low", "exponent", "high"))
    own = prefix == ""
    colour = BLUE if own else VERMILION
    left, right = within
    ends = np.clip([low, high], left, right)
    width = 3.2 if own else 1.3
    # A cap that projects would make the interval longer than it is.
    panel.plot(ends, [place] * 2, color=colour, lw=width, solid_capstyle="butt", zorder=2)
    panel.plot(middle, place, "o" if own else "s", color=colour, ms=6 if own else 4, zorder=3)
    for end, marker, beyond in ((left, "<", low < left), (right, ">", high > right)):
        if beyond:
            panel.plot(end, place, marker, color=colour, ms=6, clip_on=False, zorder=3)


def _reach(rows: Sequence[Row], beside: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes: as far as what is drawn, within what can be read."""
    ends = [
        row[name]
        for row in rows
        for name in ("low", "high", "pooled_low", "pooled_high")
        if row[name] is not None and (name.startswith("pooled") or determined(row))
    ]
    left, right = min([-NARROWEST, *ends, *beside]), max([NARROWEST, *ends, *beside])
    return max(left, -FURTHEST) - MARGIN, min(right, FURTHEST) + MARGIN


def _series_name(tables: ReportTables, dataset: str, family: str) -> str:
    lines = [family] if len(tables.datasets) == 1 else [family, dataset]
    return "\n".join(
        one if len(one) <= NAME_COLUMNS else f"{one[: NAME_COLUMNS - 1]}…" for one in lines
    )


def _forest_keys(*, pooled: bool, predicted: bool) -> Iterator[Line2D]:
    """What the marks mean, of those that are drawn."""
    yield Line2D([], [], color=BLUE, marker="o", linewidth=3.2, label="own scatter")
    if pooled:
        yield Line2D([], [], color=VERMILION, marker="s", lw=1.3, ms=4, label="common scatter")
    if predicted:
        diamond = Line2D([], [], marker="D", mfc="white", mec=BLACK, linestyle="none")
        diamond.set_label("predicted by the simplified theory")
        yield diamond


def _draw_lengths(panel: Axes, rows: pl.DataFrame, style: SeriesStyle, number: int) -> None:
    line = rows.sort("steps")
    # Families at one length stand a little beside one another, or bars would hide bars.
    steps = line["steps"].to_numpy() * 1.035**number
    middle = line["exponent"].to_numpy()
    panel.errorbar(
        steps,
        middle,
        yerr=np.stack([middle - line["low"].to_numpy(), line["high"].to_numpy() - middle]),
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        markersize=5,
        elinewidth=1.2,
        capsize=2,
    )


def _length_axis(panel: Axes, steps: Sequence[int]) -> None:
    panel.set_xscale("log")
    panel.set_xticks(list(steps))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())


def _limited(panel: Axes, rows: pl.DataFrame) -> None:
    """No bar of an interval without news may flatten the others."""
    around_zero = [-NARROWEST, NARROWEST]
    ends = np.concatenate([rows["low"].to_numpy(), rows["high"].to_numpy(), around_zero])
    panel.set_ylim(max(ends.min(), -FURTHEST) - MARGIN, min(ends.max(), FURTHEST) + MARGIN)
