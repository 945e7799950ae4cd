"""The page's pieces: text never becomes markup, and a picture needs nothing outside the page."""

import base64
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.page import Column, Html, bullets, element, page, picture, table

HOSTILE = '<script>alert("1")</script>&\''


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


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=40))
@settings(deadline=None, derandomize=True)
def test_text_and_attributes_read_back_as_they_were(text: str) -> None:
    read = Reader(element("p", text, title=text))
    assert read.tags == [("p", {"title": text})]
    assert read.text == text


def test_text_never_becomes_markup() -> None:
    pieces = [
        element("p", HOSTILE),
        bullets([HOSTILE]),
        table(HOSTILE, [Column(HOSTILE, "name")], rows=[[HOSTILE]]),
        picture(b"<svg/>", alt=HOSTILE, caption=HOSTILE),
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
    tags = Reader(picture(b"<svg/>", alt="a line", caption="c")).tags
    image = next(attributes for tag, attributes in tags if tag == "img")
    kind, _, content = str(image["src"]).partition(",")
    assert (kind, base64.b64decode(content)) == ("data:image/svg+xml;base64", b"<svg/>")
    assert image["alt"] == "a line"
