"""Every figure of a study by name: its file, its caption, words for who cannot see it.

Nothing is drawn before it is asked for. The page, the files of a report and whoever else shows a
figure take it from here, so that one figure has one name and one caption everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, NamedTuple

import polars as pl
from matplotlib.figure import Figure

from calibration.report.comparability import brief_note_on_tokens, tokens_differ
from calibration.report.figures.drawing import MOST_PANELS
from calibration.report.figures.ends import ends_over_steps
from calibration.report.figures.exponents import (
    anything_pooled,
    exponents_against_length,
    exponents_over_series,
    headlined_fits,
)
from calibration.report.figures.files import rendered
from calibration.report.figures.plane import loss_ent_ce_plane
from calibration.report.figures.ranks import MOST_TOKENIZERS, rank_frequency
from calibration.report.figures.singletons import singleton_mass
from calibration.report.figures.sizes import ent_ce_against_size, parts_against_size
from calibration.report.figures.spread import spread_over_steps
from calibration.report.figures.steps import entropy_over_steps
from calibration.report.figures.variety import variety_against_size
from calibration.report.paths import on_the_plane, truncated
from calibration.report.results import ReportTables
from calibration.report.theory_words import predicted_beside_fits
from calibration.report.wording import CONFIDENCE, determined, listed

STUDY: Final = ""  # stands for a data set where a figure is of all of them


@dataclass(frozen=True)
class StudyFigure:
    """One figure of one data set, or of all; `file` is its name, without the ending, in a study."""

    name: str
    file: str
    dataset: str
    caption: str
    alt: str
    draw: Callable[[], Figure]

    @cached_property
    def drawn(self) -> Figure:
        """The figure, drawn when it is first asked for and kept for all its renderings."""
        return self.draw()

    @cached_property
    def svg(self) -> bytes:
        """The file that stands in the page, and beside it."""
        return rendered(self.drawn, "svg")


class Entry(NamedTuple):
    """A figure as every data set has it.

    In its words, `{where}` is the data set and its decoding, `{choice}` which models have panels,
    `{tokenizers}` which tokenizers, `{mixtures}` how truncations are read, `{tuned}` how chat
    models are, `{tokens}` that the tokens of families differ.
    """

    name: str
    draw: Callable[..., Figure]
    caption: str
    alt: str
    there: Callable[[ReportTables], bool]  # whether a data set has something to show in it


def _always(shown: ReportTables) -> bool:
    return not shown.ent_ce.is_empty()


def _several_sizes(shown: ReportTables) -> bool:
    return shown.ent_ce["parameters"].n_unique() > 1


def _several_points(shown: ReportTables) -> bool:
    return len(on_the_plane(shown.ent_ce)) > 1


def _spread(shown: ReportTables) -> bool:
    return not shown.spread.is_empty()


def _any_above_zero(*columns: str) -> Callable[[ReportTables], bool]:
    return lambda shown: any((shown.ent_ce[column] > 0).any() for column in columns)


def _several_lengths(shown: ReportTables) -> bool:
    (dataset,) = shown.datasets
    known = shown.of(dataset, shown.headline(dataset)).horizons.filter("identified")
    return known["steps"].n_unique() > 1


def _variety(shown: ReportTables) -> bool:
    known = (shown.ent_ce[f"distinct_{n}_generated"].is_not_null().any() for n in (2, 4))
    return _several_sizes(shown) and any(known)


def _counted(shown: ReportTables) -> bool:
    return not shown.theory.is_empty()


def _of_texts(draw: Callable[..., Figure], *tables: str) -> Callable[..., Figure]:
    """The drawing of what is of a data set's texts alone, whatever the decoding."""

    def drawn(study: ReportTables, *, dataset: str, **_: str) -> Figure:
        return draw(*(getattr(study, name) for name in tables), dataset=dataset)

    return drawn


