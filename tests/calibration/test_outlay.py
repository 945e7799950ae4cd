"""What networks take: closed forms on small shapes, one model by hand, and what never falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.hardware import GPUS, Gpu
from calibration.outlay import (
    EFFICIENCY,
    LOADING,
    LOGIT_PASSES,
    PART_ROWS,
    Asked,
    Machine,
    Network,
    Overhead,
    Placement,
    fitting,
    loading,
    looking_ahead,
    outlay,
    placement,
    prompts,
    replay,
    rescoring,
    sampling,
    scoring,
)
from calibration.study import Shape

SMALL = Shape(parameters=1000, layers=2, width=8, key_value_width=4, vocabulary=10, context=64)
TIED = SMALL.model_copy(update={"tied": True})
NETWORK = Network(SMALL, "bfloat16")
GPU = Gpu("g", "a GPU", 10**9, bandwidth=1e6, rate=1e9, float32_rate=1e8)
MACHINE = Machine(GPU, Overhead(layer=0.5, library_layer=2.0, step=0.25))
IDLE = Machine(GPU, Overhead(0.0, 0.0, 0.0))
ASKED = Asked(examples=3, draws=1, prompt=4, continuation=6, decodings=2)
EMBEDDING = 10 * 8

LLAMA_8B = Shape(
    parameters=8_030_261_248,
    layers=32,
    width=4096,
    key_value_width=1024,
    vocabulary=128_256,
    context=131_072,
)


def of(shape: Shape = SMALL, **fields: object) -> Network:
    return Network(shape.model_copy(update=fields), "bfloat16")


def test_an_embedding_is_no_product_and_the_head_is() -> None:
    assert NETWORK.inner == 1000 - 2 * EMBEDDING
    assert NETWORK.head == EMBEDDING
    assert Network(TIED, "bfloat16").inner == 1000 - EMBEDDING


def test_weights_and_cache_go_with_the_bytes_of_a_number() -> None:
    assert (NETWORK.weight_bytes, NETWORK.cache_bytes) == (2000, 2 * 2 * 4 * 2)
    wide = Network(SMALL, "float32")
    assert (wide.weight_bytes, wide.cache_bytes) == (4000, 2 * 2 * 4 * 4)


def test_sampling_reads_weights_once_a_step_and_the_cache_of_every_row() -> None:
    found = sampling(NETWORK, ASKED, MACHINE, rows=6, spread=False)
    seen = 6 * (6 * 4 + 18)  # rows × (steps × prompt + half the steps squared)
    products = 920 * 6 * 6
    assert found.tokens == 36
    assert found.flops == 2 * products + 4 * 2 * 8 * seen
    assert found.bytes == 6 * 920 * 2 + seen * 32 + 36 * LOGIT_PASSES * 4 * 10


def test_time_is_that_of_the_slower_of_memory_and_arithmetic_and_of_telling() -> None:
    found = sampling(NETWORK, ASKED, MACHINE, rows=6, spread=False)
    # Of this GPU memory is the slower one for each kind of work.
    assert found.seconds == pytest.approx(found.bytes / 1e6 / EFFICIENCY + 6 * (2 * 0.5 + 0.25))
    slow = Machine(GPU._replace(bandwidth=1e15), IDLE.overhead)
    computing = sampling(NETWORK, ASKED, slow, rows=6, spread=False)
    assert computing.seconds == pytest.approx(found.flops / 1e9 / EFFICIENCY, rel=1e-3)


def test_rows_that_share_no_batch_take_the_steps_again() -> None:
    many = ASKED._replace(examples=640)
    once, twice = (
        sampling(NETWORK, many, MACHINE, rows=rows, spread=False) for rows in (1280, 640)
    )
    assert twice.bytes - once.bytes == 6 * 920 * 2
    assert twice.flops == once.flops


def test_in_float32_the_parts_of_one_index_share_a_batch_and_no_others() -> None:
    wide, many = Network(SMALL, "float32"), ASKED._replace(examples=640)
    a_batch = 2 * PART_ROWS
    assert sampling(wide, many, IDLE, rows=10**6, spread=False) == sampling(
        wide, many, IDLE, rows=a_batch, spread=False
    )


def test_layers_that_are_spread_are_told_through_the_library() -> None:
    apart, spread = (
        sampling(NETWORK, ASKED, MACHINE, rows=6, spread=spread) for spread in (False, True)
    )
    assert spread.seconds - apart.seconds == pytest.approx(6 * 2 * (2.0 - 0.5))


def test_prompts_enter_once_for_the_decodings_of_a_batch() -> None:
    together = prompts(NETWORK, ASKED, IDLE, rows=6)
    assert together.tokens == 12
    assert together.flops == 2 * 840 * 12 + 3 * 2 * 2 * 8 * 16
    apart = prompts(NETWORK, ASKED, IDLE, rows=3)
    assert (apart.tokens, apart.flops) == (12, 2 * together.flops)


def test_scoring_reads_a_text_once_for_all_decodings() -> None:
    one, two = (scoring(NETWORK, ASKED._replace(decodings=number), IDLE) for number in (1, 2))
    assert one.tokens == two.tokens == 30
    assert one.flops == two.flops == 2 * (840 * 30 + 80 * 18) + 3 * 2 * 2 * 8 * 100
    assert two.bytes - one.bytes == 18 * LOGIT_PASSES * 4 * 10


def test_the_gate_reads_at_most_64_texts_of_each_decoding() -> None:
    few, many = (replay(NETWORK, ASKED._replace(examples=number), IDLE) for number in (3, 900))
    texts = scoring(NETWORK, ASKED._replace(decodings=1), IDLE)
    assert few.flops == 2 * texts.flops
    assert many.flops == 2 * 64 / 3 * texts.flops
    assert many.tokens == 0  # they are in no table


def test_other_weights_read_what_was_written() -> None:
    assert rescoring(NETWORK, ASKED, MACHINE) == (0, 0, 0, 0)
    again = rescoring(NETWORK, ASKED._replace(rescored=True), IDLE)
    assert again.tokens == 6 * 10


def test_weights_are_loaded_to_sample_and_to_score() -> None:
    assert loading(NETWORK).seconds == 2 * 2000 / LOADING


def test_several_continuations_of_a_prompt_are_written_and_humans_read_once() -> None:
    placed = Placement(1, 64, 0)
    one, three = (
        outlay(NETWORK, ASKED._replace(draws=draws), IDLE, placed).tokens for draws in (1, 3)
    )
    written, read = 36 + 12, 30
    assert (one, three) == (written + read, 3 * written + read)


def test_llama_8b_on_an_h100_by_hand() -> None:
    """512 texts of 128 + 1,000 tokens at one temperature."""
    network = Network(LLAMA_8B, "bfloat16")
    asked = Asked(512, 1, 128, 1000, 1)
    placed = placement(network, [asked], GPUS["h100"])
    # A token's keys and values: 2 × 32 × 1,024 × 2 bytes. A row: 1,128 of them and ten logits.
    a_row = 1128 * 131_072 + 10 * 4 * 128_256
    rows = int(0.7 * (80e9 - 2 * 8_030_261_248)) // a_row
    assert placed == (1, rows, 2 * 8_030_261_248 + rows * a_row)
    # Batches of whole parts of 64; 7.5 B weights are multiplied at each step, 1,000 steps a batch.
    weights = 8_030_261_248 - 128_256 * 4096
    batches = -(-512 // (rows // 64 * 64))
    seen = 512 * (1000 * 128 + 500_000)
    found = sampling(network, asked, Machine(GPUS["h100"]), rows=rows, spread=False)
    assert found.flops == pytest.approx(2 * weights * 512_000 + 4 * 32 * 4096 * seen)
    logits = 512_000 * 16 * 4 * 128_256
    assert found.bytes == pytest.approx(batches * 1000 * weights * 2 + seen * 131_072 + logits)
    moving = found.bytes / 3.35e12 / 0.5
    assert found.seconds == pytest.approx(moving + batches * 1000 * (32 * 40e-6 + 500e-6))


@pytest.mark.parametrize(
    ("gpu", "gpus"), [("h100", 4), ("h200", 2), ("a100-40gb", 8), ("rtx-4090", 16)]
)
def test_seventy_billion_weights_need_so_many_gpus(gpu: str, gpus: int) -> None:
    shape = LLAMA_8B.model_copy(update={"parameters": 70_553_706_496, "layers": 80, "width": 8192})
    asked = Asked(5000, 1, 128, 1000, 5)
    assert placement(Network(shape, "bfloat16"), [asked], GPUS[gpu]).gpus == gpus


def test_a_study_may_ask_for_more_gpus_and_not_for_fewer() -> None:
    asked = Asked(5000, 1, 128, 1000, 5)
    network = Network(LLAMA_8B, "bfloat16")
    assert placement(network._replace(gpus=3), [asked], GPUS["h100"]).gpus == 3
    assert placement(network._replace(gpus=1), [asked], GPUS["l4"]).gpus > 1


def test_what_fits_nowhere_ends_the_search() -> None:
    endless = Network(LLAMA_8B.model_copy(update={"parameters": 10**15}), "bfloat16")
    assert placement(endless, [ASKED], GPUS["l4"]).gpus == 1024


SIZES = st.integers(1, 3000)
WORK = st.builds(
    Asked,
    examples=SIZES,
    draws=st.integers(1, 4),
    prompt=st.integers(1, 300),
    continuation=st.integers(1, 300),
    decodings=st.integers(1, 6),
    rescored=st.booleans(),
    tried=st.integers(0, 80),
    fitting=st.just(0),
)


def test_what_is_tried_is_read_while_writing_and_along_human_text() -> None:
    ahead = looking_ahead(NETWORK, ASKED._replace(draws=2, tried=5), IDLE, rows=9)
    assert ahead.tokens == (3 * 2 + 3) * 6 * 5
    # Nine texts make one batch, which reads all weights once a step, however many are tried.
    weights = NETWORK.inner + NETWORK.head
    logits = LOGIT_PASSES * 4 * NETWORK.shape.vocabulary * ahead.tokens
    assert ahead.bytes == 6 * weights * NETWORK.each + logits


def test_nothing_tried_and_nothing_fitted_takes_nothing() -> None:
    assert looking_ahead(NETWORK, ASKED, MACHINE, rows=4) == (0, 0, 0, 0)
    assert fitting(NETWORK, ASKED, MACHINE) == (0, 0, 0, 0)


def test_fitting_counts_as_many_tokens_as_it_is_asked_for() -> None:
    placed = Placement(1, 64, 0)
    more = outlay(NETWORK, ASKED._replace(fitting=700), MACHINE, placed).tokens
    assert more == outlay(NETWORK, ASKED, MACHINE, placed).tokens + 700


@given(WORK, SIZES, st.integers(1, 600))
def test_more_examples_never_take_less(asked: Asked, more: int, rows: int) -> None:
    placed = Placement(1, rows, 0)
    larger = asked._replace(examples=asked.examples + more)
    least, most = (outlay(NETWORK, one, MACHINE, placed) for one in (asked, larger))
    assert most.tokens > least.tokens
    assert most.flops >= least.flops
    assert most.bytes >= least.bytes


@given(WORK)
def test_twice_the_examples_are_twice_the_tokens(asked: Asked) -> None:
    placed = Placement(1, 64, 0)
    twice = asked._replace(examples=2 * asked.examples)
    assert (
        outlay(NETWORK, twice, MACHINE, placed).tokens
        == 2 * outlay(NETWORK, asked, MACHINE, placed).tokens
    )


@given(WORK, st.integers(160, 10**9), st.integers(1, 10**9))
def test_more_parameters_never_take_less(asked: Asked, parameters: int, more: int) -> None:
    placed = Placement(1, 64, 0)
    least, most = (
        outlay(of(parameters=size), asked, MACHINE, placed)
        for size in (parameters, parameters + more)
    )
    assert most.tokens == least.tokens
    assert most.flops > least.flops
    assert most.bytes > least.bytes
    assert most.seconds > least.seconds


@given(WORK, st.integers(1000, 10**11), st.integers(1, 10**11))
def test_more_parameters_never_need_fewer_gpus(asked: Asked, parameters: int, more: int) -> None:
    gpu = GPUS["rtx-4090"]
    least, most = (
        placement(of(parameters=size), [asked], gpu) for size in (parameters, parameters + more)
    )
    assert most.gpus >= least.gpus
    assert least.memory >= 2 * parameters
