"""Blocks that share every pass come out as they do alone, to the last bit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from small_networks import DECODERS, OTHERS, small_model

from calibration.conventions import AtEnd
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation
from calibration.engine.generation import DecoderGeneration
from calibration.engine.language import Batch, padded
from calibration.engine.projection import projection_of
from calibration.engine.sampling import Block, Prompt, sample
from storage.decoders import decoder_of
from storage.networks import Network

VOCABULARY, STEPS = 101, 40
DECODINGS = (Decoding(), Decoding(0.8, top_p=0.9, mixture=0.01), Decoding(min_p=0.1, mixture=0))
# At five ends of a hundred ids, most texts end within forty steps: rows are moved together.
ENDS = (0, 20, 40, 60, 80)


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def blocks(sizes: Sequence[int], *, ragged: bool, steps: int = STEPS) -> list[Block]:
    """Blocks that begin with the same prompts, the first of them the longest."""
    generator = np.random.default_rng(3)
    lengths = [8, *generator.integers(1, 9, max(sizes))] if ragged else [8] * max(sizes)
    prompts = [generator.integers(1, VOCABULARY, length).tolist() for length in lengths]
    return [
        Block(
            [
                Prompt(prompt, np.random.default_rng([place, row]).random(steps - row % 3))
                for row, prompt in enumerate(prompts[:size])
            ],
            decoding,
        )
        for place, (size, decoding) in enumerate(zip(sizes, DECODINGS, strict=False))
    ]


def sampled(network: Network, asked: Sequence[Block], ending: Ending) -> list[list[Continuation]]:
    return sample(network, asked, ending=ending, progress=lambda _: None)


def require_alike(
    network: Network, asked: Sequence[Block], ending: Ending, *, among: int = 1
) -> None:
    with threads(among):
        _require_alike(network, asked, ending)


def _require_alike(network: Network, asked: Sequence[Block], ending: Ending) -> None:
    together = sampled(network, asked, ending)
    for block, found in zip(asked, together, strict=True):
        (alone,) = sampled(network, [block], ending)
        for one, other in zip(found, alone, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("policy", ["continue", "stop", "natural"])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("sizes", [[7, 3, 5], [5, 3, 5]])
@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt-neox, one after the other", "gpt2"])
def test_a_block_is_the_same_to_the_last_bit_whatever_it_shares_with(
    name: str, sizes: list[int], ragged: bool, policy: AtEnd
) -> None:
    network = Network(small_model(name))
    require_alike(network, blocks(sizes, ragged=ragged), Ending(policy, ENDS))


@pytest.mark.parametrize(
    ("prompts", "entered"),
    [
        ([[5, 6, 7], [5, 6, 7]], 1),
        ([[5, 6, 7], [5, 6, 8]], 2),
        ([[0, 5, 6], [5, 6]], 2),  # the same ids once padded, and other tokens
        ([[5, 6, 7], [5, 6, 8], [5, 6, 7]], 2),
    ],
)
def test_prompts_that_blocks_share_enter_the_network_once(
    prompts: list[list[int]], entered: int
) -> None:
    class Counted(DecoderGeneration):
        def _entered(self, batch: Batch, rows: slice) -> torch.Tensor:
            times.append(rows)
            return super()._entered(batch, rows)

    times: list[slice] = []
    model = small_model("llama")
    decoder = decoder_of(model)
    assert decoder is not None
    project = projection_of(model.get_output_embeddings().weight, None)
    batch = padded(prompts, torch.device("cpu"))
    Counted(decoder, project, batch, steps=2, tiles=[1] * len(prompts))
    assert len(times) == entered


def test_so_it_is_among_two_threads() -> None:
    network = Network(small_model("llama"))
    require_alike(network, blocks([7, 3], ragged=True, steps=20), Ending("stop", ENDS), among=2)


@pytest.mark.nightly
@pytest.mark.parametrize("policy", ["continue", "stop", "natural"])
@pytest.mark.parametrize("sizes", [[7, 3, 5], [64, 64, 36], [33, 1, 20]])
@pytest.mark.parametrize("among", [1, 2])
@pytest.mark.parametrize("name", [*DECODERS, *OTHERS])
def test_so_it_is_for_every_architecture(
    name: str, among: int, sizes: list[int], policy: AtEnd
) -> None:
    network = Network(small_model(name, **({} if name == "gpt2" else {"intermediate_size": 1003})))
    require_alike(network, blocks(sizes, ragged=True), Ending(policy, ENDS), among=among)


# Of odd widths, what is left over when eight numbers are taken at a time lies elsewhere for other
# numbers of rows.
@pytest.mark.parametrize(
    ("name", "changes", "sizes"),
    [
        ("gpt-neox, one after the other", {"intermediate_size": 129}, [5, 4, 3]),
        ("gpt-neox, one after the other", {"intermediate_size": 101}, [1, 1, 1]),
        ("llama", {"hidden_size": 40, "intermediate_size": 129}, [64, 64, 20]),
        ("qwen2", {}, [1, 2, 1]),
    ],
)
def test_so_it_is_at_odd_sizes(name: str, changes: dict[str, int], sizes: list[int]) -> None:
    network = Network(small_model(name, **changes))
    require_alike(network, blocks(sizes, ragged=False, steps=20), Ending("continue", ENDS))


def test_a_cache_that_grows_holds_what_one_of_full_size_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, asked = Network(small_model("llama")), blocks([5], ragged=True)
    whole = sampled(network, asked, Ending("stop", ENDS))
    monkeypatch.setattr("calibration.engine.generation.FIRST_ROOM", 3)
    for one, other in zip(whole[0], sampled(network, asked, Ending("stop", ENDS))[0], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_prompts_that_enter_a_few_at_a_time_are_the_same_to_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, asked = Network(small_model("llama")), blocks([9], ragged=True)
    whole = sampled(network, asked, Ending("continue", ENDS))
    monkeypatch.setattr("calibration.engine.generation.PROMPT_TOKENS", 20)
    for one, other in zip(
        whole[0], sampled(network, asked, Ending("continue", ENDS))[0], strict=True
    ):
        assert np.array_equal(one.tokens, other.tokens)
        np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)


def test_rows_that_are_kept_go_on_as_if_they_had_been_alone() -> None:
    model = small_model("llama")
    network, decoder = Network(model), decoder_of(model)
    assert decoder is not None
    prompts, device = [[5, 6, 7], [8], [9, 10], [11, 12, 13, 14]], torch.device("cpu")
    tokens = torch.randint(1, VOCABULARY, (6, 4), generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        under_way = network.generation(padded(prompts, device), steps=7, tiles=[2, 2])
        assert isinstance(under_way, DecoderGeneration)
        for step in range(3):
            under_way.extend(tokens[step])
        under_way.keep(torch.tensor([0, 3]), [1, 1])
        for step in range(3, 6):
            under_way.extend(tokens[step, [0, 3]])
        found = torch.cat(list(under_way.logits()))
        for row, place in enumerate((0, 3)):
            ids = torch.tensor([[*prompts[place], *tokens[:, place].tolist()]])
            torch.testing.assert_close(found[row], model(ids).logits[0, -1], atol=1e-5, rtol=0)
