"""What every figure shares: colours, type, title and key.

Matplotlib's objects are used directly: no global figure, no lasting change of anybody's settings.
Colours are Okabe and Ito's, which colour-blind readers tell apart; every family's colour comes
with a marker and a line style of its own, so that a grey print says the same.
"""

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType, RcKeyType

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK, GREY = "#56B4E9", "#E69F00", "#000000", "#595959"

WIDTH: Final = 9.0  # inches: a text column on a laptop, a full page in print
KEYS_ABREAST: Final = 4  # families in a row
TITLE_LEFT: Final = 0.11  # inches from the edge
TITLE_HEIGHT: Final = 0.33  # inches from the top down to the second line
STYLE: Final[dict["RcKeyType", Any]] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that files are alike everywhere
    "font.size": 10,
    "axes.titlesize": 10.5,
    "figure.titlesize": 12,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "text.parse_math": False,  # a model's name may hold a dollar sign
}


class SeriesStyle(NamedTuple):
    """How one family is told from the others."""

    colour: str
    marker: str
    line: "LineStyleType"


SERIES: Final = (
    SeriesStyle(BLUE, "o", "-"),
    SeriesStyle(VERMILION, "s", "--"),
    SeriesStyle(GREEN, "^", "-."),
    SeriesStyle(PURPLE, "D", ":"),
    SeriesStyle(BLACK, "v", "-"),
    SeriesStyle(SKY, "P", "--"),
    SeriesStyle(ORANGE, "X", "-."),
)


def family_styles(ent_ce: pl.DataFrame, shown: pl.DataFrame) -> dict[str, SeriesStyle]:
    """The style of each family in `shown`, the same in every figure of the study `ent_ce`."""
    families = ent_ce["family"].unique(maintain_order=True).to_list()
    present = set(shown["family"])
    styles = zip(families, cycle(SERIES), strict=False)
    return {family: style for family, style in styles if family in present}


def title(figure: Figure, sentence: str, *, detail: str) -> None:
    """What the figure shows, as a sentence, and below it of what: data set, decoding, bars."""
    left = TITLE_LEFT / WIDTH
    below = 1 - TITLE_HEIGHT / figure.get_figheight()
    # The empty line keeps a place for the detail, which the layout would not see.
    figure.suptitle(f"{sentence}\n", ha="left", x=left, fontweight="bold", linespacing=1.4)
    figure.text(left, below, detail, fontsize=9.5, color=GREY, va="top")


def settled(figure: Figure) -> Figure:
    """The figure with its layout fixed, so that every rendering of it is the same."""
    # Each drawing would move the layout a little further, and equal figures would differ.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def zero_line(panel: Axes) -> None:
    """The line of calibration."""
    panel.axhline(0, color=BLACK, linewidth=1.0, zorder=1)


def family_key(
    panel: Axes, styles: Mapping[str, SeriesStyle], *, labels: Mapping[str, str]
) -> None:
    """A key of families below a panel, each with its label where it has one."""
    handles = [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line)
        for style in styles.values()
    ]
    panel.legend(
        handles,
        [": ".join(filter(None, (f"family {family}", labels.get(family)))) for family in styles],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.15),
        ncols=1 if labels else KEYS_ABREAST,
    )


def label(
    panel: Axes,
    point: tuple[float, float],
    text: str,
    *,
    offset: tuple[float, float] = (6, -3),
    rotation: float = 0,
) -> None:
    """A few grey words at a point, beneath whatever is measured."""
    panel.annotate(
        text,
        point,
        xytext=offset,
        textcoords="offset points",
        rotation=rotation,
        rotation_mode="anchor",
        fontsize=9,
        color=GREY,
        zorder=2.5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )
