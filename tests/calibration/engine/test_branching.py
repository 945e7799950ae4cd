"""Candidates of a row see the tokens before them and themselves, whichever way they are tried."""

from collections.abc import Sequence

import pytest
import torch
from branches import Rereading, small_network
from small_networks import DECODERS, small_model
from torch import Tensor

from calibration.engine.branching import Branches, Branching, DecoderBranches
from calibration.engine.language import Batch, padded
from calibration.engine.rereading import RereadBranches
from storage.networks import Network

VOCABULARY, TRIED = 101, 6
CPU = torch.device("cpu")
RAGGED = [[5, 6, 7], [8], [9, 10], [11, 12, 13, 14]]


def ids_of(*shape: int, seed: int = 1) -> Tensor:
    return torch.randint(1, VOCABULARY, shape, generator=torch.Generator().manual_seed(seed))


def read(network: Network, tokens: Sequence[int]) -> Tensor:
    """The state after some tokens, alone in a batch."""
    return network.states(Batch(torch.tensor([list(tokens)]), None))[0, -1]


@pytest.mark.parametrize("name", DECODERS)
@torch.inference_mode()
def test_a_candidate_gives_what_reading_the_text_with_it_gives(name: str) -> None:
    network = small_network(name)
    assert isinstance(network.branches, DecoderBranches)
    batch, candidates = padded(RAGGED, CPU), ids_of(4, TRIED)
    under_way = network.branches.generation(batch, steps=3, tiles=[3, 1], candidates=TRIED)
    texts = [list(prompt) for prompt in RAGGED]
    for step in range(3):
        found = torch.cat(list(under_way.after(torch.split(candidates, [3, 1]))))
        for row, text in enumerate(texts):
            for place, token in enumerate(candidates[row].tolist()):
                torch.testing.assert_close(
                    found[row, place], read(network, [*text, token]), atol=2e-5, rtol=0
                )
        # Two go on with a candidate, which a tile of three does and the other does not.
        chosen = candidates[:, step]
        chosen[3] = 77
        under_way.extend(chosen)
        texts = [[*text, token] for text, token in zip(texts, chosen.tolist(), strict=True)]
        states = torch.cat(list(under_way.states()))
        for row, text in enumerate(texts):
            torch.testing.assert_close(states[row], read(network, text), atol=2e-5, rtol=0)
        candidates = ids_of(4, TRIED, seed=step + 2)


@torch.inference_mode()
def test_along_a_text_every_place_has_the_states_of_its_candidates() -> None:
    network = small_network("llama")
    batch = padded([[5, 6, 7, 8, 9], [10, 11, 12]], CPU)
    candidates = ids_of(2, 5, TRIED)
    ways: list[Branches] = [network.branches, RereadBranches(network)]
    found, again = (
        {place: one.clone() for place, one in way.along(batch, candidates)} for way in ways
    )
    assert sorted(found) == sorted(again) == [0, 1, 2, 3]
    for place in found:
        rows = slice(None) if place >= 2 else slice(0, 1)  # the other has not begun
        torch.testing.assert_close(found[place][rows], again[place][rows], atol=2e-5, rtol=0)
    text = read(network, [10, 11, int(candidates[1, 3, 2])])
    torch.testing.assert_close(found[3][1, 2], text, atol=2e-5, rtol=0)


@torch.inference_mode()
def test_rows_that_are_kept_go_on_with_their_own_candidates() -> None:
    network, candidates = small_network("llama"), ids_of(4, TRIED)
    under_way = network.branches.generation(
        padded(RAGGED, CPU), steps=2, tiles=[4], candidates=TRIED
    )
    under_way.after([candidates])
    under_way.keep(torch.tensor([1, 3]), [2])
    under_way.extend(candidates[[1, 3], 4])
    for state, row in zip(under_way.states()[0], (1, 3), strict=True):
        text = [*RAGGED[row], int(candidates[row, 4])]
        torch.testing.assert_close(state, read(network, text), atol=2e-5, rtol=0)


@torch.inference_mode()
def test_a_cache_that_grows_has_room_for_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calibration.engine.generation.FIRST_ROOM", 3)
    network, text = small_network("llama"), [5, 6]
    under_way = network.branches.generation(padded([text], CPU), steps=40, tiles=[1], candidates=9)
    for step in range(30):
        candidates = ids_of(1, 9, seed=step)
        found = under_way.after([candidates])[0][0, 3]
        torch.testing.assert_close(
            found, read(network, [*text, int(candidates[0, 3])]), atol=2e-5, rtol=0
        )
        under_way.extend(candidates[:, 5])
        text.append(int(candidates[0, 5]))


@torch.inference_mode()
def test_a_tile_is_the_same_to_the_last_bit_whatever_it_shares_with() -> None:
    """Also where the one goes on with what was tried, and the other does not."""
    network, candidates = small_network("qwen3"), ids_of(4, TRIED)
    prompts = [[5, 6, 7], [8, 9, 1], [9, 10, 2], [11, 12, 13]]

    def run(rows: slice, tiles: list[int]) -> Tensor:
        under_way = network.branches.generation(
            padded(prompts[rows], CPU), steps=3, tiles=tiles, candidates=TRIED
        )
        tried = candidates[rows]
        under_way.after(torch.split(tried, tiles))
        chosen = candidates[:, 2].clone()
        chosen[3] = 88
        under_way.extend(chosen[rows])
        return torch.cat(list(under_way.after(torch.split(tried, tiles))))

    together = run(slice(0, 4), [2, 2])
    assert torch.equal(together[:2], run(slice(0, 2), [2]))
    assert torch.equal(together[2:], run(slice(2, 4), [2]))


@pytest.mark.parametrize("name", ["gpt2", "gemma2"])
@torch.inference_mode()
def test_a_network_that_is_no_plain_decoder_reads_again(name: str) -> None:
    network, candidates = small_network(name), ids_of(4, TRIED)
    assert isinstance(network.branches, RereadBranches)
    under_way: Branching = network.branches.generation(
        padded(RAGGED, CPU), steps=2, tiles=[4], candidates=TRIED
    )
    under_way.after([candidates])
    under_way.keep(torch.tensor([0, 3]), [2])
    under_way.extend(torch.tensor([3, 4]))
    found = under_way.after([candidates[:2]])[0]
    text = [*RAGGED[3], 4, int(candidates[1, 5])]
    torch.testing.assert_close(found[1, 5], read(network, text), atol=2e-5, rtol=0)
    torch.testing.assert_close(
        torch.cat(list(under_way.logits()))[0],
        network.logits(read(network, [*RAGGED[0], 3])),
        atol=2e-5,
        rtol=0,
    )


def test_the_stand_in_of_these_tests_reads_again() -> None:
    assert isinstance(Rereading(small_model("llama")).branches, RereadBranches)
