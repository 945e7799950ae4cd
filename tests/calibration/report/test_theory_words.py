"""What stands beside the fits: one prediction a data set, of what is generated, with its terms."""

import polars as pl
from made_up_theory import DATASETS, LABEL, TOKENIZERS, made_up_theory

from calibration.report.theory_words import predicted_beside_fits, vocabulary
from calibration.statistics.toy import MOST_TYPES


def test_the_tokens_of_the_first_tokenizer_predict_for_each_data_set() -> None:
    theory = made_up_theory().theory
    found = predicted_beside_fits(theory)
    assert found["dataset"].to_list() == list(DATASETS)
    [first, *_] = theory.filter(
        unit="tokens", estimator="split half", tokenizer=TOKENIZERS[0], dataset=DATASETS[0]
    ).rows(named=True)
    assert found["predicted"][0] == first["predicted_finite"] < 0
    assert found["said"][0] == f"{DATASETS[0]} under the tokenizer of {TOKENIZERS[0]} ({LABEL})"


def test_without_a_prediction_nothing_stands_beside_the_fits() -> None:
    theory = made_up_theory().theory
    unknown = theory.with_columns(
        predicted_finite=pl.when(pl.col("dataset") == DATASETS[1]).then(pl.col("predicted_finite"))
    )
    assert predicted_beside_fits(unknown)["dataset"].to_list() == [DATASETS[1]]
    assert predicted_beside_fits(theory.clear()).is_empty()


def test_a_vocabulary_without_an_end_is_no_number() -> None:
    assert vocabulary(float(MOST_TYPES)) == "no end"
    assert (vocabulary(28_700.0), vocabulary(None)) == ("28.7k", "undetermined")
