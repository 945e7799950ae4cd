"""The look of the page: one style sheet for a phone, a laptop and paper.

Greys and one blue; every pair of text and ground has a contrast of 4.5 or more. The scale behind
tokens is one hue from light to dark, so that it reads the same in grey and by the colour-blind.
"""

from typing import Final

# Grounds of the tokens that a reader is shown, from low entropy to high, and the ink on them.
SCALE: Final = (
    ("#ffffff", "#1a1a1a"),
    ("#e3eef9", "#1a1a1a"),
    ("#c3dbf0", "#1a1a1a"),
    ("#93bfe2", "#1a1a1a"),
    ("#5b9ccd", "#000000"),
    ("#2a6fa8", "#ffffff"),
    ("#0b3c6f", "#ffffff"),
)

SHEET: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.55 "Source Sans 3", "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; padding-top: 1rem; border-top: 1px solid #d8d8d8; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .4rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p, ul, dl { max-width: 46rem; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
li { margin: .25rem 0; }
section { content-visibility: auto; contain-intrinsic-size: auto 80rem; }
a { color: #005a94; }
nav ul { columns: 16rem; padding-left: 1.2rem; max-width: none; }
.byline { color: #595959; margin-top: 0; }
.headline { border-left: 4px solid #0072b2; padding-left: .9rem; margin: 1.4rem 0; }
.headline p { font-size: 1.18rem; line-height: 1.45; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1.2rem; }
code { font: .86em ui-monospace, Consolas, "DejaVu Sans Mono", monospace; }
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
td, thead th { text-align: right; }
td, tbody th { white-space: nowrap; }
summary { cursor: pointer; margin: .6rem 0; font-weight: 600; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.6rem; margin: .3rem 0 1.2rem; }
.side { min-width: 0; }
.side > p { margin: .2rem 0; }
.prompt, .read { font: .84rem/1.62 ui-monospace, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; max-width: none;
  margin: .2rem 0 .6rem; }
.prompt { color: #595959; border-left: 3px solid #d8d8d8; padding-left: .7rem; }
.prompt, .read { max-height: 24rem; overflow-y: auto; }
.key { font-size: .85rem; }
.key i { padding: .1rem .5rem; border: 1px solid #d8d8d8; white-space: nowrap; }
i { font-style: normal; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
@media (max-width: 40rem) {
  main { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .headline p { font-size: 1.06rem; }
  .pair { grid-template-columns: 1fr; }
}
@media print {
  @page { margin: 14mm 12mm; }
  :root { font-size: 10pt; }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 1.4rem; }
  h1, h2, h3, h4, summary { break-after: avoid; }
  p, ul, dl, figcaption { max-width: none; }
  img, tr { break-inside: avoid; }
  figure img { min-width: 0; max-width: 100%; }
  .scroll, .prompt, .read { overflow: visible; max-height: none; }
  .save { display: none; }
  section { content-visibility: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  table { font-size: 6.6pt; }
  th, td { padding-right: .45rem; }
  tbody th { white-space: normal; }
}
"""
MOST_COLUMNS: Final = 16  # of a table; wider ones would keep their numbers' look


def _column(number: int) -> str:
    """The look of a table's column of names or of prose: said by the table, once for its cells."""
    name, prose = (f".{kind}-{number} tr > :nth-child({number})" for kind in ("name", "prose"))
    return (
        f"{name}, {prose} {{ text-align: left; }}\n"
        f"td:is({prose}) {{ min-width: 12rem; overflow-wrap: anywhere; white-space: normal; }}\n"
        f"@media print {{ td:is({name}, {prose}) {{ min-width: 0; white-space: normal; }} }}\n"
    )


COLUMNS: Final = "".join(map(_column, range(1, MOST_COLUMNS + 1)))
STYLE: Final = f"{SHEET}{COLUMNS}" + "".join(
    f".e{level} {{ background: {ground}; color: {ink}; }}\n"
    for level, (ground, ink) in enumerate(SCALE)
)
