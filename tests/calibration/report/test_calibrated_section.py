"""Fitted decodings on the page: whether they dominate temperature, in words and cells."""

import polars as pl
import pytest
from made_up_calibrated import FUTURE, GAIN, STEP, TAU, calibrated_study, models
from made_up_study import DATASET, made_up_study

from calibration.calibrated_tables import CALIBRATED, DIAGNOSED, FITTED
from calibration.report.calibrated_section import (
    NOT_TIMED,
    calibrated_rows,
    calibrated_section,
    calibrated_sentence,
    outcome,
    relative_cost,
    settings_words,
)
from calibration.report.contents import report_page, summary_text
from calibration.report.diagnosed import diagnostic_cells, predictor_sentence
from calibration.report.figures.catalogue import study_figures
from calibration.report.figures.plane import loss_ent_ce_plane
from calibration.report.paths import plain, untruncated
from calibration.report.results import ReportTables

STUDY = calibrated_study()
TABLES = STUDY.tables


def only(*decodings: str) -> pl.DataFrame:
    return TABLES.calibrated.filter(pl.col("decoding").is_in(decodings))


def changed(**values: object) -> dict[str, object]:
    row = TABLES.calibrated.filter(decoding=STEP).row(0, named=True)
    return row | values


def of_predictor(error: float, spread: float) -> pl.DataFrame:
    """Two rounds of one predictor, the first of them blind."""
    rows = [
        {"model": "m", "dataset": "d", "decoding": FUTURE, "name": name, "at": at, "value": value}
        for number, values in ((1, (9.0, 9.0)), (2, (error, spread)))
        for name, value in zip(("predictor_error", "labels_spread"), values, strict=True)
        for at in (
            f"round {number}, states",
            f"round {number}, tokens, of rollouts, within a place",
        )
    ]
    return pl.DataFrame(rows, schema=DIAGNOSED)


def test_a_predictor_that_knows_nothing_is_said_to() -> None:
    found = predictor_sentence(of_predictor(3.61, 3.69))
    assert f"3.61 where they vary by 3.69 (m, {FUTURE})" in found
    assert found.endswith("They hardly tell tokens apart, and promise little.")
    assert "hardly" not in predictor_sentence(of_predictor(1.0, 3.69))
    assert predictor_sentence(TABLES.diagnosed) == ""


def test_diagnostics_have_their_words_and_as_many_digits_as_they_need() -> None:
    row = {"model": "m", "decoding": STEP, "at": "", "value": -0.00034, "se": 0.00012}
    assert diagnostic_cells(row | {"name": "log_loss_change"})[2:] == [
        "log loss less that without it",
        "",
        "-0.000340 ± 0.000120",
    ]
    lone = row | {"name": "temperature", "value": 0.953, "se": None}
    assert diagnostic_cells(lone)[2:] == ["τ", "", "0.9530"]


def test_what_dominates_is_named_with_its_difference() -> None:
    found = calibrated_sentence(TABLES.calibrated)
    total, step = 2 * len(models()), len(models())
    assert found.startswith(f"Of {total} fitted decodings, each against")
    assert f"{step} dominate temperature" in found
    assert f"{STEP} of {models()[0]}, -0.0020 [-0.0030, -0.0010]" in found
    assert FUTURE not in found


def test_where_nothing_dominates_it_is_said_with_the_lowest() -> None:
    found = calibrated_sentence(only(FUTURE, TAU))
    assert found.startswith(f"Nothing dominates temperature: of {len(models())} fitted decodings")
    assert "-0.0004 [-0.0014, +0.0006]" in found


def test_a_temperature_is_set_against_nothing() -> None:
    assert calibrated_sentence(only(TAU)).startswith("Only temperatures were fitted")


def test_without_temperatures_on_either_side_nothing_is_claimed() -> None:
    beyond = only(STEP).with_columns(inside=pl.lit(value=False))
    assert calibrated_sentence(beyond).startswith("Nothing can be said")
    both = pl.concat([beyond, only(FUTURE)])
    found = calibrated_sentence(both)
    assert f"For {len(models())} of them there are no 3 distinct temperatures" in found


def test_one_source_text_is_a_reason_of_its_own() -> None:
    ends = [pl.lit(None, pl.Float64).alias(f"difference_{end}") for end in ("low", "high")]
    alone = only(STEP).with_columns(ends)
    words = f"For {len(models())} of them there is one source text only, and no interval."
    assert calibrated_sentence(alone).endswith(words)
    assert "distinct temperatures" not in calibrated_sentence(alone)
    assert calibrated_sentence(pl.concat([alone, only(FUTURE)])).endswith(words)


