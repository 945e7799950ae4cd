"""The three figures of a study, drawn from its tables.

Numbers are drawn as the tables state them, on linear axes where they may be negative. A fit that
is not identified gets neither a line nor a number, only the words "exponent not determined".
"""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from calibration.drawing import (
    BLACK,
    BLUE,
    ORANGE,
    STYLE,
    VERMILION,
    WIDTH,
    SeriesStyle,
    family_key,
    family_styles,
    label,
    settled,
    title,
    zero_line,
)
from calibration.wording import CONFIDENCE, QUANTITIES, SIZES, Row, determined, exponent, size

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

Kind = Literal["svg", "png", "pdf"]

PNG_DOTS_PER_INCH: Final = 160  # sharp on a dense screen at half its size
BINS: Final = 32  # more points than this hide a curve in its own noise
PANELS_ABREAST: Final = 3  # small multiples in a row; more would make the type unreadable
LABELLED_PATHS: Final = 6  # with more, labels of decodings would hide the points
WIDE_DECADES: Final = 1.5  # a wider axis has room for fewer labels a decade


HUMAN: Final = ("log_loss", "teacher_entropy")  # columns whose steps are those of human texts
HASH_SALT: Final = "calibration"  # fixed, so that equal figures are equal files
UNDATED: Final[dict[Kind, dict[str, None]]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {},
}


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


def rendered(figure: Figure, kind: Kind) -> bytes:
    """The file of a figure; equal figures give equal bytes, whenever they are made."""
    buffer = BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": HASH_SALT}):
        figure.savefig(buffer, format=kind, metadata=UNDATED[kind], dpi=PNG_DOTS_PER_INCH)
    return buffer.getvalue()


