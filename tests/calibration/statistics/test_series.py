"""A series has all its tables whatever was measured, and says in words what it cannot say."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_up_series import STEPS, measured, series

from calibration.statistics.ent_ce import estimate
from calibration.statistics.leaving_out import DISTILLED
from calibration.statistics.measured import Measured, Size, Summary
from calibration.statistics.series import SeriesFit, fit_series
from calibration.tables import (
    BANDS,
    CURVES,
    ENT_CE,
    FITS,
    GATE,
    HORIZONS,
    LEAVE_ONE_OUT,
    POINTS,
    SEEN,
    SPREAD,
)


def row(fitted: SeriesFit, quantity: str = "ent_ce") -> dict[str, object]:
    return fitted.fits.row(by_predicate=pl.col("quantity") == quantity, named=True)


def test_a_series_of_five_has_all_its_tables() -> None:
    fitted = fit_series(series(-0.2))
    assert fitted.ent_ce.schema == ENT_CE
    assert fitted.curves.schema == CURVES
    assert fitted.fits.schema == FITS
    assert fitted.bands.schema == BANDS
    assert fitted.spread.schema == SPREAD
    assert fitted.seen.schema == SEEN
    assert fitted.gate.schema == GATE
    assert fitted.gate["texts"].to_list() == [60] * 5
    for name, schema in (
        ("points", POINTS),
        ("leave_one_out", LEAVE_ONE_OUT),
        ("horizons", HORIZONS),
    ):
        assert getattr(fitted, name).schema == schema
    assert fitted.fits["quantity"].to_list() == ["ent_ce", "drift", "drift_slope"]
    assert fitted.curves.height == 5 * STEPS
    assert {"drift", "ent_ce"} <= set(fitted.bands["quantity"])
    assert (fitted.bands["low"] < fitted.bands["high"]).all()


@pytest.mark.parametrize("quantity", ["ent_ce", "drift"])
def test_the_law_that_was_planted_is_found(quantity: str) -> None:
    found = row(fit_series(series(-0.2)), quantity)
    assert found["identified"]
    assert found["low"] <= -0.2 <= found["high"]  # type: ignore[operator]
    assert found["exponent"] == pytest.approx(-0.2, abs=0.02)
    assert found["reference_size"] == pytest.approx(1e7)
    assert found["amplitude"] == pytest.approx(
        0.3 * 100**-0.2 * (1 if quantity == "ent_ce" else 2 / 3), rel=0.05
    )
    assert found["warnings"] == []


def test_models_come_out_by_size_with_what_was_measured_of_them() -> None:
    fitted = fit_series(series(-0.2)[::-1]).ent_ce
    assert fitted["parameters"].is_sorted()
    first = fitted.row(0, named=True)
    assert first["ent_ce"] == pytest.approx(0.3, abs=0.01)
    assert first["drift"] == pytest.approx(0.2, abs=0.01)
    assert first["ent_ce_low"] < first["ent_ce"] < first["ent_ce_high"]
    assert first["ent_ce_per_byte"] == pytest.approx(first["ent_ce"] / 4)
    assert first["ended_share"] == 0.25
    assert first["end_probability"] == 0.25
    assert first["coverage"] == 1.0
    assert (first["examples"], first["clusters"], first["tokens"]) == (60, 60, 60 * STEPS)


@pytest.mark.parametrize("models", [1, 2])
def test_fewer_than_three_models_have_a_row_without_an_exponent(models: int) -> None:
    fitted = fit_series(series(-0.2, models))
    found = row(fitted)
    assert found["exponent"] is None
    assert found["identified"] is False
    assert found["models"] == models
    assert found["warnings"] == [
        f"no exponent: 3 models are needed for an interval, found {models}"
    ]
    assert fitted.bands.is_empty()
    assert fitted.bands.schema == BANDS
    assert fitted.ent_ce.height == models


def test_values_around_zero_have_no_exponent_and_are_named() -> None:
    members = [measured(f"m{size}", size, 0.0) for size in (10, 100, 1000, 10_000)]
    fitted = fit_series(members)
    found = row(fitted)
    assert found["exponent"] is None
    warnings = " | ".join(found["warnings"])  # type: ignore[arg-type]
    assert "the amplitude of EntCE cannot be told from 0" in warnings
    below = fitted.ent_ce.filter(pl.col("ent_ce") <= 0)["model"].to_list()
    assert below
    assert f"EntCE is not above 0 for {', '.join(below)}" in warnings


def test_few_texts_are_warned_of_and_one_text_has_no_interval() -> None:
    few = row(fit_series(series(-0.2, texts=20)))
    assert few["identified"]
    assert few["warnings"] == ["intervals are approximate below 40 source texts, found 20"]
    one = fit_series(series(-0.2, texts=1))
    assert row(one)["exponent"] is None
    assert "2 source texts are needed" in row(one)["warnings"][0]  # type: ignore[index]
    assert one.ent_ce["ent_ce"].null_count() == 0
    assert one.ent_ce["ent_ce_se"].null_count() == 5
    assert one.curves["entropy_se"].null_count() == 5 * STEPS


@pytest.mark.parametrize(
    ("x", "warning"),
    [("tokens", "tokens is not known for m100000"), ("tokens", "all models have the same tokens")],
)
def test_sizes_that_cannot_be_fitted_over_are_said(x: Size, warning: str) -> None:
    tokens = 7 if "same" in warning else None
    members = [measured(f"m{10**power}", 10**power, 0.3, tokens=tokens) for power in (5, 6, 7)]
    found = row(fit_series(members, x=x))
    assert found["x"] == "tokens"
    assert warning in found["warnings"][0]  # type: ignore[index]


def test_the_size_that_is_asked_for_is_fitted_over() -> None:
    found = row(fit_series(series(-0.2), x="non_embedding_parameters"))
    assert found["x"] == "non_embedding_parameters"
    assert found["reference_size"] == pytest.approx(5e6)


def test_members_of_two_series_are_refused_in_one_sentence() -> None:
    one, other = series(-0.2, 2)
    changed = Measured(**{**vars(other), "dataset": "code"})
    with pytest.raises(
        ValueError, match="one dataset was expected in a series, found code, speeches"
    ):
        fit_series([one, changed])
    with pytest.raises(ValueError, match="found m100000 twice"):
        fit_series([one, one])
    with pytest.raises(ValueError, match="at least one model was expected"):
        fit_series([])


def test_texts_that_a_model_may_have_seen_are_told_from_later_ones() -> None:
    dated = measured("m", 1000, 0.3, trained_until=2009)
    seen = fit_series([dated, measured("undated", 2000, 0.3)]).seen
    assert seen["model"].unique().to_list() == ["m"]
    assert seen["texts"].to_list() == ["all", "up to 2009", "after 2009"]
    assert seen["examples"].to_list() == [60, 30, 30]
    later = dated.summary.examples.filter(pl.col("example") % 20 > 9)
    assert seen["ent_ce"][2] == pytest.approx(estimate(later).ent_ce.value)


def test_texts_without_years_give_no_rows_of_seen_texts() -> None:
    dated = measured("m", 1000, 0.3, trained_until=2009)
    undated = dated.summary.texts.with_columns(year=pl.lit(None, pl.Int32))
    summary = Summary(**vars(dated.summary) | {"texts": undated})
    assert fit_series([Measured(**vars(dated) | {"summary": summary})]).seen.is_empty()


def test_the_share_of_ended_texts_grows_to_what_the_table_states() -> None:
    fitted = fit_series([measured("m", 1000, 0.3)])
    assert fitted.curves["ended"].to_list() == [0.0] * (STEPS - 1) + [0.25]
    assert fitted.curves["ended"][-1] == fitted.ent_ce["ended_share"][0]


def test_points_are_what_was_measured_and_vary_as_their_errors_say() -> None:
    fitted = fit_series(series(-0.2))
    points = fitted.points.filter(pl.col("quantity") == "ent_ce")
    assert points["model"].to_list() == fitted.ent_ce["model"].to_list()
    assert points["value"].to_numpy() == pytest.approx(fitted.ent_ce["ent_ce"].to_numpy())
    assert points["low"].to_numpy() == pytest.approx(fitted.ent_ce["ent_ce_low"].to_numpy())
    covariance = np.array(points["covariance"].to_list())
    errors = points["standard_error"].to_numpy()
    # Texts of one length: the influence and the jackknife are the same.
    assert np.sqrt(np.diag(covariance)) == pytest.approx(errors, rel=1e-6)


def test_every_model_is_left_out_of_every_law_that_has_an_exponent() -> None:
    fitted = fit_series(series(-0.2))
    determined = fitted.fits.filter("identified")["quantity"].to_list()
    without = fitted.leave_one_out
    assert without["quantity"].unique(maintain_order=True).to_list() == determined
    assert without["left_out"].to_list() == fitted.ent_ce["model"].to_list() * len(determined)
    assert fit_series(series(-0.2, 3)).leave_one_out.is_empty()


def test_a_model_that_decides_is_named_in_the_warnings_and_of_four_it_is_arithmetic() -> None:
    members = [
        measured(f"m{size}", size, 0.3 * (size / 1e5) ** -0.1, texts=400) for size in (10**5, 10**6)
    ]
    members += [measured("odd", 10**7, 0.25, texts=400), measured("large", 10**8, 0.15, texts=400)]
    warnings = " | ".join(row(fit_series(members))["warnings"])  # type: ignore[arg-type]
    assert "without" in warnings
    assert "of 4 models that is arithmetic, not evidence" in warnings


def test_a_constant_excess_has_the_same_exponent_at_every_length() -> None:
    lengths = fit_series(series(-0.2)).horizons.filter(
        (pl.col("quantity") == "ent_ce") & pl.col("identified")
    )
    assert lengths["steps"].max() == STEPS
    assert lengths["steps"].n_unique() >= 4
    assert lengths["exponent"].to_list() == pytest.approx([-0.2] * lengths.height, abs=0.02)
    whole = row(fit_series(series(-0.2)))
    assert lengths["exponent"][-1] == whole["exponent"]


def test_bands_go_on_beyond_the_largest_model_and_say_how_far_the_law_decides() -> None:
    band = fit_series(series(-0.2)).bands.filter(pl.col("quantity") == "ent_ce")
    assert band["size"].max() == pytest.approx(1e10)
    assert (band["form_dependent"] == (band["size"] > 3e9)).all()
    assert (band["prediction_low"] <= band["low"]).all()
    assert (band["prediction_high"] >= band["high"]).all()


def with_distilled(models: int, distilled: int) -> tuple[SeriesFit, SeriesFit]:
    """A series whose smallest models are distilled, and the others of them alone."""
    members = [
        replace(one, distilled=place < distilled) for place, one in enumerate(series(-0.2, models))
    ]
    return fit_series(members), fit_series(members[distilled:])


def test_without_distilled_models_the_law_is_that_of_the_others() -> None:
    whole, others = with_distilled(6, 2)
    rows = whole.leave_one_out.filter(left_out=DISTILLED)
    assert rows["models"].to_list() == [4] * 3
    for found, alone in zip(rows.rows(named=True), others.fits.rows(named=True), strict=True):
        assert (found["exponent"], found["low"]) == (alone["exponent"], alone["low"])
    moved = rows["shift"] - (rows["exponent"] - whole.fits["exponent"])
    assert moved.abs().max() == pytest.approx(0)


def test_with_two_models_left_there_is_no_exponent_without_distilled_ones() -> None:
    whole, _ = with_distilled(4, 2)
    rows = whole.leave_one_out.filter(left_out=DISTILLED)
    assert rows["models"].to_list() == [2] * 3
    assert (
        rows.select("exponent", "low", "high", "shift", "flagged").null_count().row(0) == (3,) * 5
    )


@pytest.mark.parametrize("distilled", [0, 4])
def test_where_none_or_all_are_distilled_there_is_nothing_to_leave_out(distilled: int) -> None:
    members = [
        replace(one, distilled=place < distilled) for place, one in enumerate(series(-0.2, 4))
    ]
    assert fit_series(members).leave_one_out.filter(left_out=DISTILLED).is_empty()


def test_chat_models_and_base_models_are_no_series() -> None:
    one, other = series(-0.2, 2)
    with pytest.raises(ValueError, match="one chat was expected in a series, found False, True"):
        fit_series([one, replace(other, chat=True)])
