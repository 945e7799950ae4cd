"""Tokens that a metered network tells of, counted by hand; what it makes is the network's."""

from pathlib import Path

import pytest
import torch
from branches import chain_network
from markov import chain

from calibration.engine.language import Batch, continued
from calibration.engine.metered import Metered
from storage.networks import Network

BATCH = Batch(torch.tensor([[0, 1, 2], [3, 2, 1]]), None)
TOKENS = torch.tensor([1, 0])
CANDIDATES = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return chain_network(tmp_path, chain(3))


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def metered(network: Network, told: list[int]) -> Metered:
    return Metered(network, told.append)


@torch.inference_mode()
def test_a_text_that_is_read_counts_each_token(
    network: Network, metered: Metered, told: list[int]
) -> None:
    assert torch.equal(metered.states(BATCH), network.states(BATCH))
    assert told == [6]


@torch.inference_mode()
def test_a_text_that_is_written_counts_its_beginning_and_each_token(
    network: Network, metered: Metered, told: list[int]
) -> None:
    ours, theirs = (one.generation(BATCH, steps=2, tiles=[2]) for one in (metered, network))
    for one in (ours, theirs):
        one.extend(TOKENS)
        one.keep(torch.tensor([1]), [1])
        one.extend(TOKENS[1:])
    assert torch.equal(ours.logits()[0], theirs.logits()[0])
    assert told == [6, 2, 1]


@torch.inference_mode()
def test_tokens_that_are_tried_count(network: Network, metered: Metered, told: list[int]) -> None:
    ours, theirs = (
        one.branches.generation(BATCH, steps=1, tiles=[2], candidates=4)
        for one in (metered, network)
    )
    assert torch.equal(ours.after([CANDIDATES])[0], theirs.after([CANDIDATES])[0])
    assert torch.equal(ours.states()[0], theirs.states()[0])
    assert told == [6, 8]


@torch.inference_mode()
def test_tokens_that_are_tried_along_a_text_count(
    network: Network, metered: Metered, told: list[int]
) -> None:
    along = CANDIDATES[:, None].expand(2, 3, 4)
    pairs = zip(
        metered.branches.along(BATCH, along), network.branches.along(BATCH, along), strict=True
    )
    for (ours, found), (theirs, expected) in pairs:
        assert ours == theirs
        assert torch.equal(found, expected)
    # After the last place nothing is read.
    assert told == [6, 8, 8]


@torch.inference_mode()
def test_of_a_continuation_nothing_is_tried_before_its_prompt_has_ended(
    metered: Metered, told: list[int]
) -> None:
    batch = continued(BATCH, [[0, 1], [2, 3]])
    along = CANDIDATES[:, None].expand(2, 5, 4)
    assert {place for place, _ in metered.branches.along(batch, along)} == {2, 3}
    assert told == [10, 8, 8]
