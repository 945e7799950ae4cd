"""Made-up examples, and rates from times that are given."""

import pytest
from small_recipes import EXAMPLES, SAMPLES, changed

from calibration.probing import (
    FEW_STEPS,
    Shape,
    few_steps,
    in_proportion,
    in_tokens,
    made_up_examples,
    sampling_rate,
    scoring_rate,
)
from calibration.recipes import SamplesRecipe

VOCABULARY = 9


def recipe(**fields: object) -> SamplesRecipe:
    return changed(SAMPLES, examples=changed(EXAMPLES, **fields))


LONG = recipe(prompt=32, continuation=224)


def test_made_up_texts_never_end_and_are_the_same_each_time() -> None:
    found, again = (
        made_up_examples(SAMPLES, Shape(4, 8), rows=50, vocabulary=VOCABULARY) for _ in range(2)
    )
    ids = {
        one
        for row in found["prompt_ids"].to_list() + found["continuation_ids"].to_list()
        for one in row
    }
    assert ids == set(range(VOCABULARY)) - set(SAMPLES.end_ids)
    assert found.equals(again)
    assert (len(found), found["prompt_ids"].list.len().unique().to_list()) == (50, [4])


def test_a_few_steps_follow_the_whole_prompt() -> None:
    assert few_steps(LONG) == (32, FEW_STEPS)
    assert few_steps(recipe(prompt=32, continuation=3)) == (32, 3)


def test_a_pass_is_cut_where_the_recipe_cuts_its_own() -> None:
    assert in_proportion(LONG) == (6, 42)  # 48 tokens, seven eighths of them measured
    assert in_proportion(recipe(prompt=1000, continuation=1)) == (1000, 1)


def test_windows_of_bytes_are_probed_in_tokens() -> None:
    in_bytes = recipe(prompt=128, continuation=896, unit="bytes")
    assert few_steps(in_bytes) == few_steps(LONG)
    assert in_tokens(in_bytes).examples.unit == "tokens"
    assert in_tokens(changed(SAMPLES, at_end="stop")).at_end == "continue"


def test_the_prompt_is_paid_once_and_every_step_after_it_alike() -> None:
    # The prompt and a step take 3 seconds, each step after it 0.5: 3 + 223 × 0.5 for all of them.
    few = 3 + 0.5 * (FEW_STEPS - 1)
    rate = sampling_rate(LONG, rows=64, first=3.0, few=few)
    assert rate == pytest.approx(64 * 224 / (3 + 223 * 0.5))


@pytest.mark.parametrize("continuation", [1, 224])
def test_times_that_cannot_be_told_apart_still_give_a_rate(continuation: int) -> None:
    asked = recipe(prompt=32, continuation=continuation)
    assert sampling_rate(asked, rows=64, first=2.0, few=2.0) > 0


def test_a_pass_reads_prompts_too() -> None:
    assert scoring_rate(LONG, rows=64, seconds=2.0) == 64 * 48 / 2
