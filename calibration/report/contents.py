"""A study's tables as one page to read and as a few lines for the terminal.

The page needs no network and no script. The first decoding of a data set is the one that is drawn
and headlined; all of them are in the tables. A log loss stands beside every EntCE, since a
calibration claim means nothing without it. Knows no disk: tables in, text out.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from calibration.recipes import Absent
from calibration.report.calibrated_section import calibrated_findings
from calibration.report.dataset_section import Pictures, dataset_section, listed_rows
from calibration.report.downloads import table_links
from calibration.report.exponents_section import exponents_section
from calibration.report.figures.catalogue import STUDY, StudyFigure
from calibration.report.generations import within_budget
from calibration.report.listing import GATE, absent_lines, gate_cells, summary_lines
from calibration.report.origins import ancestry_section
from calibration.report.page import (
    Html,
    bullets,
    contents,
    definitions,
    element,
    folded,
    joined,
    page,
    picture,
    prose,
    section,
    svg_link,
)
from calibration.report.paths import path_findings, untruncated
from calibration.report.results import ReportTables
from calibration.report.terms import (
    GATE_MEANING,
    INTERVALS,
    LEFT_OUT,
    MIXTURE,
    PAPER,
    TAKEN_AWAY,
    TERMS,
)
from calibration.report.theory_section import theory_section
from calibration.report.tuning_section import tuning_findings
from calibration.report.wording import QUANTITIES, count, findings, listed
from calibration.statistics.across import counted_families

MOST_NOTES: Final = 12  # a screen of them; a study of hundreds of measurements has as many
SVG_BUDGET: Final = 700_000  # bytes of figures; a page of more cannot hold each of them twice


@dataclass(frozen=True)
class Provenance:
    """How a report came to be: what a reader needs to make it again, and to doubt it.

    `ancestry` is ANCESTRY, the artifacts behind every number; `differences` are the study's
    departures from the paper's protocol, a sentence each; `devices` did the work; `sizes` say where
    the sizes of its models come from; `absent` are the models that were asked for and not measured.
    """

    study: str
    made_at: str
    versions: Mapping[str, str]
    commit: str
    devices: Sequence[str]
    seed: int
    at_end: str
    ancestry: pl.DataFrame
    differences: Sequence[str]
    notes: Sequence[str]
    sizes: Sequence[str]
    absent: Sequence[Absent] = ()


class Section(NamedTuple):
    """A section of the page before it is written: what links to it, its heading, its parts."""

    anchor: str
    heading: str
    parts: Iterable[Html]


def report_page(
    tables: ReportTables, provenance: Provenance, *, figures: Sequence[StudyFigure]
) -> str:
    """The whole report as one HTML page, complete in itself.

    All models, data sets and decodings of a study, with its figures (`study_figures`).
    """
    sections = _sections(tables, provenance, figures)
    several = len(tables.datasets) > 1
    return page(
        f"Entropy calibration: {provenance.study}",
        _title(tables, provenance),
        *([contents([(one.anchor, one.heading) for one in sections])] if several else []),
        *(_headline(dataset, tables) for dataset in tables.datasets),
        *(section(one.heading, *one.parts, anchor=one.anchor) for one in sections),
    )


def summary_text(ent_ce: pl.DataFrame, fits: pl.DataFrame, absent: Sequence[Absent] = ()) -> str:
    """What the terminal shows after a run: the measurements, then a line a fit.

    Tables ENT_CE and FITS; models that are `absent` come last. A block for each data set and
    decoding; no line is wider than 110 columns, and a name too long for its column has a line of
    its own.
    """
    series = ent_ce.select("dataset", "decoding").unique(maintain_order=True)
    blocks = [summary_lines(_of(ent_ce, *one), _of(fits, *one)) for one in series.rows()]
    left_out = [absent_lines(absent)] if absent else []
    return "\n\n".join("\n".join(block) for block in [*blocks, *left_out])


def _sections(
    tables: ReportTables, provenance: Provenance, figures: Sequence[StudyFigure]
) -> list[Section]:
    pictures = _pictures(figures)
    to_read = within_budget(tables.readings)
    return [
        *_left_out(provenance.absent),
        Section("terms", "What is measured", [definitions(TERMS), element("p", INTERVALS)]),
        *(
            Section(
                f"data-{number}",
                f"Data set {dataset}",
                dataset_section(dataset, tables, pictures=pictures[dataset], to_read=to_read),
            )
            for number, dataset in enumerate(tables.datasets, start=1)
        ),
        Section(
            "exponents",
            "Exponents",
            exponents_section(tables, list(pictures[STUDY].values()), sizes=provenance.sizes),
        ),
        Section(
            "theory",
            "The theory",
            theory_section(tables.theory, pictures, datasets=tables.datasets),
        ),
        Section("gate", "The gate", _gate(tables.gate)),
        Section(
            "warnings", "Warnings", [_or_none(_warnings(tables.fits), "No fit raised a warning.")]
        ),
        Section("making", "How it was made", _making(provenance)),
        Section("protocol", "What differs from the paper's protocol", _protocol(provenance)),
        Section("tables", "Tables to take away", _taken_away(tables)),
    ]


def _left_out(absent: Sequence[Absent]) -> Iterator[Section]:
    if absent:
        named = [joined(element("strong", one.model), f": {one.why}") for one in absent]
        yield Section("left-out", "Left out", [element("p", LEFT_OUT), bullets(named)])


def _title(tables: ReportTables, provenance: Provenance) -> Html:
    measured = listed(
        [
            count(tables.ent_ce["model"].n_unique(), "model"),
            count(len(tables.datasets), "data set"),
            count(tables.ent_ce["decoding"].n_unique(), "decoding"),
        ]
    )
    byline = f"Study {provenance.study}: {measured}. Made {provenance.made_at}."
    return joined(
        element("h1", f"Entropy calibration: {provenance.study}"),
        element("p", byline, class_="byline"),
    )


def _headline(dataset: str, tables: ReportTables) -> Html:
    measured = tables.of(dataset).ent_ce
    if untruncated(measured).is_empty():
        first, *others = path_findings(measured)
        return element(
            "div",
            element("p", f"On {dataset}: {first}"),
            bullets([*others, MIXTURE]),
            class_="headline",
        )
    decoding = tables.headline(dataset)
    shown = tables.of(dataset, decoding)
    # Chat models lower entropy as a rule, and would stand for the ends of every range.
    counted = pl.col("family").is_in(counted_families(shown.ent_ce))
    first, *others = findings(shown.ent_ce.filter(counted), shown.fits.filter(counted))
    return element(
        "div",
        element("p", f"On {dataset} ({decoding}), {first}"),
        bullets([*others, *tuning_findings(shown), *calibrated_findings(tables.of(dataset))]),
        class_="headline",
    )


def _pictures(figures: Sequence[StudyFigure]) -> Mapping[str, Pictures]:
    """Every figure as it stands on the page, by data set and name."""
    room = sum(len(figure.svg) for figure in figures) <= SVG_BUDGET
    pictures: dict[str, dict[str, Html]] = defaultdict(dict)
    for figure in figures:
        link = [" ", svg_link(figure.svg, name=f"{figure.file}.svg")] if room else []
        caption = joined(figure.caption, *link)
        pictures[figure.dataset][figure.name] = picture(figure.svg, alt=figure.alt, caption=caption)
    return pictures


def _gate(gate: pl.DataFrame) -> Iterator[Html]:
    yield element("p", GATE_MEANING)
    yield from listed_rows(
        "The gate of each measurement, in nats a token.", GATE, cells=gate_cells, rows=gate
    )


def _warnings(fits: pl.DataFrame) -> list[str]:
    """Each warning once, with the fits that raised it."""
    raised: dict[str, list[str]] = {}
    for fit in fits.rows(named=True):
        series = f"{QUANTITIES[fit['quantity']]} of {fit['family']} on {fit['dataset']}"
        for warning in fit["warnings"] or ():
            raised.setdefault(warning, []).append(f"{series} ({fit['decoding']})")
    return [f"{warning}: {'; '.join(series)}." for warning, series in raised.items()]


def _making(provenance: Provenance) -> Iterator[Html]:
    facts = [
        ("study", provenance.study),
        ("made", provenance.made_at),
        ("code", provenance.commit),
        ("device", ", ".join(provenance.devices) or "not recorded"),
        ("seed", str(provenance.seed)),
        ("at the end of a text", provenance.at_end),
        ("versions", ", ".join(f"{name} {v}" for name, v in provenance.versions.items())),
    ]
    yield definitions(facts)
    yield from _noted(provenance.notes)
    yield from ancestry_section(provenance.ancestry)


def _noted(notes: Sequence[str]) -> Iterator[Html]:
    """Notes on single measurements, folded where there are more than anybody reads in a row."""
    if len(notes) > MOST_NOTES:
        yield folded(f"{count(len(notes), 'note')} on single measurements", bullets(notes))
    elif notes:
        yield bullets(notes)


def _protocol(provenance: Provenance) -> Iterator[Html]:
    yield element("p", PAPER)
    yield _or_none(provenance.differences, "Nothing was recorded as different.")


def _taken_away(tables: ReportTables) -> Iterator[Html]:
    yield prose(TAKEN_AWAY)
    yield bullets(list(table_links(tables)))


def _or_none(sentences: Sequence[str], none: str) -> Html:
    return bullets(sentences) if sentences else element("p", none)


def _of(frame: pl.DataFrame, dataset: str, decoding: str) -> pl.DataFrame:
    return frame.filter((pl.col("dataset") == dataset) & (pl.col("decoding") == decoding))
