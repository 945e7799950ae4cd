"""The artifacts behind each number, named on the page and printed whole in the terminal."""

import polars as pl
from made_up_study import ARTIFACTS, made_up_study

from calibration.record_tables import ANCESTRY
from calibration.report.origins import DIGITS, ancestry_lines, ancestry_section
from calibration.tables import MODEL_LABELS

FOUND = made_up_study().provenance.ancestry


def test_a_measurement_is_one_line_that_names_each_artifact() -> None:
    page = "".join(ancestry_section(FOUND))
    measurements = FOUND.select(list(MODEL_LABELS)).unique()
    assert page.count("<tr>") == len(measurements) + 1
    for digest in FOUND["address"].str.split("/").list.last().unique():
        assert page.count(digest[:DIGITS]) == len(ARTIFACTS) - 1  # the study's fits are one for all
        assert digest not in page


def test_the_terminal_prints_every_address_whole() -> None:
    lines = list(ancestry_lines(FOUND))
    said = "\n".join(lines)
    assert [address for address in FOUND["address"] if address not in said] == []
    assert sum(line.startswith("  samples ") for line in lines) == len(FOUND) // len(ARTIFACTS)
    assert "made 2026-03-14T15:09:26+00:00 in 3.1 s on a processor of a host, code 0123abc" in said


def test_an_unknown_commit_is_said_to_be_unknown() -> None:
    unknown = FOUND.head(1).with_columns(pl.lit(None, pl.String).alias("code_commit"))
    assert "code unknown" in "\n".join(ancestry_lines(unknown))


def test_no_measurement_is_no_line() -> None:
    assert list(ancestry_lines(pl.DataFrame(schema=ANCESTRY))) == []