@matplotlib.rc_context(STYLE)
def entropy_over_steps(curves: pl.DataFrame, *, dataset: str, decoding: str) -> Figure:
    """H, H⁺ and L by step, one panel a model, drift = H - H⁺ shaded, in nats.

    `curves` is a table CURVES. Ribbons are one standard error either side. ValueError if the
    data set was not measured under this decoding.
    """
    shown = _measured(curves, dataset, decoding)
    models = shown["model"].unique(maintain_order=True).to_list()
    width = -(-shown["position"].n_unique() // BINS)
    figure, panels = _small_multiples(len(models))
    for panel, model in zip(panels, models, strict=True):
        _draw_steps(panel, binned(shown.filter(pl.col("model") == model), width))
        panel.set_title(model)
    _key(figure)
    averaged = f"averages of {width} steps, " if width > 1 else ""
    title(
        figure,
        "Own text (H) against human text (H⁺ and L), step by step: the shaded gap is drift",
        detail=f"{dataset}, {decoding}; {averaged}ribbons of one standard error either side",
    )
    return settled(figure)


@matplotlib.rc_context(STYLE)
def ent_ce_against_size(
    ent_ce: pl.DataFrame,
    fits: pl.DataFrame,
    *,
    bands: pl.DataFrame,
    dataset: str,
    decoding: str,
) -> Figure:
    """EntCE and drift of every model against its size, with the fitted law of each family.

    Tables ENT_CE, FITS and BANDS; nats a token, linear, since both may be negative. A family
    whose exponent is not determined keeps its points and has no line. ValueError if the data set
    was not measured under this decoding.
    """
    shown = _measured(ent_ce, dataset, decoding)
    laws = fits.filter(_series(dataset, decoding))
    lines = bands.filter(_series(dataset, decoding))
    x = _size_column(laws)
    styles = family_styles(ent_ce, shown)
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    for panel, quantity in zip(panels, ("ent_ce", "drift"), strict=True):
        fitted = laws.filter((pl.col("quantity") == quantity) & (pl.col("x") == x))
        labels = {row["family"]: _exponent_label(row) for row in fitted.rows(named=True)}
        for family, style in styles.items():
            models = shown.filter(pl.col("family") == family)
            _draw_models(panel, models, x=x, quantity=quantity, style=style)
        for row in filter(determined, fitted.rows(named=True)):
            of_family = (pl.col("family") == row["family"]) & (pl.col("quantity") == quantity)
            _draw_band(panel, lines.filter(of_family), styles[row["family"]])
        _size_axes(panel, shown[x].to_numpy(), name=SIZES[x])
        panel.set_title({"ent_ce": "EntCE = H - L", "drift": "drift = H - H⁺"}[quantity])
        panel.set_ylabel(f"{QUANTITIES[quantity]} (nats per token)")
        family_key(panel, styles, labels=labels)
    title(
        figure,
        "EntCE and its part from error accumulation (drift), against the size of the model",
        detail=f"{dataset}, {decoding}; bars and bands are {CONFIDENCE} intervals",
    )
    return settled(figure)


@matplotlib.rc_context(STYLE)
def loss_ent_ce_plane(ent_ce: pl.DataFrame, *, dataset: str) -> Figure:
    """Log loss (nats a token) across, EntCE up: each model's path through its decodings.

    `ent_ce` is a table ENT_CE; a path visits the decodings in the order of its rows. Best is
    the zero line far to the left: calibrated at a low log loss. ValueError if the data set was
    not measured.
    """
    shown = ent_ce.filter(pl.col("dataset") == dataset)
    if shown.is_empty():
        raise ValueError(f"rows of data set {dataset!r} were expected, the table has none")
    styles = family_styles(ent_ce, shown)
    tags = _tags(shown["decoding"].unique(maintain_order=True).to_list())
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    panel = figure.subplots()
    labelled = _labelled(shown)
    for (model,), path in shown.group_by("model", maintain_order=True):
        _draw_path(panel, path, style=styles[path["family"][0]])
        _name_path(panel, path)
        if model in labelled:
            for row in path.rows(named=True):
                label(panel, (row["log_loss"], row["ent_ce"]), tags[row["decoding"]])
    zero_line(panel)
    panel.margins(x=0.09, y=0.12)
    panel.set_xlabel("log loss of human text, L (nats per token)")
    panel.set_ylabel("EntCE = H - L (nats per token)")
    family_key(panel, styles, labels={})
    title(
        figure,
        "What each decoding trades: EntCE against the log loss that it costs",
        detail=f"{dataset}; a path for each model, a point for each decoding "
        f"({_range(list(tags))}), {CONFIDENCE} intervals",
    )
    return settled(figure)


def binned(curve: pl.DataFrame, width: int) -> pl.DataFrame:
    """One model's rows of CURVES averaged over bins of `width` steps, weighted by their counts.

    Standard errors are averaged too: steps of one text are correlated, so that an average need
    not be surer than its parts; this is the upper bound.
    """
    columns = [name for name in curve.columns if curve.schema[name].is_float()]
    averages = [
        # An unknown standard error makes its bin's unknown; a sum would count it as 0.
        (pl.col(name).fill_null(float("nan")) * weights).sum() / weights.sum()
        for name in columns
        for weights in [pl.col("count_human" if name.startswith(HUMAN) else "count")]
    ]
    first = (pl.col("position") - 1) // width
    bins = (
        curve.filter(pl.col("count") > 0)
        .group_by(first.alias("bin"))
        .agg(
            pl.col("position").mean(), *(a.alias(n) for a, n in zip(averages, columns, strict=True))
        )
    )
    return bins.sort("bin").drop("bin")


def _measured(table: pl.DataFrame, dataset: str, decoding: str) -> pl.DataFrame:
    shown = table.filter(_series(dataset, decoding))
    if shown.is_empty():
        raise ValueError(
            f"rows of data set {dataset!r} under {decoding!r} were expected, the table has none"
        )
    return shown


def _series(dataset: str, decoding: str) -> pl.Expr:
    return (pl.col("dataset") == dataset) & (pl.col("decoding") == decoding)


def _small_multiples(panels: int) -> tuple[Figure, list[Axes]]:
    columns = 2 if panels == 4 else min(panels, PANELS_ABREAST)
    rows = -(-panels // columns)
    height = 4.8 if rows == 1 and columns == 1 else 1.4 + 2.3 * rows
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes = list(grid.flat)
    for above, unused in zip(axes[panels - columns : panels], axes[panels:], strict=False):
        above.tick_params(labelbottom=True)
        unused.remove()
    for lowest in axes[max(0, panels - columns) : panels]:
        lowest.set_xlabel("step (tokens)")
    for leftmost in grid[:, 0]:
        leftmost.set_ylabel("nats per token")
    return figure, axes[:panels]


def _draw_steps(panel: Axes, curve: pl.DataFrame) -> None:
    position = curve["position"].to_numpy()
    own, human = curve["entropy"].to_numpy(), curve["teacher_entropy"].to_numpy()
    panel.fill_between(position, human, own, color=ORANGE, alpha=0.35, linewidth=0)
    for drawn in STEP_CURVES:
        middle = curve[drawn.column].to_numpy()
        error = curve[f"{drawn.column}_se"].to_numpy()
        panel.fill_between(
            position, middle - error, middle + error, color=drawn.colour, alpha=0.16, linewidth=0
        )
        panel.plot(position, middle, color=drawn.colour, linestyle=drawn.line)
    panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _key(figure: Figure) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=drawn.colour, linestyle=drawn.line) for drawn in STEP_CURVES
    ]
    handles.append(Patch(color=ORANGE, alpha=0.35, linewidth=0))
    labels = [drawn.label for drawn in STEP_CURVES] + ["drift = H - H⁺"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, handlelength=2.6)


