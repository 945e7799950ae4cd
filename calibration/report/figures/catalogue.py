"""Every figure of a study by name: its file, its caption, words for who cannot see it.

Nothing is drawn before it is asked for. The page, the files of a report and whoever else shows a
figure take it from here, so that one figure has one name and one caption everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, NamedTuple

from matplotlib.figure import Figure

from calibration.report.figures.drawing import MOST_PANELS
from calibration.report.figures.ends import ends_over_steps
from calibration.report.figures.plane import loss_ent_ce_plane
from calibration.report.figures.sizes import ent_ce_against_size, parts_against_size
from calibration.report.figures.spread import spread_over_steps
from calibration.report.figures.steps import entropy_over_steps
from calibration.report.figures.variety import variety_against_size
from calibration.report.results import ReportTables
from calibration.report.wording import CONFIDENCE


@dataclass(frozen=True)
class StudyFigure:
    """One figure of one data set; `file` is its name without the ending, alone in its study."""

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


class Entry(NamedTuple):
    """A figure as every data set has it.

    In its words, `{where}` is the data set and its decoding, `{choice}` which models have panels.
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
    return len(shown.ent_ce) > 1


def _spread(shown: ReportTables) -> bool:
    return not shown.spread.is_empty()


def _any_above_zero(*columns: str) -> Callable[[ReportTables], bool]:
    return lambda shown: any((shown.ent_ce[column] > 0).any() for column in columns)


def _variety(shown: ReportTables) -> bool:
    known = (shown.ent_ce[f"distinct_{n}_generated"].is_not_null().any() for n in (2, 4))
    return _several_sizes(shown) and any(known)


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
        "bands those of the fitted law. A family whose exponent is not determined has no line.",
        "Two charts of EntCE and of drift against model size ({where}); the values are in the "
        "table of EntCE and its parts, the exponents in the table of exponents.",
        _several_sizes,
    ),
    Entry(
        "drift-and-static-against-size",
        parts_against_size,
        "The two parts of EntCE on one scale, {where}. Only drift is the accumulation of errors; "
        "static is there one step ahead, on human text. Static has no fitted law.",
        "Two charts of drift and of static against model size ({where}); the values are in the "
        "table of EntCE and its parts.",
        _several_sizes,
    ),
    Entry(
        "loss-ent-ce-plane",
        loss_ent_ce_plane,
        "What a decoding gains and costs, {dataset}. A decoding that lowers entropy lowers EntCE "
        "and raises log loss; best is a point on the zero line, far to the left.",
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
        "of the model's own texts (filled) beside the human ones (hollow), {where}.",
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
)


def study_figures(tables: ReportTables) -> list[StudyFigure]:
    """Every figure of a study, data set by data set, under the decoding that is headlined."""
    return [
        _of_dataset(entry, tables, dataset=dataset, number=number)
        for number, dataset in enumerate(tables.datasets, start=1)
        for entry in ENTRIES
        if entry.there(tables.of(dataset))
    ]


def _of_dataset(entry: Entry, tables: ReportTables, *, dataset: str, number: int) -> StudyFigure:
    decoding = tables.headline(dataset)
    words = {
        "dataset": dataset,
        "where": f"{dataset}, {decoding}",
        "choice": _choice(tables.of(dataset, decoding)),
    }
    return StudyFigure(
        name=entry.name,
        file=f"figure-{number}-{entry.name}",
        dataset=dataset,
        caption=entry.caption.format(**words),
        alt=entry.alt.format(**words),
        draw=partial(entry.draw, tables, dataset=dataset, decoding=decoding),
    )


def _choice(shown: ReportTables) -> str:
    total = shown.ent_ce["model"].n_unique()
    if total <= MOST_PANELS:
        return ""
    return f" Of {total} models, the smallest and the largest of each family are drawn."
