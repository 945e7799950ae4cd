"""Too many rows for the memory: fewer at a time, nothing that was finished drawn again."""

import numpy as np
import pytest
import torch
from small_languages import Scarce
from tiny import VOCABULARY, tiny_network

from calibration.conventions import AtEnd
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation
from calibration.engine.halving import Part, halves
from calibration.engine.sampling import LOOK_EVERY, Block, Prompt, sample
from calibration.engine.scoring import Text, score
from storage.networks import Network

HOT = Decoding(2.0)


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


def block(count: int, *, first: int = 1, steps: int = 40, bytes_: int | None = None) -> Block:
    """Prompts that can be told apart by their only token."""
    generator = np.random.default_rng(first)
    return Block(
        [Prompt([first + row], generator.random(steps), bytes_) for row in range(count)], HOT
    )


def equal(one: Continuation, other: Continuation) -> None:
    assert np.array_equal(one.tokens, other.tokens)
    assert one.ended == other.ended
    for mine, yours in zip(one[1:4], other[1:4], strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-5)


@pytest.mark.parametrize("policy", ["continue", "stop", "natural"])
@pytest.mark.parametrize("most", [1, 2, 3, 5, 8])
def test_rows_that_do_not_fit_come_out_as_if_they_did(
    network: Network, most: int, policy: AtEnd
) -> None:
    asked, ending = [block(7), block(4, first=20)], Ending(policy, (0, 5, 9))
    scarce = Scarce(network, rows=most)
    made = sample(scarce, asked, ending=ending, progress=lambda _: None)
    whole = sample(network, asked, ending=ending, progress=lambda _: None)
    assert [len(rows) for rows in made] == [7, 4]
    for rows, others in zip(made, whole, strict=True):
        for one, other in zip(rows, others, strict=True):
            equal(one, other)
    begun = [row for batch in scarce.asked if len(batch) <= most for row in batch]
    assert sorted(begun) == [[number] for number in (*range(1, 8), *range(20, 24))]


def test_whole_blocks_are_parted_before_rows_and_stay_equal_bit_for_bit(network: Network) -> None:
    asked = [block(4, first=first) for first in (1, 10, 20)]
    scarce = Scarce(network, rows=8)
    made = sample(scarce, asked, ending=Ending("continue", (0,)), progress=lambda _: None)
    assert sorted(len(batch) for batch in scarce.asked) == [4, 8, 12]
    whole = sample(network, asked, ending=Ending("continue", (0,)), progress=lambda _: None)
    for rows, others in zip(made, whole, strict=True):
        for one, other in zip(rows, others, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_row_that_was_finished_when_memory_ended_is_not_drawn_again(network: Network) -> None:
    ending, asked = Ending("stop", (0, 5, 9, 20, 40)), block(12, steps=64)
    whole = sample(network, [asked], ending=ending, progress=lambda _: None)[0]
    # Memory for 20 steps of all rows: one look is behind.
    scarce = Scarce(network, rows=12, tokens=12 * 20)
    made = sample(scarce, [asked], ending=ending, progress=lambda _: None)[0]
    for one, other in zip(made, whole, strict=True):
        equal(one, other)
    finished = {row + 1 for row, one in enumerate(whole) if len(one.tokens) <= LOOK_EVERY}
    again = {number for batch in scarce.asked[1:] for (number,) in batch}
    assert finished
    assert again
    assert not again & finished


def test_windows_in_bytes_are_halved_alike(network: Network) -> None:
    sizes = np.random.default_rng(5).integers(0, 4, VOCABULARY)
    asked, ending = [block(6, steps=60, bytes_=25)], Ending("natural", (0,))
    made, whole = (
        sample(one, asked, ending=ending, sizes=sizes, progress=lambda _: None)[0]
        for one in (Scarce(network, rows=2), network)
    )
    for one, other in zip(made, whole, strict=True):
        equal(one, other)


@pytest.mark.parametrize("policy", ["continue", "stop"])
def test_a_single_row_that_does_not_fit_is_said(network: Network, policy: AtEnd) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        sample(
            Scarce(network, rows=0),
            [block(3)],
            ending=Ending(policy, (0,)),
            progress=lambda _: None,
        )


def test_rows_of_no_steps_need_neither_network_nor_memory(network: Network) -> None:
    scarce = Scarce(network, rows=0)
    (made,) = sample(
        scarce, [block(3, steps=0)], ending=Ending("stop", (0,)), progress=lambda _: None
    )
    assert [len(one.tokens) for one in made] == [0, 0, 0]
    assert not scarce.asked


def test_rows_of_no_steps_beside_others_stay_empty(network: Network) -> None:
    rows = block(3, steps=20).prompts
    asked = [rows[0], rows[1]._replace(uniforms=np.zeros(0)), rows[2]]
    for policy in ("continue", "stop"):
        (made,) = sample(
            network, [Block(asked, HOT)], ending=Ending(policy, (0,)), progress=lambda _: None
        )
        assert len(made[1].tokens) == 0
        assert len(made[0].tokens) > 0


def test_halves_hold_every_row_once_and_their_decodings() -> None:
    one, two, three = (Part(np.arange(4 * n, 4 * n + 4), Decoding(n + 1.0)) for n in range(3))
    assert halves([one, two, three]) == [[one], [two, three]]
    first, second = halves([Part(np.arange(5), HOT)])
    assert [part.decoding for part in (*first, *second)] == [HOT, HOT]
    assert [*first[0].rows, *second[0].rows] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_texts_that_do_not_fit_are_scored_as_if_they_did(network: Network, most: int) -> None:
    generator = np.random.default_rng(2)
    texts = [
        Text([1 + row], generator.integers(1, VOCABULARY, 3 + row).tolist()) for row in range(9)
    ]
    asked = [HOT, Decoding(top_k=9, mixture=0.1)]
    scarce, ending = Scarce(network, rows=most), Ending("continue", (0,))
    made, whole = (score(one, texts, decodings=asked, ending=ending) for one in (scarce, network))
    assert sum(rows for rows in scarce.read if rows <= most) == 9
    for scores, others in zip(made, whole, strict=True):
        for one, other in zip(scores, others, strict=True):
            for mine, yours in zip(one, other, strict=True):
                np.testing.assert_allclose(mine, yours, atol=1e-5)


def test_a_single_text_that_does_not_fit_is_said(network: Network) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        score(
            Scarce(network, rows=0),
            [Text([1], [2]), Text([3], [4])],
            decodings=[HOT],
            ending=Ending("stop", ()),
        )
