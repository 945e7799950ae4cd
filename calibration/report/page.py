"""One HTML page that needs nothing but itself: text is escaped, pictures and styles are inside.

What these functions return is `Html`; a plain string given to them is text and is escaped, so
that nothing a model or a data set is called, or writes, can become markup. Characters that would
not be seen, or would turn what follows them, are written as signs. Knows nothing of calibration.
"""

import html
import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from calibration.report.style import STYLE


class Html(str):
    """Markup that is safe to put on a page as it is."""


class Column(NamedTuple):
    """A table's column: its heading, and whether its cells are names, numbers or prose."""

    heading: str
    kind: Literal["name", "number", "prose"]


CONTROL_PICTURES: Final = 0x2400  # the signs of the first control characters, in their order
DELETE, DELETE_PICTURE = "\x7f", "␡"
# Control characters but tab and newline; what reverses or embeds text; what only breaks lines for
# some readers; what stands for no character.
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\uffff]"
)
# Characters that an address of data: may hold as they are; shorter than base64.
IN_TEXT: Final = "!$()*+,-./:;=?@_~ |"
IN_SVG: Final = IN_TEXT + "<>'"


def visible(text: str) -> str:
    """The text with a sign in the place of each character that nobody could see."""
    return UNSEEN.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    character = match.group()
    if character == DELETE:
        return DELETE_PICTURE
    code = ord(character)
    return chr(CONTROL_PICTURES + code) if code < ord(" ") else f"⟨U+{code:04X}⟩"


def escaped(text: str) -> str:
    """Text as markup: what is not markup already cannot become it."""
    return text if isinstance(text, Html) else html.escape(visible(text))


def element(tag: str, *children: str, **attributes: str) -> Html:
    """`<tag …>children</tag>`; `class_` is `class`, `aria_label` is `aria-label`."""
    names = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{names}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Html:
    """Children one after the other; what is not markup already is escaped."""
    return Html("".join(map(escaped, children)))


def page(title: str, *sections: Html) -> Html:
    """The whole document in English, with its style inside."""
    head = joined(
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        Html(f"<style>{STYLE}</style>"),
    )
    body = element("body", element("main", *sections))
    return Html(f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n{body}</html>\n')


def section(heading: str, *children: Html, anchor: str) -> Html:
    """A section under a heading of the second level, which links reach by its `anchor`."""
    return joined(Html("\n"), element("section", element("h2", heading, id=anchor), *children))


def contents(entries: Sequence[tuple[str, str]]) -> Html:
    """Links to the sections of a page: pairs of anchor and heading."""
    links = [element("li", element("a", text, href=f"#{anchor}")) for anchor, text in entries]
    return element("nav", element("ul", *links), aria_label="Contents")


def picture(svg: bytes, *, alt: str, caption: str) -> Html:
    """A figure with its caption; its SVG is a document of its own, so that ids never collide."""
    image = Html(f'<img alt="{escaped(alt)}" src="{_svg_data(svg)}">')
    return element("figure", _scrolling(alt, image), element("figcaption", caption))


def svg_link(svg: bytes, *, name: str) -> Html:
    """A link that saves a figure of this page as a file."""
    return element("a", "Save as SVG", download=name, href=_svg_data(svg), class_="save")


def csv_link(csv: bytes, *, name: str, text: str) -> Html:
    """A link that saves a table of this page as a file."""
    address = Html(f"data:text/csv;charset=utf-8,{quote(csv, safe=IN_TEXT)}")
    return element("a", text, download=name, href=address)


def table(caption: str, columns: Sequence[Column], *, rows: Sequence[Sequence[str]]) -> Html:
    """A table that scrolls in its own box; the first cell of a row is the row's heading."""
    head = element("tr", *(element("th", one.heading, scope="col") for one in columns))
    body = [
        element(
            "tr",
            element("th", cells[0], scope="row"),
            *(element("td", text) for text in cells[1:]),
        )
        for cells in rows
    ]
    # A page may hold tens of thousands of cells, so that a table says what its columns are.
    kinds = [f"{one.kind}-{place}" for place, one in enumerate(columns, 1) if one.kind != "number"]
    drawn = element(
        "table",
        element("thead", head),
        element("tbody", *(joined(Html("\n"), row) for row in body)),
        aria_label=caption,
        class_=" ".join(kinds),
    )
    # The caption stays outside the box that scrolls, or a phone would cut it off.
    return element("figure", element("figcaption", caption), _scrolling(caption, drawn))


def folded(summary: str, *children: Html, **attributes: str) -> Html:
    """What is shown when a reader asks for it, under one line that says what it is."""
    inside = (element("summary", summary), *children)
    return joined(Html("\n"), element("details", *inside, **attributes))


def prose(text: str) -> Html:
    """A paragraph, with code where the text has it between backticks."""
    parts = text.split("`")
    return element(
        "p", *(element("code", part) if odd % 2 else part for odd, part in enumerate(parts))
    )


def bullets(items: Sequence[str]) -> Html:
    """A list, one bullet an item."""
    return element("ul", *(element("li", item) for item in items))


def definitions(pairs: Sequence[tuple[str, str]]) -> Html:
    """A list of terms, each with what it means."""
    return element(
        "dl", *(joined(element("dt", term), element("dd", text)) for term, text in pairs)
    )


def _svg_data(svg: bytes) -> Html:
    return Html(f"data:image/svg+xml,{quote(svg, safe=IN_SVG)}")


def _scrolling(label: str, content: Html) -> Html:
    # Reachable by keyboard, or whoever has no pointer could not scroll it.
    return element("div", content, class_="scroll", tabindex="0", role="group", aria_label=label)
