"""GPUs by name."""

import pytest

from calibration.errors import StudyError
from calibration.hardware import DEFAULT_GPU, GPUS, gpu_named


def test_a_gpu_is_found_however_it_is_capitalised() -> None:
    assert gpu_named("H100") == gpu_named(" h100 ") == GPUS["h100"]


def test_the_default_is_one_that_is_known() -> None:
    assert DEFAULT_GPU in GPUS


def test_an_unknown_name_is_a_sentence_that_lists_the_known_ones() -> None:
    with pytest.raises(StudyError) as caught:
        gpu_named("gtx-9000")
    assert "'gtx-9000'" in str(caught.value)
    assert all(name in str(caught.value) for name in GPUS)


def test_sixteen_bits_are_faster_than_thirty_two_and_names_are_their_keys() -> None:
    for name, gpu in GPUS.items():
        assert gpu.name == name
        assert gpu.rate > gpu.float32_rate > 1e12
        assert 1e11 < gpu.bandwidth < 1e13
        assert 1e10 < gpu.memory < 1e12