def _size_column(laws: pl.DataFrame) -> str:
    """The size that the laws are in; ENT_CE knows no training tokens, so those cannot be drawn."""
    declared = [x for x in laws["x"].unique(maintain_order=True).to_list() if x != "tokens"]
    return declared[0] if declared else "parameters"


def _exponent_label(fit: Row) -> str:
    return f"exponent {exponent(fit)}" if determined(fit) else "exponent not determined"


def _draw_models(
    panel: Axes, models: pl.DataFrame, *, x: str, quantity: str, style: SeriesStyle
) -> None:
    panel.errorbar(
        models[x].to_numpy(),
        models[quantity].to_numpy(),
        yerr=_bars(models, quantity),
        fmt=style.marker,
        color=style.colour,
        markersize=6.5,
        elinewidth=1.4,
        capsize=3,
        zorder=3,
    )


def _bars(models: pl.DataFrame, quantity: str) -> NDArray[np.float64]:
    middle = models[quantity].to_numpy()
    below = middle - models[f"{quantity}_low"].to_numpy()
    above = models[f"{quantity}_high"].to_numpy() - middle
    return np.stack([below, above])  # (below and above, model)


def _draw_band(panel: Axes, band: pl.DataFrame, style: SeriesStyle) -> None:
    line = band.sort("size")
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


def _size_axes(panel: Axes, sizes: NDArray[np.int64], *, name: str) -> None:
    panel.set_xscale("log")
    decades = np.log10(sizes.max() / sizes.min())
    panel.xaxis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if decades < WIDE_DECADES else (1.0, 3.0))
    )
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(value)))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel(name)
    panel.margins(x=0.08)
    if sizes.min() == sizes.max():  # a margin of nothing is nothing, and the axis has no width
        panel.set_xlim(sizes.min() / 2, sizes.max() * 2)
    zero_line(panel)


def _labelled(shown: pl.DataFrame) -> set[str]:
    """The models whose points are labelled: all, or of each family the one of lowest log loss."""
    if shown["model"].n_unique() <= LABELLED_PATHS:
        return set(shown["model"])
    return set(shown.sort("log_loss").unique("family", keep="first", maintain_order=True)["model"])


def _draw_path(panel: Axes, path: pl.DataFrame, *, style: SeriesStyle) -> None:
    panel.errorbar(
        path["log_loss"].to_numpy(),
        path["ent_ce"].to_numpy(),
        yerr=_bars(path, "ent_ce"),
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        markersize=6,
        elinewidth=0.8,
        linewidth=1.3,
        zorder=3,
    )


def _name_path(panel: Axes, path: pl.DataFrame) -> None:
    row = path.sort("ent_ce", descending=True, nulls_last=True).row(0, named=True)
    top = row["ent_ce"] if row["ent_ce_high"] is None else row["ent_ce_high"]
    if top is not None:
        label(panel, (row["log_loss"], top), row["model"], offset=(-2, 3), rotation=40)


def _range(decodings: Sequence[str]) -> str:
    ends = dict.fromkeys((decodings[0], decodings[-1]))
    return " to ".join(ends)


def _tags(decodings: Sequence[str]) -> dict[str, str]:
    """What tells each decoding from the others: words that all begin with are left out."""
    words = [decoding.split() for decoding in decodings]
    shared = 0
    while len(set(map(tuple, (own[: shared + 1] for own in words)))) == 1 and all(
        len(own) > shared + 1 for own in words
    ):
        shared += 1
    return {
        decoding: " ".join(own[shared:]) for decoding, own in zip(decodings, words, strict=True)
    }
