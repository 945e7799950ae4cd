"""The plane of log loss and EntCE: what each decoding gains, and what it costs."""

from collections.abc import Sequence
from typing import Final

import matplotlib
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.report.figures.drawing import (
    STYLE,
    WIDTH,
    SeriesStyle,
    family_key,
    family_styles,
    label,
    settled,
    title,
    zero_line,
)
from calibration.report.figures.sizes import bars
from calibration.report.results import ReportTables, ends_of_families, names
from calibration.report.wording import CONFIDENCE, nats_per, unit_of

LABELLED_PATHS: Final = 6  # with more, labels would hide the points


@matplotlib.rc_context(STYLE)
def loss_ent_ce_plane(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Log loss (nats a unit) across, EntCE up: each model's path through its decodings.

    A path begins at `decoding` and visits the others in the order of the rows of ENT_CE. Best is
    the zero line far to the left: calibrated at a low log loss. ValueError if the data set was
    not measured under this decoding.
    """
    tables.measured(dataset, decoding)
    shown = tables.of(dataset).ent_ce.sort(pl.col("decoding") != decoding, maintain_order=True)
    styles = family_styles(tables.ent_ce, shown)
    tags = _tags(names(shown, "decoding"))
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    panel = figure.subplots()
    named, labelled = _named(shown), _labelled(shown)
    for (model,), path in shown.group_by("model", maintain_order=True):
        _draw_path(panel, path, style=styles[path["family"][0]])
        if model in named:
            _name_path(panel, path)
        if model in labelled:
            for row in path.rows(named=True):
                label(panel, (row["log_loss"], row["ent_ce"]), tags[row["decoding"]])
    zero_line(panel)
    panel.margins(x=0.09, y=0.12)
    nats = nats_per(unit_of(shown))
    panel.set_xlabel(f"log loss of human text, L ({nats})")
    panel.set_ylabel(f"EntCE = H - L ({nats})")
    family_key(panel, styles, labels={})
    title(
        figure,
        "What each decoding trades: EntCE against the log loss that it costs",
        detail=f"{dataset}; a path for each model, a point for each decoding "
        f"({_range(list(tags))}), {CONFIDENCE} intervals",
    )
    return settled(figure)


def _named(shown: pl.DataFrame) -> list[str]:
    """The models whose paths have a name: all, or the ends of the families."""
    models = names(shown, "model")
    return models if len(models) <= LABELLED_PATHS else ends_of_families(shown)


def _labelled(shown: pl.DataFrame) -> list[str]:
    """The models whose points are labelled: all, or of each family the one of lowest log loss."""
    models = names(shown, "model")
    if len(models) <= LABELLED_PATHS:
        return models
    return names(shown.sort("log_loss").unique("family", keep="first"), "model")


def _draw_path(panel: Axes, path: pl.DataFrame, *, style: SeriesStyle) -> None:
    panel.errorbar(
        path["log_loss"].to_numpy(),
        path["ent_ce"].to_numpy(),
        yerr=bars(path, "ent_ce"),
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
