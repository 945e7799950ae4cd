"""Models that were left out, where a reader meets them: the page, the terminal, Prefect's pages."""

from dataclasses import replace

from made_up_study import PROVENANCE, made_up_study

from calibration.recipes import Absent
from calibration.report.contents import report_page, summary_text
from calibration.report.published import findings_markdown

TABLES = made_up_study().tables
ABSENT = (
    Absent(model="<b>70b</b>", why="access was expected, found it gated & closed"),
    Absent(model="9b", why="a word of its own " * 20),
)
HEADING = '<h2 id="left-out">Left out</h2>'


def test_the_page_names_them_before_what_was_measured_and_as_text() -> None:
    page = report_page(TABLES, replace(PROVENANCE, absent=ABSENT), figures=[])
    assert page.index(HEADING) < page.index('<h2 id="terms">')
    assert "<strong>&lt;b&gt;70b&lt;/b&gt;</strong>: access was expected, found it gated &amp;" in (
        page
    )
    assert HEADING not in report_page(TABLES, PROVENANCE, figures=[])


def test_the_terminal_names_them_last_and_in_its_width() -> None:
    whole = summary_text(TABLES.ent_ce, TABLES.fits)
    text = summary_text(TABLES.ent_ce, TABLES.fits, ABSENT)
    assert text.startswith(f"{whole}\n\n<b>70b</b> left out: access was expected")
    assert max(map(len, text.splitlines())) <= 110


def test_prefects_page_names_them_as_text() -> None:
    ent_ce, fits = TABLES.ent_ce, TABLES.fits
    shown = findings_markdown("study", ent_ce, fits, report="here", absent=ABSENT)
    assert r"- \<b\>70b\</b\> left out: access was expected" in shown
    assert "left out" not in findings_markdown("study", ent_ce, fits, report="here")
