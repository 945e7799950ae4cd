"""The exponents beside the theory on the page: no number without its label, no agreement by p."""

from dataclasses import replace

import polars as pl
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study, study_of

from calibration.report.against_section import COLUMNS, NOTHING, against_cells, against_section

STUDY = made_up_study()


def told(study: Study = STUDY) -> str:
    return "".join(against_section(study.tables))


def test_the_label_stands_before_the_numbers() -> None:
    page = told()
    assert "ladder: assumes m ∝ N; not a test of the theory for ladder" in page
    assert page.index("not a test of the theory") < page.index("<table")


def test_every_fit_of_the_first_decoding_has_two_rows() -> None:
    study = study_of({"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=64)
    known = study.tables.against_theory.filter(decoding=DECODINGS[0])
    assert told(study).count('scope="row"') == len(known) == 6


def test_differences_have_their_interval_p_and_margin() -> None:
    row = STUDY.tables.against_theory.row(0, named=True)
    cells = against_cells(row)
    assert len(cells) == len(COLUMNS)
    ends = f"[{row['difference_low']:+.2f}, {row['difference_high']:+.2f}]"
    assert f"{row['difference']:+.2f} {ends}" in cells
    assert f"{row['p_difference']:.4f}" in cells
    assert cells[-1] == f"{row['margin']:.2f}"


def test_what_is_not_predicted_has_no_number() -> None:
    theory = STUDY.tables.theory.with_columns(predicted=pl.lit(None, pl.Float64))
    row = replace(STUDY.tables, theory=theory).against_theory.row(0, named=True)
    assert against_cells(row)[6:] == ["not predicted", *["undetermined"] * 4]


def test_without_an_exponent_there_is_a_sentence() -> None:
    assert told(STUDY.unidentified()) == f"<p>{NOTHING}</p>"
