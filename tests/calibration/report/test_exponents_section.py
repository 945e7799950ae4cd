"""Exponents on the page: each interval beside its purpose, and no number where there is none."""

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, made_up_study, study_of

from calibration.report.exponents_section import (
    exponent_cells,
    exponents_section,
    law_cells,
    left_out_sentence,
    overall_cells,
)
from calibration.report.results import ReportTables
from calibration.report.wording import halving, span
from calibration.statistics.leaving_out import DISTILLED


def told(families: tuple[str, ...] = ("ladder",)) -> str:
    study = study_of(
        dict.fromkeys(families, SIZES), datasets=(DATASET,), decodings=DECODINGS, steps=64
    )
    return "".join(exponents_section(study.tables, [], sizes=["Parameters counted."]))


def first_fit() -> dict[str, object]:
    return made_up_study().tables.fits.row(0, named=True)


def test_own_common_and_measurement_intervals_stand_side_by_side() -> None:
    cells = exponent_cells(first_fit())
    assert "-0.20 [-0.29, -0.11]" in cells
    assert "-0.19 [-0.24, -0.13]" in cells
    assert "[-0.24, -0.16]" in cells or "[-0.25, -0.16]" in cells
    assert cells.count("0.0131") == cells.count("0.0393") == 1


def test_the_purpose_of_every_interval_is_said_once() -> None:
    page = told()
    for name in ("Exponent", "With common scatter", "Measurement only", "p, all series"):
        assert page.count(f"<strong>{name}</strong>") == 1
    assert "the one to quote" in page


def test_what_is_not_identified_has_no_number_of_its_own() -> None:
    row = made_up_study().unidentified().tables.fits.row(0, named=True)
    cells = exponent_cells(row)
    assert cells[6].startswith("not determined: ")
    assert cells[7:11] == ["undetermined"] * 4
    assert law_cells(row)[-1] == "undetermined"


def test_one_family_has_a_sentence_where_several_have_a_table() -> None:
    assert "2 families with an exponent are needed" in told()
    assert "found 1." in told()
    several = told(("ladder", "ladders"))
    assert "families with an exponent are needed" not in several
    assert "-0.18 [-0.37, +0.01]" in several


def test_a_row_over_too_few_families_says_so() -> None:
    row = made_up_study().tables.overall.row(0, named=True)
    assert overall_cells(row)[5].startswith("none: 2 families")
    assert overall_cells(row)[6] == "undetermined"


def test_a_model_that_decides_is_named_in_words() -> None:
    without = made_up_study().tables.leave_one_out
    words = left_out_sentence(without)
    assert words.startswith("Of 6 laws fitted again without each of their models, 6 move by more")
    assert "without ladder-60k: " in words
    calm = left_out_sentence(without.with_columns(flagged=pl.lit(False)))
    assert calm.endswith("none moves by more than half of its interval.")
    lost = without.with_columns(flagged=pl.lit(None, pl.Boolean))
    assert left_out_sentence(lost.filter(left_out="ladder-60k")).endswith(
        "none moves by more than half of its interval. Some have no exponent without ladder-60k."
    )
    assert left_out_sentence(without.clear()).startswith("No law has an exponent and four models")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"halving": 32.0, "halving_low": 10.9, "halving_high": 544.0}, "32× [10.9×, 544×]"),
        ({"halving": 32.0, "halving_low": 10.9, "halving_high": None}, "32× [10.9×, no size]"),
        ({"halving": 3e7, "halving_low": 9.0, "halving_high": None}, "over 1e+06× [9×, no size]"),
        ({"halving": None, "halving_low": None, "halving_high": None}, "no size"),
    ],
)
def test_what_halves_a_quantity_in_words(values: dict[str, float | None], words: str) -> None:
    assert halving(values) == words


def test_a_scatter_without_an_end_says_so() -> None:
    assert span(0.083, 0.0, None) == "0.083 [0.000, no end]"
    assert span(None, None, None) == "undetermined"


def test_the_page_says_where_sizes_come_from() -> None:
    assert "<li>Parameters counted.</li>" in told()


def test_every_fit_without_a_model_is_a_row_of_the_folded_table() -> None:
    page = told()
    inside = page.partition("without one model, of the first decoding")[2].partition("</details>")[
        0
    ]
    of_headline = made_up_study().tables.leave_one_out.filter(decoding=DECODINGS[0])
    assert inside.count('scope="row"') == len(of_headline)


def test_of_few_models_leaving_one_out_is_called_arithmetic() -> None:
    few = dict(list(SIZES.items())[:4])
    study = study_of({"ladder": few}, datasets=(DATASET,), decodings=DECODINGS, steps=64)
    page = "".join(exponents_section(study.tables, [], sizes=[]))
    assert "Of 4 models or fewer, what happens without one is arithmetic, not evidence." in page
    assert "arithmetic" not in told()


def test_source_texts_and_degrees_of_freedom_stand_with_the_laws() -> None:
    fit = first_fit()
    cells = law_cells(fit)
    assert cells[4:7] == ["43", f"{fit['effective_clusters']:.0f}", "3"]


def without_distilled(**values: object) -> str:
    """The page's section where the first model of each law was the distilled one."""
    tables = study_of({"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=64).tables
    rows = tables.leave_one_out.filter(left_out="ladder-60k").with_columns(
        left_out=pl.lit(DISTILLED),
        **{
            name: pl.lit(value, tables.leave_one_out.schema[name]) for name, value in values.items()
        },
    )
    both = pl.concat([tables.leave_one_out, rows])
    changed = ReportTables(**{**vars(tables), "leave_one_out": both})
    return "".join(exponents_section(changed, [], sizes=[]))


def test_a_law_without_distilled_models_stands_apart_from_those_without_single_ones() -> None:
    plain, page = told(), without_distilled()
    assert "Without distilled models" in page
    assert "Without distilled models" not in plain
    assert page.count(f"<td>{DISTILLED}</td>") == 3
    assert left_out_sentence(made_up_study().tables.leave_one_out) in page


def test_two_models_left_have_no_interval_and_it_is_said() -> None:
    unknown = dict.fromkeys(("exponent", "low", "high", "shift", "flagged"))
    page = without_distilled(models=2, **unknown)
    assert page.count("no interval: 3 models are needed, 2 are left") == 3


def test_in_tokens_of_several_tokenizers_no_exponent_is_over_families() -> None:
    tables = study_of(
        {"ladder": SIZES, "ladders": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=64
    ).tables
    none = [pl.lit(None).alias(name) for name in ("exponent", "low", "high", "scatter")]
    overall = tables.overall.with_columns(*none, tokenizers_differ=pl.lit(value=True))
    changed = ReportTables(**{**vars(tables), "overall": overall})
    page = "".join(exponents_section(changed, [], sizes=[]))
    assert page.count("There is no exponent over families where windows are in tokens") == 1
    assert "spread between families" not in page


def test_chat_models_are_said_to_be_no_families_of_their_own() -> None:
    tables = study_of(
        {"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=64, tuned=("ladder",)
    ).tables
    page = "".join(exponents_section(tables, [], sizes=[]))
    assert "a family and its chat version are not two families" in page
    assert "a family and its chat version are not two families" not in told()
