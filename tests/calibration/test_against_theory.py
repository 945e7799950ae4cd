"""The exponents of fits beside the theory: the right text, both predictions, and their label."""

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, made_up_study
from made_up_theory import made_up_theory

from calibration.against_theory import ASYMPTOTIC, FINITE, against_theory
from calibration.theory import finite_exponent
from calibration.theory_tables import AGAINST_THEORY

STUDY = made_up_study().tables


def joined(theory: pl.DataFrame = STUDY.theory, fits: pl.DataFrame = STUDY.fits) -> pl.DataFrame:
    return against_theory(fits, theory, STUDY.ent_ce)


def text(theory: pl.DataFrame = STUDY.theory) -> dict[str, object]:
    return theory.filter(unit="tokens", estimator="split half").row(0, named=True)


def first(prediction: str, theory: pl.DataFrame = STUDY.theory) -> dict[str, object]:
    return joined(theory).filter(prediction=prediction, quantity="ent_ce").row(0, named=True)


def of_alpha(**values: float | None) -> pl.DataFrame:
    return STUDY.theory.with_columns(
        pl.lit(value, pl.Float64).alias(name) for name, value in values.items()
    )


def test_every_identified_fit_stands_beside_both_predictions() -> None:
    found = joined()
    assert found.schema == AGAINST_THEORY
    identified = STUDY.fits.filter("identified")
    assert len(found) == 2 * len(identified)
    assert set(found["decoding"]) <= set(DECODINGS)
    assert joined(fits=STUDY.fits.with_columns(identified=pl.lit(value=False))).is_empty()


def test_the_predictions_are_those_of_the_theory() -> None:
    assert first(ASYMPTOTIC)["predicted"] == text()["predicted"]
    assert first(FINITE)["predicted"] == text()["predicted_finite"]
    again = finite_exponent(text()["alpha"], tokens=text()["tokens"], types=text()["types"])
    assert again == pytest.approx(text()["predicted_finite"], rel=1e-12)


def test_the_interval_of_a_prediction_is_that_of_alpha_carried_through() -> None:
    row, alpha = first(ASYMPTOTIC), text()
    assert row["predicted_low"] == pytest.approx(1 / alpha["high"] - 1)
    assert row["predicted_high"] == pytest.approx(1 / alpha["low"] - 1)
    finite = first(FINITE)
    assert finite["predicted_low"] < finite["predicted"] < finite["predicted_high"]


def test_an_alpha_known_for_sure_leaves_the_interval_of_the_exponent() -> None:
    known = of_alpha(alpha=1.25, low=1.25, high=1.25, predicted=-0.2)
    row, fit = first(ASYMPTOTIC, known), STUDY.fits.row(0, named=True)
    assert row["difference"] == pytest.approx(fit["exponent"] + 0.2)
    assert row["difference_low"] == pytest.approx(fit["low"] + 0.2)
    assert row["difference_high"] == pytest.approx(fit["high"] + 0.2)
    assert row["p_difference"] == pytest.approx(row["p_predicted"], rel=1e-6)


def test_what_the_exponents_interval_leaves_out_has_a_small_p() -> None:
    fit = STUDY.fits.row(0, named=True)
    for predicted, small in ((fit["high"] + 0.01, True), (fit["high"] - 0.01, False)):
        row = first(ASYMPTOTIC, of_alpha(predicted=predicted))
        assert (row["p_predicted"] < 0.05) == small


def test_an_alpha_without_an_interval_has_no_difference_test() -> None:
    row = first(ASYMPTOTIC, of_alpha(low=None, high=None))
    assert row["difference"] is not None
    assert row["p_predicted"] is not None
    for name in ("difference_low", "p_difference", "margin", "predicted_low"):
        assert row[name] is None


def test_an_alpha_below_1_is_not_predicted_for_and_says_nothing() -> None:
    row = first(ASYMPTOTIC, of_alpha(predicted=None))
    assert {row[name] for name in ("predicted", "difference", "p_predicted", "margin")} == {None}
    assert first(FINITE, of_alpha(predicted=None))["predicted"] is not None


def test_no_interval_of_a_prediction_reaches_above_0() -> None:
    row = first(ASYMPTOTIC, of_alpha(alpha=1.05, low=0.9, high=1.2, predicted=1 / 1.05 - 1))
    assert row["predicted_high"] == 0


def test_a_family_has_the_text_of_its_own_tokenizer() -> None:
    theory = made_up_theory().theory.with_columns(dataset=pl.lit(DATASET))
    first_tokenizer, other = theory["tokenizer"].drop_nulls().unique(maintain_order=True)
    assert joined(theory)["tokenizer"].unique().to_list() == [first_tokenizer]
    renamed = theory.with_columns(
        tokenizer=pl.col("tokenizer").replace({first_tokenizer: "nobody", other: "ladder-2m"})
    )
    assert joined(renamed)["tokenizer"].unique().to_list() == ["ladder-2m"]
    strangers = theory.with_columns(tokenizer="stranger-" + pl.col("tokenizer"))
    assert joined(strangers)["tokenizer"].unique().to_list() == [f"stranger-{first_tokenizer}"]


@pytest.mark.parametrize(
    ("tokens", "label"),
    [
        (None, "not a test of the theory for ladder (training tokens are not stated)"),
        (10**9, "not a test of the theory for ladder (all models have the same training tokens)"),
    ],
)
def test_fixed_data_is_no_test_of_the_theory(tokens: int | None, label: str) -> None:
    measured = STUDY.ent_ce.with_columns(training_tokens=pl.lit(tokens, pl.Int64))
    found = against_theory(STUDY.fits, STUDY.theory, measured)
    assert found["assumes"].unique().to_list() == [f"assumes m ∝ N; {label}"]


def test_data_that_grows_with_size_is_labelled_by_what_is_assumed_alone() -> None:
    measured = STUDY.ent_ce.with_columns(training_tokens=20 * pl.col("parameters"))
    found = against_theory(STUDY.fits, STUDY.theory, measured)
    assert found["assumes"].unique().to_list() == ["assumes m ∝ N"]
