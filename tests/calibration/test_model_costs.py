"""What a study costs, a model at a time."""

import pytest

from calibration.hardware import GPUS
from calibration.model_costs import (
    REPLAY_BYTES,
    SAMPLE_BYTES,
    SCORE_BYTES,
    SUMMARY_STEP_BYTES,
    SUMMARY_TEXT_BYTES,
    ModelCost,
    Sizes,
    cost_totals,
    stored_bytes,
    study_cost,
)
from calibration.outlay import Asked
from calibration.study import Shape, Study, parsed_study

SHAPE = Shape(
    parameters=10**9, layers=16, width=1024, key_value_width=256, vocabulary=50_000, context=4096
)
SIZES = {"a": Sizes(SHAPE, 2 * 10**9), "b": Sizes(SHAPE, 0)}
GPU = GPUS["h100"]


def study(examples: int = 500, **labels: object) -> Study:
    dataset = {
        "name": "d",
        "source": {"kind": "wikitext"},
        "prompt": 128,
        "continuation": 256,
        "examples": examples,
    }
    models = [
        {"name": name, "family": "f", "path": name, "precision": "bfloat16"} | labels
        for name in SIZES
    ]
    return parsed_study({"name": "s", "models": models, "datasets": [dataset]}, "s.yaml")


def test_a_model_whose_sizes_are_not_known_has_no_cost() -> None:
    found = study_cost(study(), {"b": SIZES["b"]}, GPU)
    assert [one.name for one in found.models] == ["b"]


def test_twice_the_examples_are_twice_the_tokens() -> None:
    once, twice = (study_cost(study(number), SIZES, GPU).models[0] for number in (500, 1000))
    assert twice.tokens == 2 * once.tokens == 2 * 500 * (384 + 384)
    assert twice.gpu_hours > once.gpu_hours


def test_a_size_that_is_stated_is_shown_and_the_weights_are_what_costs() -> None:
    counted, stated = (
        study_cost(study(**labels), SIZES, GPU).models[0] for labels in ({}, {"parameters": 7})
    )
    assert (counted.parameters, stated.parameters) == (10**9, 7)
    assert counted.flops == stated.flops


def test_all_gpus_of_a_model_are_held_as_long_as_it_runs() -> None:
    found = study_cost(study(gpus=4), SIZES, GPU).models[0]
    assert found.gpus == 4
    assert found.gpu_hours == pytest.approx(4 * found.seconds / 3600)


def test_totals_are_sums_and_of_memory_and_gpus_the_most() -> None:
    one = ModelCost("a", 1, 2, 3.0, 4.0, 3600.0, 5, 2, 6, 7)
    other = one._replace(memory=50, gpus=1, fetched=0)
    assert cost_totals([one, other]) == (4, 6.0, 8.0, 3.0, 50, 2, 20)
    assert cost_totals([]) == (0, 0, 0, 0, 0, 0, 0)


def test_artifacts_take_so_many_bytes_a_token_and_a_text() -> None:
    found = stored_bytes([Asked(100, 2, 4, 10, decodings=3)])
    tokens = 10 * (100 * (2 * SAMPLE_BYTES + SCORE_BYTES) + 64 * REPLAY_BYTES)
    assert found == 3 * (tokens + 100 * SUMMARY_TEXT_BYTES + 10 * SUMMARY_STEP_BYTES)
