"""Rules of what was fitted: clean tables pass, and each fault is named."""

from typing import Any

import polars as pl
import pytest

from calibration.calibrated_tables import CALIBRATION, DIAGNOSTICS, HEAD
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep
from expectations.suites import calibration_tables, calibration_verdict

ENT_CE = FittedTemperature(kind="temperature", fit="ent_ce")
LOG_LOSS = FittedTemperature(kind="temperature", fit="log_loss")
ONE_STEP = OneStep(kind="one_step")
BLOCKS = OneStep(kind="one_step", block=8)
FUTURE = FutureEntropy(kind="future_entropy")
VOCABULARY = 3

NUMBERS: dict[Method, list[tuple[Any, ...]]] = {
    ENT_CE: [("temperature", None, 0.97)],
    LOG_LOSS: [("temperature", None, 1.01)],
    ONE_STEP: [("alpha", None, 0.04)],
    BLOCKS: [("alpha", 0, 0.04), ("alpha", 1, -0.01)],
    FUTURE: [("alpha", None, 0.01)],
}
AGAINST = "round 1, tokens, of rollouts, within a place"
TOLD: dict[Method, list[tuple[Any, ...]]] = {
    ENT_CE: [
        ("temperature", "", 0.97, 0.01),
        ("ent_ce", "temperature 0.8", -0.3, 0.02),
        ("ent_ce", "temperature 1", 0.1, None),
    ],
    LOG_LOSS: [("temperature", "", 1.01, 0.01), ("log_loss_change", "", -0.001, 0.001)],
    ONE_STEP: [("alpha", "", 0.04, 0.01), ("log_loss_change", "", -0.001, 0.001)],
    BLOCKS: [("log_loss_change", "", -0.001, 0.001)],
    FUTURE: [
        ("predictor_error", AGAINST, 1.0, 0.1),
        ("labels_spread", AGAINST, 1.5, 0.1),
        ("log_loss_change", "round 1", -0.001, 0.001),
    ],
}
ARRAYS: list[tuple[Any, ...]] = [
    ("inner", [1, 2], [0.1, 0.2]),
    ("outer", [VOCABULARY, 1], [0.0, 1.0, 2.0]),
]


def broken(
    method: Method,
    *,
    numbers: list[tuple[Any, ...]] | None = None,
    told: list[tuple[Any, ...]] | None = None,
    arrays: list[tuple[Any, ...]] = ARRAYS,
) -> set[str]:
    """The rules that some tables break."""
    tables = {
        "calibration": pl.DataFrame(numbers or NUMBERS[method], CALIBRATION, orient="row"),
        "diagnostics": pl.DataFrame(told or TOLD[method], DIAGNOSTICS, orient="row"),
        "head": pl.DataFrame(arrays, HEAD, orient="row"),
    }
    held = [tables[name] for name in calibration_tables(method)]
    verdict = calibration_verdict(held, method, vocabulary=VOCABULARY)
    return set(verdict.filter(~pl.col("passed"))["rule"])


@pytest.mark.parametrize("method", NUMBERS, ids=lambda method: method.label)
def test_what_was_fitted_passes(method: Method) -> None:
    assert broken(method) == set()


@pytest.mark.parametrize(
    ("method", "numbers", "rules"),
    [
        (ENT_CE, [("temperature", None, -1.0)], {"in-range"}),
        (ENT_CE, [("temperature", None, float("nan"))], {"in-range"}),
        (LOG_LOSS, [("alpha", None, 1.0)], {"named-for-what-it-is"}),
        (ENT_CE, NUMBERS[ENT_CE] * 2, {"one-temperature"}),
        (ONE_STEP, NUMBERS[BLOCKS], {"every-block-once"}),
        (BLOCKS, [("alpha", 0, 0.1), ("alpha", 2, 0.1)], {"every-block-once"}),
        (FUTURE, [("alpha", None, 50.0)], {"in-range"}),
    ],
)
def test_numbers_that_no_method_fits_are_named(
    method: Method, numbers: list[tuple[Any, ...]], rules: set[str]
) -> None:
    assert broken(method, numbers=numbers) == rules


def test_ent_ce_of_one_sign_brackets_no_root() -> None:
    assert broken(ENT_CE, told=TOLD[ENT_CE][:2]) == {"ent-ce-on-both-sides"}


def test_a_fit_that_makes_human_text_less_likely_is_refused() -> None:
    assert broken(ONE_STEP, told=[("log_loss_change", "", 0.01, 0.1)]) == {"log-loss-no-worse"}


def test_an_error_below_0_is_no_error() -> None:
    assert broken(LOG_LOSS, told=[("temperature", "", 1.0, -0.1)]) == {"diagnostics-finite"}


def test_a_predictor_that_tells_no_tokens_apart_is_told_of_and_not_refused() -> None:
    told = [("predictor_error", AGAINST, 2.0, 0.1), ("labels_spread", AGAINST, 1.5, 0.1)]
    assert broken(FUTURE, told=told) == {"predictor-tells-tokens-apart"}


@pytest.mark.parametrize(
    ("arrays", "rule"),
    [
        ([("outer", [2, 1], [0.0, 1.0])], "one-output-a-token"),
        ([("outer", [VOCABULARY, 1], [0.0, 1.0])], "arrays-whole"),
        ([("outer", [VOCABULARY, 1], [0.0, 1.0, float("inf")])], "arrays-whole"),
    ],
)
def test_a_head_that_lacks_something_is_refused(arrays: list[tuple[Any, ...]], rule: str) -> None:
    assert broken(FUTURE, arrays=arrays) == {rule}
