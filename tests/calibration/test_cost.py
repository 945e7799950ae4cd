"""What a study would cost, before anything runs."""

from small_recipes import ALL, EXAMPLES, SAMPLES, SCORES, changed

from calibration.cost import tokens_of


def test_networks_read_prompt_and_continuation_of_every_example() -> None:
    assert tokens_of(SAMPLES) == tokens_of(SCORES) == 16 * (4 + 8)


def test_what_needs_no_network_costs_no_tokens() -> None:
    assert {recipe.KIND for recipe in ALL if tokens_of(recipe) > 0} == {"samples", "scores"}


def test_the_decoding_does_not_change_the_cost() -> None:
    longer = changed(EXAMPLES, continuation=80)
    assert tokens_of(changed(SAMPLES, at_end="stop")) == tokens_of(SAMPLES)
    assert tokens_of(changed(SAMPLES, examples=longer)) == 16 * (4 + 80)