ENTRIES: Final = (
    Entry(
        "entropy-over-steps",
        entropy_over_steps,
        "Entropy and log loss by step, {where}. The model's own text (H) and human text (H⁺) start "
        "from the same prompts, so that drift is 0 at the first step; where H leaves H⁺, errors "
        "accumulate. Ribbons are one standard error either side.{choice}",
        "Line charts, one a model, of H, H⁺ and L by step ({where}); drift is shaded.",
        _always,
    ),
    Entry(
        "ent-ce-against-size",
        ent_ce_against_size,
        f"EntCE and drift against size, {{where}}. Bars are {CONFIDENCE} intervals of each model, "
        "bands those of the fitted law; the wider, paler band is where a further model of the "
        "family is predicted, as far as three times the largest one. A family whose exponent is "
        "not determined has no line.{tokens}",
        "Two charts of EntCE and of drift against model size ({where}); the values are in the "
        "table of EntCE and its parts, the exponents in the table of exponents.",
        _several_sizes,
    ),
    Entry(
        "exponents-against-length",
        exponents_against_length,
        f"The exponents of EntCE and drift when only the first steps are analysed, {{where}}, with "
        f"{CONFIDENCE} intervals. Errors saturate as texts grow, so that exponents of long texts "
        "can be flatter than those of short ones. Where no exponent is determined, there is none."
        "{tokens}",
        "Two charts of exponents, of EntCE and of drift, against the number of steps analysed "
        "({where}); the values are in the table horizons.",
        _several_lengths,
    ),
    Entry(
        "drift-and-static-against-size",
        parts_against_size,
        "The two parts of EntCE on one scale, {where}. Only drift is the accumulation of errors; "
        "static is there one step ahead, on human text. Static has no fitted law.{tokens}",
        "Two charts of drift and of static against model size ({where}); the values are in the "
        "table of EntCE and its parts.",
        _several_sizes,
    ),
    Entry(
        "loss-ent-ce-plane",
        loss_ent_ce_plane,
        "What a decoding gains and costs, {dataset}. A decoding that lowers entropy lowers EntCE "
        "and raises log loss; best is a point on the zero line, far to the left.{tuned}{mixtures}"
        "{fitted}{tokens}",
        "Chart of EntCE against log loss on {dataset}, a path a model through its decodings; the "
        "values are in the table of EntCE and its parts.",
        _several_points,
    ),
    Entry(
        "spread-over-steps",
        spread_over_steps,
        "Entropy of single texts by step, {where}: median and the bands of 50 % and 90 % of texts, "
        "the model's own against the human ones under the same model. Two means can agree while "
        "the texts do not: loops lie below the human band, derailed texts above it.{choice}",
        "Line charts, one a model, of quantiles over texts of entropy by step, own against human "
        "text ({where}); the shares of looping and derailed texts are in the table of loops, "
        "derailed texts and repetition.",
        _spread,
    ),
    Entry(
        "variety-against-size",
        variety_against_size,
        "Repetition (the share of 4-grams of tokens that the text had before) and distinct 2-grams "
        "of the model's own texts (filled) beside the human ones (hollow), {where}.{tokens}",
        "Two charts of repetition and of distinct 2-grams against model size, own beside human "
        "text ({where}); the values are in the table of loops, derailed texts and repetition.",
        _variety,
    ),
    Entry(
        "ends-over-steps",
        ends_over_steps,
        "Where texts end, {where}. Where generations go on past their end, the probability that "
        "was taken from ending a text at each step; where they may end, the share that has ended.",
        "Line charts, one a family and a line a model, of ends by step ({where}); their totals are "
        "in the table of texts, bytes and ends.",
        _any_above_zero("end_probability", "ended_share"),
    ),
    Entry(
        "rank-frequency",
        _of_texts(rank_frequency, "theory", "ranks"),
        "How often the types of a text occur, by rank, {dataset}. Points have their rank from one "
        "half of the source texts and their frequency from the other; a line has the slope -α, "
        "and is the law that the simplified theory takes the text to follow.{tokenizers}",
        "Charts of frequency against rank on logarithmic scales, of words and of the tokens, "
        "2-grams and 3-grams of each tokenizer on {dataset}; α is in the table of the theory.",
        _counted,
    ),
    Entry(
        "singleton-mass",
        _of_texts(singleton_mass, "singletons"),
        "The share of tokens that occur once and its exponent, against the length of text m, "
        "{dataset}: counted on the text (markers) and of the law of its α (lines). An exponent "
        "at the text's own m is no prediction at another.{tokenizers}",
        "Charts of the singleton mass and of its exponent against the length of text, counted "
        "and predicted, of words and of each tokenizer on {dataset}; the values at the text's own "
        "length are in the table of the theory.",
        _counted,
    ),
)


