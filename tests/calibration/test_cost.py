"""What a study would cost, before anything runs."""

import pytest
from small_recipes import ALL, EXAMPLES, SAMPLES, SCORES, changed

from calibration.cost import (
    CONTEXT_TOKENS,
    FORM_TOKENS,
    asked_of,
    rows_of,
    steps_each,
    tokens_of,
    work_of,
)
from calibration.engine.decoding import Decoding
from calibration.outlay import Asked
from calibration.study import Study, parsed_study

COOLER, COOLEST = (changed(SCORES, decoding=Decoding(temperature=one)) for one in (0.9, 0.8))


def test_networks_read_prompt_and_continuation_of_every_example() -> None:
    assert tokens_of(SAMPLES) == tokens_of(SCORES) == 16 * (4 + 8)


def test_what_needs_no_network_costs_no_tokens() -> None:
    assert {recipe.KIND for recipe in ALL if tokens_of(recipe) > 0} == {
        "calibrations",
        "samples",
        "scores",
    }


def test_the_decoding_does_not_change_the_cost() -> None:
    longer = changed(EXAMPLES, continuation=80)
    assert tokens_of(changed(SAMPLES, at_end="stop")) == tokens_of(SAMPLES)
    assert tokens_of(changed(SAMPLES, examples=longer)) == 16 * (4 + 80)


def test_writing_takes_a_step_a_token_and_reading_takes_the_prompt_too() -> None:
    assert (steps_each(SAMPLES), steps_each(SCORES)) == (8, 12)


def test_a_window_of_bytes_takes_fewer_tokens() -> None:
    in_bytes = changed(EXAMPLES, unit="bytes")
    assert steps_each(changed(SAMPLES, examples=in_bytes)) == 8 / 4


def test_work_is_that_of_the_rows_that_are_missing() -> None:
    [work] = work_of({SAMPLES: 5}).values()
    assert (work.tokens, work.steps) == (5 * 12, 5 * 8)


def test_decodings_that_share_a_pass_share_its_steps() -> None:
    work = work_of({SCORES: 10, COOLER: 10, COOLEST: 10})
    assert sum(one.steps for one in work.values()) == pytest.approx(10 * 12)
    assert [one.tokens for one in work.values()] == [120, 120, 120]


def test_a_pass_reads_what_any_of_its_decodings_lacks() -> None:
    work = work_of({SCORES: 4, COOLER: 10})
    assert [one.steps for one in work.values()] == [60, 60]
    assert [one.tokens for one in work.values()] == [48, 120]


def test_other_models_and_examples_take_passes_of_their_own() -> None:
    other = changed(SCORES, model=changed(SCORES.model, precision="bfloat16"))
    longer = changed(SCORES, examples=changed(EXAMPLES, prompt=5))
    work = work_of({SCORES: 1, other: 1, longer: 1})
    assert [one.steps for one in work.values()] == [12, 12, 13]


def study(source: dict[str, object], **keys: object) -> Study:
    dataset = {"name": "d", "source": source, "prompt": 128, "continuation": 1000, "examples": 50}
    models = [{"name": "m", "family": "f", "path": "m"}]
    written = {"name": "s", "models": models, "datasets": [dataset | keys]}
    decodings = [{"temperature": 1.0}, {"temperature": 0.9}]
    return parsed_study(written | {"decodings": decodings}, "s.yaml")


def asked(source: dict[str, object], **keys: object) -> Asked:
    whole = study(source, **keys)
    return asked_of(whole, whole.models[0], whole.datasets[0])


def test_several_continuations_of_a_prompt_are_several_rows() -> None:
    three = changed(SAMPLES, draws=3)
    assert rows_of(three) == 3 * rows_of(SAMPLES) == 3 * rows_of(SCORES)
    assert tokens_of(three) == 3 * tokens_of(SAMPLES)


def test_only_the_texts_that_a_tokenizer_keeps_are_measured() -> None:
    chosen = changed(EXAMPLES, whole=5)
    assert tokens_of(changed(SAMPLES, examples=chosen)) == 5 * (4 + 8)


def test_a_study_in_tokens_asks_for_what_it_says() -> None:
    assert asked({"kind": "wikitext"}) == Asked(50, 1, 128, 1000, 2)
    assert asked({"kind": "wikitext"}, samples_per_prompt=4) == Asked(50, 4, 128, 1000, 2)


def test_windows_of_bytes_are_fewer_tokens_and_of_code_more_than_of_prose() -> None:
    prose = asked({"kind": "wikitext"}, unit="bytes")
    code = asked({"kind": "codecontests"}, unit="bytes")
    assert (prose.prompt, prose.continuation) == (32, 250)
    assert code.continuation == 334


def test_an_instruction_counts_as_long_as_it_may_be() -> None:
    bounded = asked({"kind": "writingprompts"}, longest_context=1200)
    assert bounded.prompt == 128 + 300 + FORM_TOKENS
    assert asked({"kind": "writingprompts"}).prompt == 128 + CONTEXT_TOKENS + FORM_TOKENS


def test_a_model_with_decodings_of_its_own_is_asked_for_those() -> None:
    whole = study({"kind": "wikitext"})
    few = whole.models[0].model_copy(update={"decodings": whole.decodings[:1]})
    assert asked_of(whole, few, whole.datasets[0]).decodings == 1
