"""An infinite log loss is told as it is; what is taken from it is undefined, and drift is not."""

import json
import math

import numpy as np
import polars as pl
import pytest
from made_up_series import series
from made_up_summaries import summary

from calibration.expected import spread_facts
from calibration.statistics.comparison import comparison
from calibration.statistics.ent_ce import DRIFT, covariance, curves, estimate
from calibration.statistics.measured import Measured, Summary
from calibration.statistics.precision import components
from calibration.statistics.series import fit_series
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.tables import EXAMPLES, SAMPLES, SCORES

TEXTS = [f"text {number}" for number in range(50)]
ENTROPY = 2 + 0.1 * np.random.default_rng(0).standard_normal(len(TEXTS))
LOSSES = np.where(np.arange(len(TEXTS)) == 3, math.inf, 1.8)
FINITE = summary(TEXTS, entropy=ENTROPY)
INFINITE = summary(TEXTS, entropy=ENTROPY, log_loss=LOSSES)
UNDEFINED = ("ent_ce", "static")
ENDS = ("value", "standard_error", "low", "high")


def test_one_impossible_token_leaves_entropies_and_drift_as_they_are() -> None:
    known, found = estimate(FINITE), estimate(INFINITE)
    assert found.log_loss == math.inf
    for name in UNDEFINED:
        assert np.isnan([getattr(getattr(found, name), end) for end in ENDS]).all()
    assert math.isnan(found.ent_ce_per_byte)
    for name in ("drift", "entropy", "teacher_entropy", "coverage", "clusters"):
        assert getattr(found, name) == getattr(known, name)


def test_coverage_is_the_share_of_human_tokens_inside() -> None:
    half = FINITE.with_columns(inside=pl.col("inside").list.eval(pl.element() / 2))
    assert (estimate(FINITE).coverage, estimate(half).coverage) == (1, 0.5)


def test_the_covariance_of_ent_ce_is_undefined_with_it_and_that_of_drift_is_not() -> None:
    matrix = covariance([FINITE, INFINITE])
    assert np.isfinite(matrix[0, 0])
    assert np.isnan([*matrix[1], matrix[0, 1]]).all()
    both = covariance([FINITE, INFINITE], quantity=DRIFT)
    np.testing.assert_allclose(both, both[0, 0])


def test_a_comparison_shows_the_infinite_side_and_no_difference() -> None:
    found = {one.quantity: one for one in comparison(FINITE, INFINITE).differences}
    assert (found["log_loss"].first, found["log_loss"].second) == (pytest.approx(1.8), math.inf)
    for name in ("log_loss", *UNDEFINED):
        assert math.isnan(found[name].difference.value)
    assert math.isnan(found["ent_ce"].second)
    assert found["drift"].difference.value == 0
    apart = INFINITE.with_columns(pl.col("cluster") + " elsewhere")
    assert not comparison(FINITE, apart).paired
    assert math.isnan(comparison(FINITE, apart).differences[0].difference.value)


def test_no_precision_is_expected_from_what_has_no_ent_ce() -> None:
    assert components(INFINITE) is None
    assert components(FINITE) is not None
    assert json.dumps(spread_facts(components(INFINITE)), allow_nan=False) == "{}"


def pure(member: Measured) -> Measured:
    """The same model under a sampler that leaves a token of its first text outside."""
    lost = pl.col("log_loss").list.eval(pl.element() + math.inf)
    examples = member.summary.examples.with_columns(
        log_loss=pl.when(pl.int_range(pl.len()) == 0).then(lost).otherwise("log_loss")
    )
    changed = Summary(**(vars(member.summary) | {"examples": examples}))
    labels = {"decoding": "pure", "truncation": "top-p 0.95", "mixture": 0.0}
    return Measured(**(vars(member) | labels | {"summary": changed}))


def test_a_series_of_pure_samplers_has_a_law_of_drift_and_says_why_none_of_ent_ce() -> None:
    members = series(-0.2)
    known, found = fit_series(members), fit_series([pure(one) for one in members])
    fits = {row["quantity"]: row for row in found.fits.iter_rows(named=True)}
    assert fits["ent_ce"]["exponent"] is None
    (why,) = (one for one in fits["ent_ce"]["warnings"] if one.startswith("no exponent"))
    assert "EntCE needs a finite log loss" in why
    for quantity in ("drift", "drift_slope"):
        law = known.fits.row(by_predicate=pl.col("quantity") == quantity, named=True)
        assert fits[quantity]["exponent"] == law["exponent"]
    assert (found.ent_ce["log_loss"] == math.inf).all()
    assert found.ent_ce.select(pl.col("^(ent_ce|static).*$").is_null().all()).row(0) == (True,) * 9
    assert (found.ent_ce["mixture"] == 0).all()


def test_no_table_of_a_pure_series_holds_what_is_no_number() -> None:
    found = fit_series([pure(one) for one in series(-0.2)])
    for name, table in vars(found).items():
        floats = table.select(pl.selectors.float()).fill_null(0.0)
        assert not floats.select(pl.any_horizontal(pl.all().is_nan().any())).item(), name
        infinite = [one for one in floats.columns if floats[one].is_infinite().any()]
        assert infinite in ([], ["log_loss"]), name
        assert "NaN" not in json.dumps(json.loads(table.write_json()))


def test_moments_of_an_infinite_step_are_missing_and_the_other_steps_have_theirs() -> None:
    keys = {"cluster": ["a", "b"], "example": [0, 1]}
    rising = [[1.0, 0.0, 2.0], [2.0]]  # the second text stops after its first token
    samples = keys | {"tokens": [[1, 1, 1], [1]], "entropy": rising, "log_prob": rising}
    samples |= {"end_probability": rising, "bytes": [[1, 1, 1], [1]], "ended": [False, True]}
    scores = keys | {
        "log_loss": [[1.0, 2.0, 3.0], [4.0, math.inf, 5.0]],
        "entropy": [[1.0, 1.0, 1.0]] * 2,
        "end_probability": [[0.0] * 3] * 2,
        "inside": [[True] * 3, [True, False, True]],
    }
    ids = {"prompt_ids": [[1]] * 2, "continuation_ids": [[1] * 3] * 2}
    examples = keys | ids | {"continuation_bytes": [[1] * 3] * 2, "window": [3, 3]}
    steps = stepwise(
        pl.DataFrame(samples, schema=SAMPLES),
        pl.DataFrame(scores, schema=SCORES),
        pl.DataFrame(examples, schema=EXAMPLES),
        unit="tokens",
        at_end="stop",
    )
    sums = summary_examples(steps)
    assert sums["log_loss"].to_list() == [[1, 3, 6], [4, math.inf, math.inf]]
    assert sums["inside"].to_list() == [[1, 2, 3], [1, 1, 2]]
    positions = summary_positions(steps)
    assert positions["log_loss"].to_list() == [5, math.inf, 8]
    moments = [name for name in positions.columns if "log_loss" in name and name != "log_loss"]
    for name in moments:
        assert [one is None for one in positions[name]] == [False, True, False], name
    drawn = curves(positions)
    assert drawn["log_loss"].to_list() == [2.5, math.inf, 4]
    assert [one is None for one in drawn["log_loss_se"]] == [False, True, False]
    assert drawn["drift_se"].is_not_null().all()
