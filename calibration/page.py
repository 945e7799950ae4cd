"""One HTML page that needs nothing but itself: text is escaped, pictures and styles are inside.

What these functions return is `Html`; a plain string given to them is text and is escaped, so
that nothing a model or a data set is called can become markup. Knows nothing of calibration.
"""

import base64
import html
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple


class Html(str):
    """Markup that is safe to put on a page as it is."""


class Column(NamedTuple):
    """A table's column: its heading, and whether its cells are names, numbers or prose."""

    heading: str
    kind: Literal["name", "number", "prose"]


STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.55 "Source Sans 3", "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1.9rem; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; padding-top: 1rem; border-top: 1px solid #d8d8d8; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .4rem; }
p, ul, dl { max-width: 46rem; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
li { margin: .25rem 0; }
.byline { color: #595959; margin-top: 0; }
.headline { border-left: 4px solid #0072b2; padding-left: .9rem; margin: 1.4rem 0; }
.headline p { font-size: 1.18rem; line-height: 1.45; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1.2rem; }
code { font: .86em ui-monospace, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
figure { margin: 1rem 0 1.6rem; }
figure img { display: block; width: 100%; max-width: 58rem; min-width: 40rem; height: auto; }
figcaption { max-width: 46rem; color: #454545; font-size: .92rem; margin: .4rem 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid #0072b2; }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums;
  margin: .4rem 0 0; }
th, td { padding: .32rem .75rem .32rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e6e6e6; }
thead th { border-bottom: 2px solid #1a1a1a; vertical-align: bottom; }
tbody th { font-weight: 600; }
.number { text-align: right; }
td.number { white-space: nowrap; }
td.name, tbody th { white-space: nowrap; }
td.prose { min-width: 12rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .headline p { font-size: 1.06rem; }
}
@media print {
  @page { margin: 14mm 12mm; }
  :root { font-size: 10pt; }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 1.4rem; }
  h1, h2, h3 { break-after: avoid; }
  p, ul, dl, figcaption { max-width: none; }
  img, tr { break-inside: avoid; }
  figure img { min-width: 0; max-width: 100%; }
  .scroll { overflow: visible; }
  table { font-size: 6.6pt; }
  th, td { padding-right: .45rem; }
  td.prose { min-width: 0; }
  td.name, tbody th { white-space: normal; }
}
"""


def element(tag: str, *children: str, **attributes: str) -> Html:
    """`<tag …>children</tag>`; `class_` is `class`, `aria_label` is `aria-label`."""
    names = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{names}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Html:
    """Children one after the other; what is not markup already is escaped."""
    return Html("".join(c if isinstance(c, Html) else html.escape(c) for c in children))


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


def section(heading: str, *children: Html) -> Html:
    """A section under a heading of the second level."""
    return joined(Html("\n"), element("section", element("h2", heading), *children))


def picture(svg: bytes, *, alt: str, caption: str) -> Html:
    """A figure with its caption; its SVG is a document of its own, so that ids never collide."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    image = Html(f'<img src="{source}" alt="{html.escape(alt)}">')
    return element("figure", _scrolling(alt, image), element("figcaption", caption))


def table(caption: str, columns: Sequence[Column], *, rows: Sequence[Sequence[str]]) -> Html:
    """A table that scrolls in its own box; the first cell of a row is the row's heading."""
    head = element("tr", *(_heading(column) for column in columns))
    body = [
        element(
            "tr",
            element("th", cells[0], scope="row", class_=columns[0].kind),
            *(_cell(text, column) for text, column in zip(cells[1:], columns[1:], strict=True)),
        )
        for cells in rows
    ]
    drawn = element(
        "table",
        element("thead", head),
        element("tbody", *(joined(Html("\n"), row) for row in body)),
        aria_label=caption,
    )
    # The caption stays outside the box that scrolls, or a phone would cut it off.
    return element("figure", element("figcaption", caption), _scrolling(caption, drawn))


def bullets(items: Sequence[str]) -> Html:
    """A list, one bullet an item."""
    return element("ul", *(element("li", item) for item in items))


def definitions(pairs: Sequence[tuple[str, str]]) -> Html:
    """A list of terms, each with what it means."""
    return element(
        "dl", *(joined(element("dt", term), element("dd", text)) for term, text in pairs)
    )


def _scrolling(label: str, content: Html) -> Html:
    # Reachable by keyboard, or whoever has no pointer could not scroll it.
    return element("div", content, class_="scroll", tabindex="0", role="group", aria_label=label)


def _heading(column: Column) -> Html:
    return element("th", column.heading, scope="col", class_=column.kind)


def _cell(text: str, column: Column) -> Html:
    return element("td", text, class_=column.kind)
