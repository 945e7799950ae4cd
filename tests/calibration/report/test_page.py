"""The page's pieces: text never becomes markup, and what is saved from a page is what it holds."""

from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.report.page import (
    Column,
    Html,
    bullets,
    contents,
    csv_link,
    element,
    folded,
    page,
    picture,
    prose,
    section,
    svg_link,
    table,
    visible,
)

HOSTILE = '<script>alert("1")</script>&\''
SVG = b"<svg><path d='M 0 0L 1 1' fill='#fff'/></svg>"


class Reader(HTMLParser):
    """The tags and the text of a page, as a browser sees them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attribute(self, tag: str, name: str) -> str:
        return next(str(attributes[name]) for found, attributes in self.tags if found == tag)


def held(address: str) -> bytes:
    """What a data: address holds."""
    return unquote_to_bytes(address.partition(",")[2])


@given(text=st.text(max_size=40))
@settings(deadline=None, derandomize=True)
def test_text_and_attributes_read_back_as_they_can_be_seen(text: str) -> None:
    seen = visible(text)
    read = Reader(element("p", text, title=text))
    assert read.tags == [("p", {"title": seen})]
    assert read.text == seen


@given(text=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40))
@settings(deadline=None, derandomize=True)
def test_text_that_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x00b", "a␀b"),
        ("\r\n", "␍\n"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "␡"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\u2028", "⟨U+2028⟩"),
        ("one\ttwo\n", "one\ttwo\n"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_what_nobody_could_see_is_a_sign(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_text_never_becomes_markup() -> None:
    pieces = [
        element("p", HOSTILE),
        prose(HOSTILE),
        bullets([HOSTILE]),
        contents([(HOSTILE, HOSTILE)]),
        folded(HOSTILE),
        section(HOSTILE, anchor=HOSTILE),
        table(HOSTILE, [Column(HOSTILE, "name")], rows=[[HOSTILE]]),
        picture(b"<svg/>", alt=HOSTILE, caption=HOSTILE),
        csv_link(HOSTILE.encode(), name=HOSTILE, text=HOSTILE),
        svg_link(b"<svg/>", name=HOSTILE),
        page(HOSTILE),
    ]
    assert all(tag != "script" for piece in pieces for tag, _ in Reader(piece).tags)


def test_markup_made_here_is_not_escaped_again() -> None:
    assert element("p", element("b", "x")) == "<p><b>x</b></p>"
    assert isinstance(element("p"), Html)


def test_every_heading_of_a_table_has_a_scope() -> None:
    drawn = table("c", [Column("a", "name"), Column("b", "number")], rows=[["x", "1"], ["y", "2"]])
    scopes = [attributes.get("scope") for tag, attributes in Reader(drawn).tags if tag == "th"]
    assert scopes == ["col", "col", "row", "row"]


def test_a_picture_carries_its_own_svg_and_words_for_it() -> None:
    read = Reader(picture(SVG, alt="a line", caption="c"))
    assert read.attribute("img", "src").startswith("data:image/svg+xml,")
    assert held(read.attribute("img", "src")) == SVG
    assert read.attribute("img", "alt") == "a line"


def test_a_figure_is_saved_as_it_is_shown() -> None:
    read = Reader(svg_link(SVG, name="figure.svg"))
    assert read.attribute("a", "download") == "figure.svg"
    assert held(read.attribute("a", "href")) == SVG


@given(content=st.binary(max_size=40))
@settings(deadline=None, derandomize=True)
def test_a_table_is_saved_byte_for_byte(content: bytes) -> None:
    read = Reader(csv_link(content, name="t.csv", text="t"))
    assert held(read.attribute("a", "href")) == content


def test_code_between_backticks_is_code() -> None:
    assert prose("run `a < b` now") == "<p>run <code>a &lt; b</code> now</p>"


def test_links_of_the_contents_reach_their_sections() -> None:
    link = Reader(contents([("gate", "The gate")])).attribute("a", "href")
    assert link == "#" + Reader(section("The gate", anchor="gate")).attribute("h2", "id")
