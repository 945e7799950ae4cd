"""The plane of log loss and EntCE: what each decoding gains, and what it costs.

Temperatures make one path a model, beside which fitted decodings are points; a chat model is
joined to the point of its base model. A truncation makes another over its mixture λ, which no
single λ stands for; the pure sampler has an entropy H and no log loss, so that its place is the
line EntCE = H - L, along which the path goes on as λ falls.
"""

from collections.abc import Sequence
from typing import Final

import matplotlib
import numpy as np
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
from calibration.report.figures.fitted import draw_fitted, fitted_words
from calibration.report.figures.sizes import bars
from calibration.report.paths import on_the_plane, paths, plain
from calibration.report.results import ReportTables, ends_of_families, names
from calibration.report.wording import CONFIDENCE, Row, nats_per, unit_of
from calibration.tables import MODEL_LABELS

LABELLED_PATHS: Final = 6  # with more, labels would hide the points
LABELLED_TRUNCATIONS: Final = 12  # of all models together, for the same reason
APART: Final = 0.02  # of the width of the plane: names nearer to each other would overlap
CHAT_MARKER: Final = 7.5  # hollow, and with thinner shapes than those of base models
DOTTED: Final = (0, (1, 1.6))
# Of a path over λ, at its largest λ and at its smallest: paper shows through as less is mixed in,
# and markers shrink, which a grey print shows too.
OPACITY: Final = (1.0, 0.45)
MARKER: Final = (6.5, 3.5)
PURE_REACH: Final = 0.05  # of the width of the plane: how far the line of a pure sampler goes on


@matplotlib.rc_context(STYLE)
def loss_ent_ce_plane(tables: ReportTables, *, dataset: str, decoding: str) -> Figure:
    """Log loss (nats a unit) across, EntCE up: each model's paths through its decodings.

    The path of temperatures goes from the warmest to the coldest; the `decoding` of a chat model is
    joined to its base model's. A path over λ is thin and its markers are hollow; it fades toward
    small λ and ends in an arrow, from which the dotted line of the pure sampler goes on. Best is
    the zero line far to the left: calibrated at a low log loss. ValueError if the data set was not
    measured under this decoding.
    """
    tables.measured(dataset, decoding)
    every = tables.of(dataset).ent_ce.sort(pl.col("decoding") != decoding, maintain_order=True)
    shown = on_the_plane(every)
    styles = _hollow_where_tuned(family_styles(tables.ent_ce, every), every)
    tags = _tags(names(plain(shown), "decoding"))
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    panel = figure.subplots()
    named, labelled = _named(shown), _labelled(shown)
    for (model,), of_model in shown.group_by("model", maintain_order=True):
        path = plain(of_model)
        if len(path):
            warmest_first = path.sort("temperature", descending=True, maintain_order=True)
            _draw_path(panel, warmest_first, style=styles[path["family"][0]])
            _draw_tuning(panel, path, shown, style=styles[path["family"][0]])
        draw_fitted(panel, _fitted(of_model, tables), style=styles[of_model["family"][0]])
        if model in named:
            _name_path(panel, path if len(path) else of_model)
        if model in labelled:
            for row in path.rows(named=True):
                label(panel, (row["log_loss"], row["ent_ce"]), tags[row["decoding"]])
    _draw_truncations(panel, every, styles=styles, labelled=labelled)
    zero_line(panel)
    panel.margins(x=0.09, y=0.12)
    nats = nats_per(unit_of(every))
    panel.set_xlabel(f"log loss of human text, L ({nats})")
    panel.set_ylabel(f"EntCE = H - L ({nats})")
    family_key(panel, styles, labels={})
    title(
        figure,
        "What each decoding trades: EntCE against the log loss that it costs",
        detail="; ".join(
            [dataset, *_described(tags, every), *_shapes(shown, tables), f"{CONFIDENCE} intervals"]
        ),
    )
    return settled(figure)


def _described(tags: dict[str, str], every: pl.DataFrame) -> list[str]:
    """What is drawn, in words."""
    words = []
    if tags:
        ends = _range(list(tags.values()))
        words.append(f"a path for each model, a point for each decoding ({ends})")
    if _tuned(every):
        words.append("thin lines from base models to the chat models made of them (hollow)")
    found = list(paths(every))
    mixtures = sorted({one for _, rows in found for one in on_the_plane(rows)["mixture"]})
    if mixtures:
        ends = _range([f"{one:g}" for one in reversed(mixtures)])
        words.append(
            f"thin paths over the mixture λ of each truncation ({ends}, arrows to small λ)"
        )
    if any((rows["mixture"] == 0).any() for _, rows in found):
        words.append("dotted: where EntCE = H - L of the pure sampler")
    return words