def test_what_the_curve_may_be_off_by_is_no_domination() -> None:
    rough = TABLES.calibrated.with_columns(path_error=pl.lit(0.0011))
    assert calibrated_sentence(rough).startswith("Nothing dominates temperature")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "yes"),
        ({"difference_high": 0.001}, "not shown"),
        ({"path_error": 0.0011}, "not shown"),
        ({"difference_low": 0.001, "difference_high": 0.002, "path_error": 0.0011}, "not shown"),
        ({"difference_low": 0.001, "difference_high": 0.002}, "no: higher"),
        ({"inside": False}, "not known: its EntCE is outside theirs"),
        ({"difference": None, "temperatures": 2}, "not known beside 2 distinct temperatures"),
        ({"difference_low": None, "difference_high": None}, "not known without an interval"),
        ({"kind": "temperature"}, "is one"),
    ],
)
def test_an_outcome_is_claimed_only_where_its_interval_allows(
    values: dict[str, object], words: str
) -> None:
    assert outcome(changed(**values)) == words


def test_each_row_has_its_settings_measures_cost_and_outcome() -> None:
    rows = {(row[0], row[1]): row for row in calibrated_rows(TABLES)}
    assert len(rows) == 3 * len(models())
    row = rows[models()[0], STEP]
    assert row[2:5] == ["yes", "-0.0020 [-0.0030, -0.0010]", "0.0005"]
    assert row[6].startswith("+0.0000 [")
    assert row[8:] == ["100 %", "3×", "α +0.1200"]
    assert rows[models()[0], TAU][10] == "τ 0.9530"


def test_blocks_stand_in_their_order() -> None:
    rows = [
        {"model": "m", "dataset": "d", "decoding": STEP, "name": "alpha", "block": block}
        | {"value": value}
        for block, value in ((1, 0.2), (0, 0.1))
    ]
    assert settings_words(pl.DataFrame(rows, schema=FITTED)) == "α +0.1000, +0.2000"


def test_time_on_another_device_is_not_compared() -> None:
    elsewhere = pl.when(decoding=STEP).then(pl.lit("other")).otherwise("device").alias("device")
    moved = STUDY.with_tables(pace=TABLES.pace.with_columns(elsewhere)).tables
    assert relative_cost(moved, models()[0], STEP) == NOT_TIMED
    assert relative_cost(moved, models()[0], FUTURE) == "1.5×"


def test_the_page_tells_of_them_and_the_plane_draws_them() -> None:
    page = report_page(TABLES, STUDY.provenance, figures=[])
    assert "Calibrated without the tradeoff" in page
    captions = {figure.name: figure.caption for figure in study_figures(TABLES)}
    assert "hollow point" in captions["loss-ent-ce-plane"]
    figure = loss_ent_ce_plane(TABLES, dataset=DATASET, decoding="temperature 1.0")
    drawn = " ".join(" ".join(text.get_text().split()) for text in figure.texts)
    assert "stars: one step ahead, plus signs: future entropy" in drawn
    assert STEP in summary_text(TABLES.ent_ce, TABLES.fits)


def test_a_study_without_them_has_none_of_it() -> None:
    tables = made_up_study().tables
    assert tables.calibrated.schema == CALIBRATED
    assert list(calibrated_section(tables, DATASET)) == []


def test_fitted_decodings_are_no_stated_temperatures() -> None:
    stated = plain(TABLES.ent_ce)["decoding"].unique()
    assert not set(stated) & set(GAIN)
    assert set(GAIN) <= set(untruncated(TABLES.ent_ce)["decoding"])
    assert TABLES.headline(DATASET) not in GAIN


def test_a_study_of_fitted_decodings_alone_has_a_page() -> None:
    alone = {
        name: frame.filter(pl.col("decoding").is_in(list(GAIN)))
        for name, frame in vars(TABLES).items()
        if "decoding" in frame.columns and name != "readings"
    }
    shown = TABLES.readings.with_columns(decoding=pl.lit(TAU))
    tables = ReportTables(**(vars(TABLES) | alone | {"readings": shown}))
    assert tables.headline(DATASET) == TAU
    page = report_page(tables, STUDY.provenance, figures=[])
    assert "not timed" in page
