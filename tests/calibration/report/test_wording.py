"""Numbers and findings in words: no value is said to be undetermined, no claim is too big."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.report.wording import (
    Row,
    count,
    estimate,
    exponent,
    findings,
    interval,
    listed,
    loss,
    nats_per,
    scientific,
    share,
    signed,
    size,
    unsigned,
)

FIT: Row = {
    "family": "ladder",
    "quantity": "ent_ce",
    "x": "parameters",
    "models": 5,
    "exponent": -0.12,
    "low": -0.30,
    "high": 0.05,
    "identified": True,
    "warnings": [],
}


def measured(**values: object) -> Row:
    row: Row = {"model": "small", "unit": "tokens", "log_loss": 3.0, "ent_ce": 0.2}
    row |= {"ent_ce_low": 0.1, "ent_ce_high": 0.3}
    row |= {"drift": 0.15, "drift_low": 0.12, "drift_high": 0.18}
    row |= {"static": 0.05, "static_low": -0.01, "static_high": 0.11}
    return row | {"clusters": 100, "looping_share": 0.05, "derailed_share": 0.05} | values


def told(rows: list[Row], fits: list[Row]) -> str:
    schema = {"quantity": pl.String, "exponent": pl.Float64, "identified": pl.Boolean}
    return " ".join(findings(pl.DataFrame(rows), pl.DataFrame(fits, schema_overrides=schema)))


def test_signed_values_carry_their_sign_and_four_decimals() -> None:
    assert [signed(0.12345), signed(-1.0)] == ["+0.1235", "-1.0000"]


def test_a_value_that_rounds_to_zero_has_no_minus() -> None:
    assert signed(-0.00001) == "+0.0000"
    assert unsigned(-0.00001) == "0.0000"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_undetermined(value: float | None) -> None:
    words = {form(value) for form in (signed, unsigned, size, share, scientific)}
    assert words == {"undetermined"}
    assert interval(value, 1.0) == interval(0.0, value) == "[undetermined]"


def test_an_estimate_without_an_interval_says_so() -> None:
    assert estimate(measured(ent_ce_low=None), "ent_ce") == "+0.2000 [undetermined]"
    assert estimate(measured(ent_ce=None), "ent_ce") == "undetermined"


@given(value=st.floats(-99, 99), decimals=st.integers(0, 6))
@settings(deadline=None, derandomize=True)
def test_a_signed_value_reads_back_to_its_last_decimal(value: float, decimals: int) -> None:
    assert float(signed(value, decimals)) == pytest.approx(value, abs=0.501 * 10.0**-decimals)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (61_440, "61.4k"),
        (494_032_768, "494M"),
        (7_615_616_512, "7.62B"),
        (999_999, "1M"),
        (12, "12"),
    ],
)
def test_sizes_have_three_digits(number: int, words: str) -> None:
    assert size(number) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.05, "5 %"), (0.0467, "4.7 %"), (0.123, "12 %"), (1.0, "100 %"), (0.0, "0 %")],
)
def test_shares_have_two_digits(value: float, words: str) -> None:
    assert share(value) == words


def test_a_unit_is_named_as_one() -> None:
    assert [nats_per("tokens"), nats_per("bytes")] == ["nats per token", "nats per byte"]


def test_counts_and_lists_are_grammatical() -> None:
    assert [count(1, "model"), count(0, "model"), count(5, "model")] == [
        "1 model",
        "0 models",
        "5 models",
    ]
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_an_exponent_is_printed_with_its_interval() -> None:
    assert exponent(FIT) == "-0.12 [-0.30, +0.05]"


@pytest.mark.parametrize(
    "change",
    [{"identified": False}, {"exponent": None}, {"low": None}, {"high": math.inf}],
)
def test_an_exponent_without_support_is_no_number(change: Row) -> None:
    words = exponent(FIT | change)
    assert words.startswith("not determined: ")
    assert "0.12" not in words
    assert "not determined" in told([measured()], [FIT | change])


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.30, 0.05, "the interval contains 0, so these models do not show whether EntCE falls"),
        (-0.30, -0.05, "the magnitude of EntCE falls as models grow"),
        (0.05, 0.30, "the magnitude of EntCE rises as models grow"),
    ],
)
def test_a_trend_is_claimed_only_where_its_interval_leaves_zero_out(
    low: float, high: float, words: str
) -> None:
    assert words in told([measured()], [FIT | {"low": low, "high": high}])


def test_findings_sort_models_by_where_their_interval_lies() -> None:
    rows = [
        measured(model="above"),
        measured(model="across", ent_ce=0.05, ent_ce_low=-0.1),
        measured(model="below", ent_ce=-0.2, ent_ce_low=-0.3, ent_ce_high=-0.1),
        measured(model="unknown", ent_ce_low=None, ent_ce_high=None),
    ]
    words = told(rows, [])
    assert "runs from -0.2000 [-0.3000, -0.1000] (below) to" in words
    assert "contains 0, so no miscalibration is shown, for 1 of 4 models (across)." in words
    assert "human text) for 1 of 4 models (above)." in words
    assert "human text) for 1 of 4 models (below)." in words
    assert "EntCE has no interval for 1 of 4 models (unknown)." in words


@pytest.mark.parametrize(("unit", "words"), [("tokens", "per token"), ("bytes", "per byte")])
def test_findings_name_the_unit(unit: str, words: str) -> None:
    assert f"in nats {words}, at a log loss" in told([measured(unit=unit)], [])
    two = [measured(unit=unit), measured(unit=unit, model="other")]
    assert f"in nats {words}, at log losses" in told(two, [])


def test_a_long_list_of_models_is_only_counted() -> None:
    rows = [measured(model=f"m{number}") for number in range(9)]
    rows.append(measured(model="across", ent_ce_low=-0.1))
    assert "human text) for 9 of 10 models." in told(rows, [])


# 100 sources: chance alone puts 5 % and 1.96 · sqrt(2 · .05 · .95 / 100) = 6.04 % more beyond.
@pytest.mark.parametrize(
    ("looping", "derailed", "said"),
    [(0.12, 0.13, True), (0.11, 0.13, False), (0.3, 0.05, False), (0.0, 0.3, False)],
)
def test_opposites_cancel_only_where_both_shares_are_clearly_too_large(
    looping: float, derailed: float, said: bool
) -> None:
    words = told([measured(looping_share=looping, derailed_share=derailed)], [])
    assert ("Opposites cancel for small" in words) == said


def test_opposites_are_said_with_their_models_and_largest_shares() -> None:
    rows = [
        measured(model="a", looping_share=0.2, derailed_share=0.3),
        measured(model="b", looping_share=0.25, derailed_share=0.15),
        measured(model="c", looping_share=None),
    ]
    words = told(rows, [])
    assert "Opposites cancel for 2 of 3 models (a and b)" in words
    assert "(looping, up to 25 %) and above (derailed, up to 30 %)" in words


def test_few_sources_make_no_share_clear() -> None:
    rows = [measured(clusters=10, looping_share=0.2, derailed_share=0.2)]
    assert "Opposites" not in told(rows, [])


def test_families_of_one_verdict_share_a_sentence() -> None:
    falls = [FIT | {"family": name, "high": -0.05} for name in ("a", "b")]
    across = FIT | {"family": "c"}
    unknown = FIT | {"family": "d", "identified": False}
    words = told([measured()], [*falls, across, unknown])
    assert (
        "-0.12 [-0.30, -0.05] over 5 models of family a and -0.12 [-0.30, -0.05] over 5 models of "
        "family b; the intervals lie below 0: the magnitude of EntCE falls as models grow."
    ) in words
    assert "over 5 models of family c; the interval contains 0, so these models do not" in words
    assert "Over 5 models of family d, the exponent of EntCE in parameters is not deter" in words


def test_findings_without_any_value_claim_nothing() -> None:
    rows = [measured(ent_ce=None, ent_ce_low=None, ent_ce_high=None)]
    frame = pl.DataFrame(rows, schema_overrides={"ent_ce": pl.Float64})
    fits = pl.DataFrame(schema={"quantity": pl.String})
    assert findings(frame, fits)[0] == "EntCE is undetermined for 1 model."


def test_an_exponent_that_is_not_determined_says_the_fits_own_reason() -> None:
    reason = "no exponent: the amplitude of drift cannot be told from 0"
    words = exponent(FIT | {"identified": False, "warnings": ["12 clusters are few", reason]})
    assert words == "not determined: the amplitude of drift cannot be told from 0"


def test_one_model_has_its_parts_said_and_no_law() -> None:
    words = told([measured()], [FIT | {"models": 1}])
    assert "Drift (what own text adds, the accumulation of errors) is +0.1500 [+0.1200," in words
    assert "Static (what is there one step ahead, on human text) is +0.0500 [-0.0100," in words
    assert "exponent" not in words


def test_parts_of_several_models_run_from_the_least_to_the_most() -> None:
    words = told([measured(), measured(model="large", drift=-0.2)], [])
    assert "runs from -0.2000 [+0.1200, +0.1800] (large) to +0.1500" in words


def test_texts_that_derail_are_said_where_chance_does_not_explain_them() -> None:
    assert "Texts derail for small: up to 66 % of their own texts" in told(
        [measured(derailed_share=0.66)], []
    )
    assert "derail" not in told([measured(derailed_share=0.07)], [])


def test_a_log_loss_may_be_infinite_and_is_called_so() -> None:
    assert loss(math.inf) == "infinite"
    assert loss(3.25, 2) == unsigned(3.25, 2)
    assert loss(None) == loss(math.nan) == "undetermined"