def _fitted(shown: pl.DataFrame, tables: ReportTables) -> pl.DataFrame:
    """The rows of fitted decodings, each with the kind of its method."""
    labels = list(MODEL_LABELS)
    kinds = tables.calibrated.select(*labels, "kind")
    return shown.join(kinds, on=labels, how="inner", maintain_order="left")


def _shapes(shown: pl.DataFrame, tables: ReportTables) -> list[str]:
    kinds = names(_fitted(shown, tables), "kind")
    return [fitted_words(kinds)] if kinds else []


def _tuned(every: pl.DataFrame) -> bool:
    """Whether some chat model stands beside its base model."""
    chat = plain(every).filter("chat").select("decoding", model="base")
    return not chat.join(plain(every), on=["decoding", "model"], how="semi").is_empty()


def _hollow_where_tuned(
    styles: dict[str, SeriesStyle], every: pl.DataFrame
) -> dict[str, SeriesStyle]:
    chat = set(every.filter("chat")["family"])
    return {
        family: style._replace(face="white") if family in chat else style
        for family, style in styles.items()
    }


def _named(shown: pl.DataFrame) -> list[str]:
    """The models whose paths have a name: all, or the ends of the families of base models.

    Of these, none whose name would stand on that of another.
    """
    models = names(shown, "model")
    if len(models) <= LABELLED_PATHS:
        return models
    ends, apart = ends_of_families(_untuned(shown)), APART * _width(shown)
    tops = shown.sort("ent_ce", descending=True).unique("model", keep="first")
    places = dict(tops.select("model", "log_loss").rows())
    named: list[str] = []
    for model in ends:
        if all(abs(places[model] - places[other]) >= apart for other in named):
            named.append(model)
    return named


def _width(shown: pl.DataFrame) -> float:
    losses: list[float] = shown["log_loss"].to_list()
    return max(losses) - min(losses)


def _labelled(shown: pl.DataFrame) -> list[str]:
    """The models whose points are labelled: all, or the one on whose right there is most room."""
    models = names(shown, "model")
    if len(models) <= LABELLED_PATHS:
        return models
    return names(_untuned(shown).sort("log_loss", descending=True).head(1), "model")


def _untuned(shown: pl.DataFrame) -> pl.DataFrame:
    """The base models, or whatever there is: a chat model is known by its line to one of them."""
    base = shown.filter(~pl.col("chat"))
    return shown if base.is_empty() else base


def _draw_path(panel: Axes, path: pl.DataFrame, *, style: SeriesStyle) -> None:
    chat = bool(path["chat"][0])
    panel.errorbar(
        path["log_loss"].to_numpy(),
        path["ent_ce"].to_numpy(),
        yerr=bars(path, "ent_ce"),
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        markerfacecolor=style.face or style.colour,
        markersize=CHAT_MARKER if chat else 6,
        elinewidth=0.8,
        linewidth=1.3,
        zorder=3.2 if chat else 3,
    )


def _draw_tuning(
    panel: Axes, path: pl.DataFrame, shown: pl.DataFrame, *, style: SeriesStyle
) -> None:
    """From a chat model's first point a thin line to that of its base model, if both are there."""
    first = path.row(0, named=True)
    if not first["chat"] or first["base"] is None:
        return
    base = shown.filter(model=first["base"], decoding=first["decoding"])
    if base.is_empty():
        return
    ends = pl.concat([base, path.head(1)])
    panel.plot(
        ends["log_loss"].to_numpy(),
        ends["ent_ce"].to_numpy(),
        color=style.colour,
        linewidth=0.6,
        zorder=2.1,
    )


