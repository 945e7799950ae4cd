"""Entropy calibrated without its price, by enumeration: the theorem and its practical readings."""

import numpy as np
import pytest
from derailing import derailing

from calibration.lookahead.exact import (
    Adjusted,
    by_one,
    by_rounds,
    by_step,
    calibrated_temperature,
    error_bound,
    futures,
    least_loss_temperature,
    one_step,
)
from calibration.lookahead.strings import Floats, Strings, measures

SEEDS = range(5)
# Letters and steps; the last of them has 1.7 million strings.
SHAPES = [(4, 7, seed) for seed in SEEDS] + [(2, 8, 0), (6, 5, 1), (6, 8, 0)]


@pytest.mark.parametrize(("alphabet", "steps", "seed"), SHAPES)
def test_with_its_own_futures_a_model_is_calibrated_and_loses_nothing(
    alphabet: int, steps: int, seed: int
) -> None:
    model, human = derailing(seed, alphabet=alphabet, steps=steps)
    before = measures(model, human)
    assert before.mean_ent_ce > 0.03
    after = measures(by_step(model, human).model, human)
    assert abs(after.mean_ent_ce) < 1e-8
    assert (after.log_loss <= before.log_loss + 1e-12).all()  # at every step, not in the mean alone


@pytest.mark.parametrize("seed", SEEDS)
def test_one_alpha_for_all_steps_is_enough(seed: int) -> None:
    model, human = derailing(seed)
    shared, apart = by_one(model, human), by_step(model, human)
    found, finest = measures(shared.model, human), measures(apart.model, human)
    assert abs(found.mean_ent_ce) < 1e-8
    assert np.ptp(shared.alphas) == 0
    before = measures(model, human).mean_log_loss
    assert finest.mean_log_loss < found.mean_log_loss < before


def test_the_guarantee_is_on_the_sum_and_not_on_each_step() -> None:
    """Early steps stay too entropic and late ones too certain, or the other way round."""
    model, human = derailing(0)
    steps = measures(by_step(model, human).model, human).ent_ce
    assert abs(steps.sum()) < 1e-7
    assert np.abs(steps).max() > 0.01


