"""What the pages show of a study: every measurement, law and gate, in the report's words."""

import json

import pytest
from made_up_study import made_up_study

from calibration.report.markdown import escaped
from calibration.report.published import (
    ent_ce_rows,
    exponent_rows,
    findings_markdown,
    gate_rows,
)
from calibration.report.wording import estimate, findings

TABLES = made_up_study().tables
FIRST = TABLES.ent_ce.row(0, named=True)


def test_every_measurement_has_a_row_with_its_intervals() -> None:
    rows = ent_ce_rows(TABLES.ent_ce)
    assert [row["model"] for row in rows] == TABLES.ent_ce["model"].to_list()
    assert rows[0]["EntCE"] == escaped(estimate(FIRST, "ent_ce"))
    assert (rows[0]["data set"], rows[0]["nats per"]) == (FIRST["dataset"], "token")
    assert rows[0]["examples"].endswith(f" from {FIRST['clusters']} source texts")


def test_laws_and_gates_have_a_row_each() -> None:
    assert len(exponent_rows(TABLES.fits)) == len(TABLES.fits)
    assert len(gate_rows(TABLES.gate)) == len(TABLES.gate)
    assert json.dumps([exponent_rows(TABLES.fits), gate_rows(TABLES.gate)])


def test_the_findings_are_the_reports_sentences_and_say_where_it_lies() -> None:
    text = findings_markdown("my study", TABLES.ent_ce, TABLES.fits, report="/a/report.html")
    decoding = FIRST["decoding"]
    sentences = findings(
        TABLES.ent_ce.filter(decoding=decoding), TABLES.fits.filter(decoding=decoding)
    )
    assert all(f"- {escaped(sentence)}\n" in text for sentence in sentences)
    assert text.startswith("# my study\n")
    assert text.endswith("Report: `/a/report.html`\n")
    assert text.count("## ") == TABLES.ent_ce["decoding"].n_unique()


@pytest.mark.parametrize("name", ["<script>x</script>", "a_b*c*", "[x](http://y)", "| a |", "`a`"])
def test_names_are_shown_as_they_are(name: str) -> None:
    changed = made_up_study().renamed(FIRST["model"], name).tables
    text = findings_markdown(name, changed.ent_ce, changed.fits, report="/a`/report.html")
    assert name not in text.replace("`/a/report.html`", "")
    assert escaped(name) in text