def _draw_truncations(
    panel: Axes,
    every: pl.DataFrame,
    *,
    styles: dict[str, SeriesStyle],
    labelled: Sequence[str],
) -> None:
    """A path over λ for each truncation of each model, and the line of its pure sampler."""
    found = [
        (title, rows)
        for _, of_model in every.group_by("model", maintain_order=True)
        for title, rows in paths(of_model)
    ]
    known = [on_the_plane(rows) for _, rows in found]
    drawn = pl.concat([on_the_plane(every), *known])["log_loss"]
    reach = PURE_REACH * max(float(drawn.max() - drawn.min()), 0.1) if len(drawn) else 0.0  # type: ignore[operator,arg-type]
    few = sum(rows["model"][0] in labelled for _, rows in found) <= LABELLED_TRUNCATIONS
    for (_, rows), path in zip(found, known, strict=True):
        if path.is_empty():
            continue
        style = styles[path["family"][0]]
        _draw_mixtures(panel, path, whole=_whole(every, path), style=style)
        pure = rows.filter(pl.col("mixture") == 0)
        if len(pure):
            _draw_pure(panel, path, entropy=float(pure["entropy"][0]), reach=reach, style=style)
        if few and path["model"][0] in labelled:
            last = path.row(-1, named=True)
            place = (last["log_loss"], last["ent_ce"])
            label(panel, place, _truncation(last), offset=(7, 3))


def _truncation(row: Row) -> str:
    """What a path is called: its temperature where it is not that of the model itself."""
    of = row["truncation"]
    return of if row["temperature"] == 1 else f"{of} at {row['temperature']:g}"


def _whole(every: pl.DataFrame, path: pl.DataFrame) -> pl.DataFrame:
    """What a path over λ would begin at, λ = 1: its model and temperature without a truncation."""
    found = path.row(0, named=True)
    same = (pl.col(name) == found[name] for name in ("model", "temperature"))
    return on_the_plane(plain(every).filter(*same))


def _draw_mixtures(
    panel: Axes, path: pl.DataFrame, *, whole: pl.DataFrame, style: SeriesStyle
) -> None:
    """One truncation's points from the largest λ on, with a line from where λ would be 1."""
    across, up = path["log_loss"].to_numpy(), path["ent_ce"].to_numpy()
    reaches = bars(path, "ent_ce")
    line = pl.concat([whole, path])
    panel.plot(
        line["log_loss"].to_numpy(),
        line["ent_ce"].to_numpy(),
        color=style.colour,
        linewidth=0.8,
        linestyle=style.line,
        zorder=2.2,
    )
    for place, share in enumerate(np.linspace(0, 1, len(path))):
        panel.errorbar(
            across[place : place + 1],
            up[place : place + 1],
            yerr=reaches[:, place : place + 1],
            fmt=style.marker,
            color=style.colour,
            markerfacecolor="white",
            markersize=np.interp(share, (0, 1), MARKER),
            alpha=np.interp(share, (0, 1), OPACITY),
            elinewidth=0.6,
            zorder=2.8,
        )
    if len(path) > 1:
        panel.annotate(
            "",
            (across[-1], up[-1]),
            xytext=(across[-2], up[-2]),
            arrowprops={"arrowstyle": "-|>", "color": style.colour, "linewidth": 0.8},
            zorder=2.3,
        )


def _draw_pure(
    panel: Axes, path: pl.DataFrame, *, entropy: float, reach: float, style: SeriesStyle
) -> None:
    """Where EntCE would be if H were the pure sampler's: beyond the smallest λ of its path."""
    across = np.array([path["log_loss"][-1], path["log_loss"][-1] + reach])
    panel.plot(
        across, entropy - across, color=style.colour, linestyle=DOTTED, linewidth=1.4, zorder=2
    )


def _name_path(panel: Axes, path: pl.DataFrame) -> None:
    row = path.sort("ent_ce", descending=True, nulls_last=True).row(0, named=True)
    top = row["ent_ce"] if row["ent_ce_high"] is None else row["ent_ce_high"]
    label(panel, (row["log_loss"], top), row["model"], offset=(-2, 3), rotation=40)


def _range(decodings: Sequence[str]) -> str:
    ends = dict.fromkeys((decodings[0], decodings[-1]))
    return " to ".join(ends)


def _tags(decodings: Sequence[str]) -> dict[str, str]:
    """What tells each decoding from the others: words that all begin with are left out."""
    if not decodings:
        return {}
    words = [decoding.split() for decoding in decodings]
    shared = 0
    while len(set(map(tuple, (own[: shared + 1] for own in words)))) == 1 and all(
        len(own) > shared + 1 for own in words
    ):
        shared += 1
    return {
        decoding: " ".join(own[shared:]) for decoding, own in zip(decodings, words, strict=True)
    }