def study_figures(tables: ReportTables) -> list[StudyFigure]:
    """Every figure of a study, data set by data set, under the decoding that is headlined."""
    return [*_of_datasets(tables), *_of_study(tables)]


def _of_datasets(tables: ReportTables) -> list[StudyFigure]:
    return [
        _of_dataset(entry, tables, dataset=dataset, number=number)
        for number, dataset in enumerate(tables.datasets, start=1)
        for entry in ENTRIES
        if entry.there(tables.of(dataset))
    ]


def _of_study(tables: ReportTables) -> list[StudyFigure]:
    """The figures of all data sets together."""
    fits = headlined_fits(tables)
    if not any(map(determined, fits.rows(named=True))):
        return []
    datasets = listed(tables.datasets)
    own = "with the family's own scatter"
    if anything_pooled(fits):
        own += " (thick) and with scatter common to all series (thin)"
    predicted = predicted_beside_fits(tables.theory)
    return [
        StudyFigure(
            name="exponents-over-series",
            file="figure-exponents-over-series",
            dataset=STUDY,
            caption=f"The exponents of every series on {datasets}, of the first decoding of each: "
            f"{own}, {CONFIDENCE} intervals; an arrow marks a bar that goes on. Left of 0 the "
            f"quantity falls as models grow.{_predictions(predicted)}{_spans(tables)}",
            alt=f"Three charts of exponents with intervals, of EntCE, drift and drift slope, a row "
            f"a family, on {datasets}; the values are in the table of exponents.",
            draw=partial(exponents_over_series, tables, predicted=predicted),
        )
    ]


def _spans(tables: ReportTables) -> str:
    """The data sets whose families were measured on other spans, which exponents do depend on."""
    apart = [one for one in tables.datasets if tokens_differ(tables.of(one).ent_ce)]
    if not apart:
        return ""
    return f" On {listed(apart)} windows are in tokens, which hold other text for each tokenizer."


def _of_dataset(entry: Entry, tables: ReportTables, *, dataset: str, number: int) -> StudyFigure:
    decoding = tables.headline(dataset)
    words = {
        "dataset": dataset,
        "where": f"{dataset}, {decoding}",
        "choice": _choice(tables.of(dataset, decoding)),
        "tokenizers": _tokenizers(tables.of(dataset)),
        "mixtures": _mixtures(tables.of(dataset)),
        "tuned": _tuned(tables.of(dataset)),
        "fitted": _fitted(tables.of(dataset)),
        "tokens": brief_note_on_tokens(tables.of(dataset).ent_ce),
    }
    return StudyFigure(
        name=entry.name,
        file=f"figure-{number}-{entry.name}",
        dataset=dataset,
        caption=entry.caption.format(**words),
        alt=entry.alt.format(**words),
        draw=partial(entry.draw, tables, dataset=dataset, decoding=decoding),
    )


def _tokenizers(shown: ReportTables) -> str:
    total = shown.theory["tokenizer"].drop_nulls().n_unique()
    if total <= MOST_TOKENIZERS:
        return ""
    return f" Of {total} tokenizers, {MOST_TOKENIZERS} are drawn."


def _mixtures(shown: ReportTables) -> str:
    if truncated(shown.ent_ce).is_empty():
        return ""
    return (
        " A truncation has no point of its own: its path runs over the mixture λ that gives human "
        "text a finite log loss, fading toward small λ; the pure sampler's own values are in the "
        "table of truncated decodings."
    )


def _tuned(shown: ReportTables) -> str:
    if shown.tuning.is_empty():
        return ""
    return (
        " A thin line leads from a base model to the chat model that was made of it (hollow): what "
        "instruction tuning does to both, which the table of instruction tuning gives."
    )


def _fitted(shown: ReportTables) -> str:
    if shown.calibrated.is_empty():
        return ""
    return (
        " A fitted decoding is a hollow point: below and to the left of the path of temperatures "
        "it is calibrated for less log loss than they."
    )


def _predictions(predicted: pl.DataFrame) -> str:
    if predicted.is_empty():
        return ""
    return (
        " Hollow diamonds are what the simplified theory predicts for the tokens of a data set at "
        f"their finite (v, m): {listed(predicted['said'].to_list())}."
    )


def _choice(shown: ReportTables) -> str:
    total = shown.ent_ce["model"].n_unique()
    if total <= MOST_PANELS:
        return ""
    return f" Of {total} models, the smallest and the largest of each family are drawn."
