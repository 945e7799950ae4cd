"""What every figure shares: colours, type, title, key and panels.

Matplotlib's objects are used directly: no global figure, no lasting change of anybody's settings.
Colours are Okabe and Ito's, which colour-blind readers tell apart; every family's colour comes
with a marker and a line style of its own, so that a grey print says the same.
"""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType, RcKeyType

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK, GREY = "#56B4E9", "#E69F00", "#000000", "#595959"

WIDTH: Final = 9.0  # inches: a text column on a laptop, a full page in print
PANELS_ABREAST: Final = 3  # small multiples in a row; more would make the type unreadable
MOST_PANELS: Final = 15  # five rows: a printed page holds no more
KEYS_ABREAST: Final = 4  # families in a row
PAPER: Final = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.4}  # behind words
TITLE_LEFT: Final = 0.11  # inches from the edge
TITLE_HEIGHT: Final = 0.33  # inches from the top down to the second line
PANEL_COLUMNS: Final = 34  # characters above one of three panels
DETAIL_COLUMNS: Final = 122  # characters of the second line, which end inside the figure
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
    face: str | None = None  # of a marker in a key, where the figure draws it hollow


SERIES: Final = (
    SeriesStyle(BLUE, "o", "-"),
    SeriesStyle(VERMILION, "s", "--"),
    SeriesStyle(GREEN, "^", "-."),
    SeriesStyle(PURPLE, "D", ":"),
    SeriesStyle(BLACK, "v", "-"),
    SeriesStyle(SKY, "P", "--"),
    SeriesStyle(ORANGE, "X", "-."),
)


# The markers of chat models, by those of their base models: as unlike as there are.
TUNED: Final = {"o": "*", "s": "p", "^": "<", "D": "d", "v": ">", "P": "h", "X": "8"}


def styles_of(names: Sequence[str]) -> dict[str, SeriesStyle]:
    """A style for each name; the first seven differ in colour and in marker."""
    return dict(zip(names, cycle(SERIES), strict=False))


def family_styles(ent_ce: pl.DataFrame, shown: pl.DataFrame) -> dict[str, SeriesStyle]:
    """The style of each family in `shown`, the same in every figure of the study `ent_ce`.

    Chat models have the colour of the family they were made of, and a marker of their own.
    """
    families = ent_ce["family"].unique(maintain_order=True).to_list()
    tuned = base_families(ent_ce)
    styles = styles_of([family for family in families if family not in tuned])
    styles |= {chat: _tuned(styles[base]) for chat, base in tuned.items()}
    present = set(shown["family"])
    return {family: styles[family] for family in families if family in present}


def base_families(ent_ce: pl.DataFrame) -> dict[str, str]:
    """Each family of chat models with the family of their base models, where that is measured."""
    base = ent_ce.filter(~pl.col("chat")).select("family", base="model").unique()
    chat = ent_ce.filter("chat").select("base", chat="family").unique(maintain_order=True)
    found = chat.join(base, on="base", maintain_order="left").unique(
        "chat", keep="first", maintain_order=True
    )
    return dict(found.select("chat", "family").rows())


def _tuned(style: SeriesStyle) -> SeriesStyle:
    return style._replace(marker=TUNED[style.marker])


def title(figure: Figure, sentence: str, *, detail: str) -> None:
    """What the figure shows, as a sentence, and below it of what: data set, decoding, bars."""
    left = TITLE_LEFT / WIDTH
    below = 1 - TITLE_HEIGHT / figure.get_figheight()
    lines = textwrap.wrap(detail, DETAIL_COLUMNS)
    # Empty lines keep a place for the detail, which the layout would not see.
    place = "\n" * len(lines)
    figure.suptitle(f"{sentence}{place}", ha="left", x=left, fontweight="bold", linespacing=1.4)
    figure.text(left, below, "\n".join(lines), fontsize=9.5, color=GREY, va="top")


def settled(figure: Figure) -> Figure:
    """The figure with its layout fixed, so that every rendering of it is the same."""
    # Each drawing would move the layout a little further, and equal figures would differ.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for panel in figure.axes:
        _settle_words(panel)
    return figure


def _settle_words(panel: Axes) -> None:
    """Have title and labels stay where they are: looking for their places takes longer than ink."""
    # Under STYLE, of which a title that is set again takes its type.
    panel.set_title(panel.get_title(), y=panel.title.get_position()[1])
    to_panel = panel.transAxes.inverted()
    for axis in (panel.xaxis, panel.yaxis):
        place = axis.label.get_transform().transform(axis.label.get_position())
        axis.set_label_coords(*to_panel.transform(place))


def small_multiples(count: int, *, unit: str, quantity: str) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels over steps with shared axes, and the panels."""
    columns = 2 if count == 4 else min(count, PANELS_ABREAST)
    rows = -(-count // columns)
    height = 4.8 if rows == 1 and columns == 1 else 1.5 + 2.3 * rows
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for above, unused in zip(panels[count - columns : count], panels[count:], strict=False):
        above.tick_params(labelbottom=True)
        unused.remove()
    for lowest in panels[max(0, count - columns) : count]:
        lowest.set_xlabel(f"step ({unit})")
    for leftmost in grid[:, 0]:
        leftmost.set_ylabel(quantity)
    panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure, panels[:count]


def panel_title(panel: Axes, *lines: str) -> None:
    """What a panel shows; a long name is broken, or it would reach into the next panel."""
    panel.set_title("\n".join(textwrap.fill(line, PANEL_COLUMNS) for line in lines))


def zero_line(panel: Axes) -> None:
    """The line of calibration."""
    panel.axhline(0, color=BLACK, linewidth=1.0, zorder=1)


def family_key(
    panel: Axes,
    styles: Mapping[str, SeriesStyle],
    *,
    labels: Mapping[str, str],
    abreast: int = KEYS_ABREAST,
) -> None:
    """A key of families below a panel, `abreast` in a row, each with its label if it has one."""
    handles = [
        Line2D(
            [],
            [],
            color=style.colour,
            marker=style.marker,
            linestyle=style.line,
            markerfacecolor=style.face or style.colour,
        )
        for style in styles.values()
    ]
    panel.legend(
        handles,
        [": ".join(filter(None, (f"family {family}", labels.get(family)))) for family in styles],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.15),
        ncols=abreast,
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
        bbox=PAPER,
    )