@pytest.mark.parametrize("delta", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_predictor_wrong_by_delta_leaves_no_more_than_the_theorem_says(
    seed: int, delta: float
) -> None:
    model, human = derailing(seed)
    generator = np.random.default_rng(seed)
    errors = [generator.uniform(-delta, delta, rows.shape) for rows in model.conditionals]
    adjusted = by_step(model, human, errors=errors).model
    found = abs(float(measures(adjusted, human).ent_ce.sum()))
    bound = error_bound(adjusted, human, errors)
    assert 1e-8 < found <= bound <= 2 * delta * model.steps
    assert found == pytest.approx(abs(felt(adjusted, human, errors)), abs=1e-8)


def felt(adjusted: Strings, human: Strings, errors: list[Floats]) -> float:
    """Σ_t E [E_p̃ - E_human] e_t: exactly the EntCE that is left."""
    terms = zip(human.prefixes(), adjusted.conditionals, human.conditionals, errors, strict=True)
    return float(sum(prefix @ ((own - rows) * error).sum(1) for prefix, own, rows, error in terms))


def test_the_bound_is_reached_by_the_worst_errors() -> None:
    """Errors of one sign where the model has more than humans: nothing smaller would do."""
    model, human = derailing(1, steps=2)
    exact = by_step(model, human).model
    errors = [
        0.01 * np.sign(own - rows)
        for own, rows in zip(exact.conditionals, human.conditionals, strict=True)
    ]
    adjusted = by_step(model, human, errors=errors).model
    found = abs(float(measures(adjusted, human).ent_ce.sum()))
    assert found == pytest.approx(error_bound(adjusted, human, errors), rel=0.02)


def test_what_is_wrong_by_a_constant_is_not_wrong() -> None:
    model, human = derailing(2)
    errors = [np.full_like(rows, 7.0) for rows in model.conditionals]
    adjusted = by_step(model, human, errors=errors).model
    assert abs(measures(adjusted, human).mean_ent_ce) < 1e-8
    assert error_bound(adjusted, human, errors) < 1e-12


@pytest.mark.parametrize("rounds", [None, 1], ids=["its own futures", "futures of the model"])
def test_looking_further_ahead_leaves_less(rounds: int | None) -> None:
    def left(seed: int, horizon: int) -> float:
        model, human = derailing(seed)
        if rounds is None:
            adjusted = by_one(model, human, horizon=horizon)
        else:
            adjusted = by_rounds(model, human, rounds, horizon=horizon)
        return abs(measures(adjusted.model, human).mean_ent_ce)

    medians = [np.median([left(seed, horizon) for seed in SEEDS]) for horizon in range(4)]
    assert medians == sorted(medians, reverse=True)
    assert medians[3] < medians[0] / 3


def test_looking_ahead_to_the_end_is_looking_ahead_all_the_way() -> None:
    model, human = derailing(3)
    far, whole = by_one(model, human, horizon=7), by_one(model, human)
    assert far.alphas == pytest.approx(whole.alphas, abs=1e-9)


def test_rounds_lead_to_the_models_own_futures() -> None:
    model, human = derailing(4)
    left = [abs(measures(by_rounds(model, human, n).model, human).mean_ent_ce) for n in range(4)]
    assert left == sorted(left, reverse=True)
    assert left[1] < 0.1 * left[0]  # already with the futures of the model as it is
    assert left[3] < 1e-4
    assert by_rounds(model, human, 12).alphas == pytest.approx(by_one(model, human).alphas)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_temperature_pays_in_log_loss_for_what_looking_ahead_does_not(seed: int) -> None:
    model, human = derailing(seed)
    cooled = measures(calibrated_temperature(model, human).model, human)
    assert abs(cooled.mean_ent_ce) < 1e-10
    best = measures(least_loss_temperature(model, human).model, human)
    calibrated = measures(by_one(model, human).model, human)
    assert calibrated.mean_log_loss < best.mean_log_loss < cooled.mean_log_loss


@pytest.mark.parametrize("seed", SEEDS)
def test_one_step_takes_some_entropy_and_some_log_loss(seed: int) -> None:
    model, human = derailing(seed)
    before = measures(model, human)
    adjusted = one_step(model, human)
    after = measures(adjusted.model, human)
    assert adjusted.alphas[0] > 0
    assert 0 < after.mean_ent_ce < before.mean_ent_ce
    assert after.mean_log_loss < before.mean_log_loss


@pytest.mark.parametrize("fit", [by_step, by_one, one_step, least_loss_temperature])
def test_nothing_is_adjusted_in_a_model_that_is_right(fit: "type[Adjusted]") -> None:
    model, _ = derailing(0, steps=5)
    adjusted = fit(model, model)
    assert np.abs(adjusted.alphas).max() < 1e-8


def test_the_entropy_ahead_is_that_of_every_string_that_may_follow() -> None:
    model, _ = derailing(5, alphabet=3, steps=4)
    second, third, fourth = model.conditionals[1:]
    whole = futures(model)[0][0]
    for letter in range(3):
        total = 0.0
        for one in range(3):
            for two in range(3):
                row = 9 * letter + 3 * one + two
                for three in range(3):
                    p = second[letter, one] * third[3 * letter + one, two] * fourth[row, three]
                    total -= p * np.log(p)
        assert whole[letter] == pytest.approx(total, abs=1e-12)


def test_a_model_that_rules_a_letter_out_is_refused() -> None:
    _, human = derailing(0, alphabet=2, steps=1)
    certain = Strings((np.array([[1.0, 0.0]]),))
    with pytest.raises(ValueError, match="probability above 0"):
        by_step(certain, human)


def test_strings_of_other_lengths_are_not_compared() -> None:
    model, _ = derailing(0, steps=3)
    _, human = derailing(0, steps=4)
    with pytest.raises(ValueError, match="3 of 4 letters and 4 of 4 letters"):
        by_step(model, human)
