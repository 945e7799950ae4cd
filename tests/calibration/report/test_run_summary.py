"""What the page of a run says of every model."""

from made_up_study import made_up_study

from calibration.recipes import Absent
from calibration.report.markdown import escaped
from calibration.report.run_summary import run_markdown
from calibration.report.wording import estimate

TABLES = made_up_study().tables
MODELS = list(dict.fromkeys(TABLES.ent_ce["model"]))
FIRST = TABLES.ent_ce.row(0, named=True)
ABSENT = Absent(model="big", why="no such file | at all")


def rows(text: str) -> list[list[str]]:
    """The cells of the table."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines]


def test_every_model_says_whether_it_was_there_made_or_failed() -> None:
    text = run_markdown(
        "mine", TABLES.ent_ce, there=MODELS[:1], absent=[ABSENT], report="/a/report.html"
    )
    head, _, *body = rows(text)
    assert head[:2] == ["model", "this run"]
    assert [row[0] for row in body] == [escaped(name) for name in [*MODELS, "big"]]
    fates = [row[1] for row in body]
    assert fates[:-1] == ["cached", *["made"] * (len(MODELS) - 1)]
    assert text.splitlines()[2] == (
        f"{len(MODELS) + 1} models: 1 cached, {len(MODELS) - 1} made, 1 failed"
    )
    assert "Report: `/a/report.html`" in text


def test_a_model_shows_its_ent_ce_of_the_first_decoding() -> None:
    text = run_markdown("mine", TABLES.ent_ce, there=[], absent=[], report="r")
    of_first = next(row for row in rows(text) if row[0] == escaped(FIRST["model"]))
    assert of_first[2] == escaped(estimate(FIRST, "ent_ce"))
    assert FIRST["decoding"] in text.replace("\\", "")


def test_why_a_model_failed_breaks_no_table() -> None:
    text = run_markdown("<b>", TABLES.ent_ce, there=[], absent=[ABSENT], report="`r")
    assert "failed: no such file \\| at all" in text
    assert text.startswith("# \\<b\\>\n")
