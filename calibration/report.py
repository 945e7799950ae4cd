"""A study's tables as one page to read and as a few lines for the terminal.

The page needs no network and no script. The first decoding of the tables is the one that is drawn
and headlined; all of them are in the tables. A log loss stands beside every EntCE, since a
calibration claim means nothing without it. Knows no disk: tables in, text out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from calibration.figures import (
    ent_ce_against_size,
    entropy_over_steps,
    loss_ent_ce_plane,
    rendered,
)
from calibration.listing import (
    FITTED,
    MEASURED,
    TEXTS,
    fit_cells,
    measured_cells,
    summary_lines,
    text_cells,
)
from calibration.page import (
    Column,
    Html,
    bullets,
    definitions,
    element,
    joined,
    page,
    picture,
    section,
    table,
)
from calibration.wording import CONFIDENCE, QUANTITIES, count, findings, listed

TERMS: Final = (
    (
        "L, log loss",
        "The mean of -log p(next token) on human text, in nats per token. It is what training "
        "lowers, and what diversity is read off.",
    ),
    (
        "H, entropy",
        "The mean entropy of the model's next-token distribution while it continues its own text.",
    ),
    (
        "H⁺, entropy on human text",
        "The same mean entropy when the text so far is the human one (teacher forced).",
    ),
    (
        "EntCE = H - L, entropy calibration error",
        "Above 0, the model's own text is more entropic than its log loss on human text; "
        "a calibrated model has 0. A uniform model has 0 too, so it is read beside the log loss.",
    ),
    (
        "drift = H - H⁺",
        "What the model's own text adds: the accumulation of errors. At the first step it is 0.",
    ),
    (
        "static = H⁺ - L",
        "Miscalibration that is there one step ahead, on human text. EntCE = drift + static.",
    ),
)
INTERVALS: Final = (
    f"All intervals are {CONFIDENCE}. Those of EntCE, drift and static take the source text, "
    "never the token, as the unit of independence; those of an exponent include the scatter of "
    "models around the fitted law. The measurement-only interval beside them holds for exactly "
    "these models and is not one for other models of the family."
)
PAPER: Final = (
    "The paper: Cao, Valiant and Liang, On the Entropy Calibration of Language Models, "
    "NeurIPS 2025, arXiv 2511.11966."
)


@dataclass(frozen=True)
class Provenance:
    """How a report came to be: what a reader needs to make it again, and to doubt it.

    `addresses` are pairs of what a table is and where it lies in the store; `differences` are
    the study's departures from the paper's protocol, a sentence each.
    """

    study: str
    made_at: str
    versions: Mapping[str, str]
    commit: str
    seed: int
    at_end: str
    addresses: Sequence[tuple[str, str]]
    differences: Sequence[str]
    notes: Sequence[str]


def report_page(
    ent_ce: pl.DataFrame,
    curves: pl.DataFrame,
    fits: pl.DataFrame,
    bands: pl.DataFrame,
    provenance: Provenance,
) -> str:
    """The whole report as one HTML page, complete in itself.

    Tables ENT_CE, CURVES, FITS and BANDS with all models, data sets and decodings of a study;
    nats a token throughout. ValueError if a data set has no curves.
    """
    return page(
        f"Entropy calibration: {provenance.study}",
        _opening(ent_ce, fits, provenance),
        section("What is measured", definitions(TERMS), element("p", INTERVALS)),
        *(
            _dataset_section(dataset, ent_ce, curves=curves, fits=fits, bands=bands)
            for dataset in _names(ent_ce, "dataset")
        ),
        section("Exponents", *_fitted(fits)),
        section("Warnings", _or_none(_warnings(fits), "No fit raised a warning.")),
        section("How it was made", *_making(provenance)),
        section(
            "What differs from the paper's protocol",
            element("p", PAPER),
            _or_none(provenance.differences, "Nothing was recorded as different."),
        ),
    )


def summary_text(ent_ce: pl.DataFrame, fits: pl.DataFrame) -> str:
    """What the terminal shows after a run: the measurements, then a line a fit.

    Tables ENT_CE and FITS. A block for each data set and decoding; no line is wider than 110
    columns, and a name too long for its column has a line of its own.
    """
    series = ent_ce.select("dataset", "decoding").unique(maintain_order=True)
    return "\n\n".join(
        "\n".join(summary_lines(_of(ent_ce, *names), _of(fits, *names))) for names in series.rows()
    )


def _opening(ent_ce: pl.DataFrame, fits: pl.DataFrame, provenance: Provenance) -> Html:
    datasets, decodings = _names(ent_ce, "dataset"), _names(ent_ce, "decoding")
    measured = listed(
        [
            count(ent_ce["model"].n_unique(), "model"),
            count(len(datasets), "data set"),
            count(len(decodings), "decoding"),
        ]
    )
    byline = f"Study {provenance.study}: {measured}. Made {provenance.made_at}."
    return joined(
        element("h1", f"Entropy calibration: {provenance.study}"),
        element("p", byline, class_="byline"),
        *(_headline(dataset, ent_ce, fits) for dataset in datasets),
    )


def _headline(dataset: str, ent_ce: pl.DataFrame, fits: pl.DataFrame) -> Html:
    decoding = _drawn(dataset, ent_ce)
    first, *others = findings(_of(ent_ce, dataset, decoding), _of(fits, dataset, decoding))
    return element(
        "div",
        element("p", f"On {dataset} ({decoding}), {first}"),
        bullets(others),
        class_="headline",
    )


def _dataset_section(
    dataset: str,
    ent_ce: pl.DataFrame,
    *,
    curves: pl.DataFrame,
    fits: pl.DataFrame,
    bands: pl.DataFrame,
) -> Html:
    rows = ent_ce.filter(pl.col("dataset") == dataset).rows(named=True)
    return section(
        f"Data set {dataset}",
        element("h3", "EntCE and its parts"),
        table(
            f"EntCE and its two parts on {dataset}, nats per token, with {CONFIDENCE} intervals.",
            MEASURED,
            rows=[measured_cells(row) for row in rows],
        ),
        element("h3", "Figures"),
        *_pictures(dataset, ent_ce, curves=curves, fits=fits, bands=bands),
        element("h3", "Texts, bytes and ends"),
        table(
            f"What was measured on {dataset}: how much text, its length in bytes, the share of "
            "human tokens that the decoding allows (coverage), the share of texts that ended, "
            "and the probability a step that the models put on ending.",
            TEXTS,
            rows=[text_cells(row) for row in rows],
        ),
    )


def _pictures(
    dataset: str,
    ent_ce: pl.DataFrame,
    *,
    curves: pl.DataFrame,
    fits: pl.DataFrame,
    bands: pl.DataFrame,
) -> Iterator[Html]:
    decoding = _drawn(dataset, ent_ce)
    where = f"{dataset}, {decoding}"
    steps = entropy_over_steps(curves, dataset=dataset, decoding=decoding)
    yield picture(
        rendered(steps, "svg"),
        alt=f"Line charts, one a model, of H, H⁺ and L by step ({where}); drift is shaded.",
        caption=f"Entropy and log loss by step, {where}. The model's own text (H) and human text "
        "(H⁺) start from the same prompts, so that drift is 0 at the first step; where H leaves "
        "H⁺, errors accumulate. Ribbons are one standard error either side.",
    )
    sizes = ent_ce_against_size(ent_ce, fits, bands=bands, dataset=dataset, decoding=decoding)
    yield picture(
        rendered(sizes, "svg"),
        alt=f"Two charts of EntCE and of drift against model size ({where}); the values are in "
        "the table of EntCE and its parts, the exponents in the table of exponents.",
        caption=f"EntCE and drift against size, {where}. Bars are {CONFIDENCE} intervals of each "
        "model, bands those of the fitted law. A family whose exponent is not determined has no "
        "line.",
    )
    yield picture(
        rendered(loss_ent_ce_plane(ent_ce, dataset=dataset), "svg"),
        alt=f"Chart of EntCE against log loss on {dataset}, a path a model through its decodings; "
        "the values are in the table of EntCE and its parts.",
        caption=f"What a decoding gains and costs, {dataset}. A decoding that lowers entropy "
        "lowers EntCE and raises log loss; best is a point on the zero line, far to the left.",
    )


def _fitted(fits: pl.DataFrame) -> list[Html]:
    if fits.is_empty():
        return [element("p", "No family was fitted.")]
    methods = fits.select("law", "method").unique(maintain_order=True).rows()
    return [
        table(
            "The fitted law of each family: quantity = amplitude × size to the power of the "
            f"exponent. Intervals are {CONFIDENCE}; scatter is the spread of models around the "
            "law, in units of the logarithm of the quantity.",
            FITTED,
            rows=[fit_cells(fit) for fit in fits.rows(named=True)],
        ),
        bullets([f"Law {law}, fitted by {method}." for law, method in methods]),
    ]


def _warnings(fits: pl.DataFrame) -> list[str]:
    """Each warning once, with the fits that raised it."""
    raised: dict[str, list[str]] = {}
    for fit in fits.rows(named=True):
        series = f"{QUANTITIES[fit['quantity']]} of {fit['family']} on {fit['dataset']}"
        for warning in fit["warnings"] or ():
            raised.setdefault(warning, []).append(f"{series} ({fit['decoding']})")
    return [f"{warning}: {'; '.join(series)}." for warning, series in raised.items()]


def _making(provenance: Provenance) -> list[Html]:
    facts = [
        ("study", provenance.study),
        ("made", provenance.made_at),
        ("code", provenance.commit),
        ("seed", str(provenance.seed)),
        ("at the end of a text", provenance.at_end),
        ("versions", ", ".join(f"{name} {v}" for name, v in provenance.versions.items())),
    ]
    return [
        definitions(facts),
        *([bullets(provenance.notes)] if provenance.notes else []),
        table(
            "The tables this page was made from.",
            (Column("table", "name"), Column("address in the store", "prose")),
            rows=provenance.addresses,
        ),
    ]


def _or_none(sentences: Sequence[str], none: str) -> Html:
    return bullets(sentences) if sentences else element("p", none)


def _names(frame: pl.DataFrame, column: str) -> list[str]:
    return frame[column].unique(maintain_order=True).to_list()


def _of(frame: pl.DataFrame, dataset: str, decoding: str) -> pl.DataFrame:
    return frame.filter((pl.col("dataset") == dataset) & (pl.col("decoding") == decoding))


def _drawn(dataset: str, ent_ce: pl.DataFrame) -> str:
    return _names(ent_ce.filter(pl.col("dataset") == dataset), "decoding")[0]
