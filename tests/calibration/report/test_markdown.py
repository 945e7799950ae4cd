"""Text inside Markdown: what a reader sees of it is the text, and nothing of it is markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from calibration.report.markdown import ADDRESS, escaped
from calibration.report.page import visible

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://elsewhere/pixel.png)",
    "[x]: http://elsewhere",
    "<http://elsewhere>",
    "&lt;script&gt; &#60;b&#62;",
    "| a | b |\n|---|---|",
    "`code` ```",
    "*a* _b_ ~~c~~ __d__",
    "-->",
    "</style>",
    "$$x^2$$",
    "a\n# heading\n===\n---\n- item",
    "\\[x\\](y) \\\\",
    "\u202egpj.exe",
]


class Seen(HTMLParser):
    """The elements of some markup, and the text that a reader sees."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def in_one_line(text: str) -> str:
    return " ".join(visible(text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_of_a_table_shows_the_text_and_nothing_else(text: str) -> None:
    seen = Seen(RENDERER.render(f"| head |\n| --- |\n| {escaped(text)} |"))
    assert seen.tags == ["table", "thead", "tr", "th", "tbody", "tr", "td"]
    assert in_one_line(seen.text) == in_one_line(f"head {text}")


@given(text=st.text(st.sampled_from("<>[]()!`*_~#|\\&;:/@ \n\tax.-+=1$^") | st.characters()))
@settings(deadline=None, derandomize=True)
@example(text="&amp;lt;")
def test_a_sentence_shows_any_text_as_it_is(text: str) -> None:
    seen = Seen(RENDERER.render(f"- It is: {escaped(text)}."))
    assert seen.tags in (["ul", "li"], ["ul", "li", "p"])
    assert in_one_line(seen.text) == f"It is: {in_one_line(text)}."


@pytest.mark.parametrize("text", ["see https://x.org now", "www.x.org", "a@x.org", "FTP://x.org"])
def test_no_address_stands_whole_for_a_page_to_link_it(text: str) -> None:
    assert all(
        escaped(text)[one.end() : one.end() + 1] == "\\" for one in ADDRESS.finditer(escaped(text))
    )
    assert escaped(text).count("\\") == 1


@given(st.text())
@settings(deadline=None, derandomize=True)
def test_escaped_text_is_one_line_without_marks_of_its_own(text: str) -> None:
    plain = escaped(text)
    assert len(plain.splitlines()) <= 1
    for mark in "`*_[]<>|#&":
        assert plain.count(mark) == plain.count(f"\\{mark}")
