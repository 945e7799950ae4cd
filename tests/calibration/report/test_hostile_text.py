"""A whole page of names and texts that would be markup, beside the page of plain ones.

What a reader's browser makes of both is the same: the same elements with the same attributes.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import zip_longest
from xml.etree import ElementTree
from zlib import crc32

import polars as pl
import pytest
from made_up_study import SIZES, Study, study_of
from matplotlib.figure import Figure

from calibration.recipes import Absent
from calibration.report.contents import report_page, summary_text
from calibration.report.downloads import SAVED
from calibration.report.figures.catalogue import StudyFigure, study_figures
from calibration.report.figures.files import rendered

HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style></title></textarea>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "' onmouseover='alert(1)",
    "--><svg onload=alert(1)>",
    "]]>&lt;b&gt;&#60;i&#62;",
    "$$\\input{/etc/passwd}$$",
]
TEXTS = ("prompt", "cluster", "chosen_as")
PIECES = ("generated", "human")

DRAWN = ("loss-ent-ce-plane", "exponents-over-series")  # every figure writes words the same way

Named = Callable[[str], str]


class Elements(HTMLParser):
    """Every element of some markup with its attributes, and all text outside of elements' names."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", ()))

    def handle_data(self, data: str) -> None:
        self.text += data


def made(named: Named) -> Study:
    """A study whose every name and text went through `named`."""
    families = {
        named(family): {named(f"{family}{name}"): size for name, size in SIZES.items()}
        for family in ("a", "b")
    }
    decodings = ("temperature 1.0",)
    study = study_of(families, datasets=(named("c"),), decodings=decodings, steps=32)
    said = study.tables.readings.with_columns(
        *(pl.col(name).cast(pl.String).map_elements(named, pl.String) for name in TEXTS),
        *(pl.col(name).list.eval(pl.element().map_elements(named, pl.String)) for name in PIECES),
    )
    fits = study.tables.fits.with_columns(warnings=pl.lit([named("w")], pl.List(pl.String)))
    provenance = replace(
        study.provenance,
        study=named("e"),
        notes=[named("n")],
        differences=[named("p")],
        sizes=[named("s")],
        devices=[named("v")],
        versions={named("k"): named("x")},
        absent=[Absent(model=named("m"), why=named("y"))],
    )
    return replace(study.with_tables(readings=said, fits=fits), provenance=provenance)


def plain(text: str) -> str:
    return f"{text} of no account"


def hostile(text: str) -> str:
    return f"{text} {HOSTILE[crc32(text.encode()) % len(HOSTILE)]}"


@pytest.fixture(scope="module")
def study() -> Study:
    return made(hostile)


@pytest.fixture(scope="module")
def figures(study: Study) -> list[StudyFigure]:
    return study_figures(study.tables)


@pytest.fixture(scope="module")
def page(study: Study, figures: list[StudyFigure]) -> Elements:
    return paged(study, figures)


def paged(study: Study, figures: list[StudyFigure]) -> Elements:
    """The page with pictures of nothing, which take no time, in the places of its figures."""
    empty = [replace(one, draw=Figure) for one in figures]
    return Elements(report_page(study.tables, study.provenance, figures=empty))


def test_a_browser_finds_the_elements_of_a_plain_page_and_no_other(
    page: Elements, figures: list[StudyFigure]
) -> None:
    renamed = [replace(one, dataset=one.dataset and plain("c")) for one in figures]
    expected = paged(made(plain), renamed)
    for found, wanted in zip_longest(page.found, expected.found):
        assert found == wanted
    names = {name for _, attributes in page.found for name in attributes}
    assert not any(name.startswith("on") for name in names)
    assert not {tag for tag, _ in page.found} & {"script", "iframe", "object", "embed", "base"}


def test_no_address_comes_from_a_text(page: Elements) -> None:
    assert all(re.match(r"#[\w-]+$|data:(image/svg\+xml|text/csv)", one) for one in page.addresses)
    assert sum("text/csv" in one for one in page.addresses) == len(SAVED)


def test_every_text_is_read_as_it_was_written(page: Elements) -> None:
    for number, text in enumerate(HOSTILE):
        assert text in page.text, number


def test_pictures_hold_words_and_drawings_alone(figures: list[StudyFigure]) -> None:
    words = ""
    for figure in (one for one in figures if one.name in DRAWN):
        for element in ElementTree.fromstring(rendered(figure.drawn, "svg")).iter():
            name = element.tag.rpartition("}")[2]
            links = [value for key, value in element.attrib.items() if key.endswith("href")]
            assert name not in {"script", "foreignObject", "a", "image", "iframe", "animate", "set"}
            assert not any(key.startswith("on") for key in element.attrib)
            assert all(re.fullmatch(r"#\w+", link) for link in links)
            words += element.text or ""
    assert "</script>" in words


def test_the_terminals_lines_hold_nothing_but_text(study: Study) -> None:
    said = summary_text(study.tables.ent_ce, study.tables.fits, study.provenance.absent)
    assert all(character.isprintable() or character == "\n" for character in said)
