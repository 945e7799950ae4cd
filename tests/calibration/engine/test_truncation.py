"""What each truncation allows, by hand and against its definition over the whole vocabulary."""

import math

import exact_decoding
import numpy as np
import pytest
import torch
from exact_decoding import EVERY_KIND
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.engine.decoding import Decoding
from calibration.engine.entropy import normalized
from calibration.engine.truncation import LARGEST, allowed

RANDOM = settings(deadline=None, derandomize=True, max_examples=40)
TRUNCATED = [one for one in EVERY_KIND if one.truncations]


def ids(probabilities: list[float], **truncations: float) -> list[int]:
    """What is allowed of one distribution."""
    log_weights = torch.tensor([probabilities], dtype=torch.float64).log().float()
    decoding = Decoding(mixture=0.5, **truncations)  # type: ignore[arg-type]
    inside: list[int] = allowed(normalized(log_weights), decoding)[0].nonzero().flatten().tolist()
    return inside


FALLING = [0.15, 0.4, 0.05, 0.1, 0.3]  # entropy 1.3922


@pytest.mark.parametrize(
    ("truncations", "expected"),
    [
        ({"top_k": 1}, [1]),
        ({"top_k": 3}, [0, 1, 4]),
        ({"top_k": 5}, [0, 1, 2, 3, 4]),
        ({"top_k": 900}, [0, 1, 2, 3, 4]),
        ({"top_p": 0.01}, [1]),
        ({"top_p": 0.39}, [1]),
        ({"top_p": 0.41}, [1, 4]),
        ({"top_p": 0.86}, [0, 1, 3, 4]),
        ({"top_p": 0.999999}, [0, 1, 2, 3, 4]),
        ({"min_p": 0.3}, [0, 1, 4]),
        ({"min_p": 1}, [1]),
        ({"epsilon": 0.12}, [0, 1, 4]),
        ({"epsilon": 0.9}, [1]),
        # √.3 · exp(-1.3922) = .136 is below .3; √.01 · exp(-1.3922) = .0249 is not below .01.
        ({"eta": 0.3}, [0, 1, 4]),
        ({"eta": 0.01}, [0, 1, 2, 3, 4]),
        # Distances from the entropy: .505, .476, 1.604, .910, .188; the likeliest is always in.
        ({"typical": 0.2}, [1, 4]),
        ({"typical": 0.6}, [1, 4]),
        ({"typical": 0.71}, [0, 1, 4]),
        ({"top_k": 3, "min_p": 0.5}, [1, 4]),
        ({"epsilon": 0.08, "typical": 0.999}, [0, 1, 3, 4]),
    ],
)
def test_what_is_allowed_by_hand(truncations: dict[str, float], expected: list[int]) -> None:
    assert ids(FALLING, **truncations) == expected


@pytest.mark.parametrize(
    ("truncations", "count"),
    [({"top_k": 3}, 3), ({"top_p": 0.51}, 5), ({"typical": 0.4}, 4), ({"min_p": 1}, 8)],
)
def test_of_equals_the_lowest_ids_come_first(truncations: dict[str, float], count: int) -> None:
    assert ids([0.125] * 8, **truncations) == list(range(count))


def test_ties_at_the_edge_of_a_set_go_to_the_lowest_ids() -> None:
    assert ids([0.1, 0.2, 0.1, 0.4, 0.1, 0.1], top_k=4) == [0, 1, 2, 3]
    assert ids([0.1, 0.2, 0.1, 0.4, 0.1, 0.1], top_p=0.65) == [0, 1, 3]


def test_the_likeliest_of_equals_is_the_one_that_is_always_in() -> None:
    # The entropy of two at .35 and thirty at .01 is 2.116; a surprise of 1.05 is off by 1.07,
    # one of 4.605 by 2.489: the typical set begins with the first of the likeliest.
    assert ids([0.01] * 15 + [0.35, 0.35] + [0.01] * 15, typical=0.3) == [15]


def test_no_id_of_probability_zero_is_needed_for_any_mass() -> None:
    found = ids([0.0, 0.5, 0.0, 0.25, 0.25, 0.0], top_p=0.9999)
    assert found == [1, 3, 4]


@pytest.mark.parametrize("decoding", TRUNCATED, ids=lambda one: one.label)
@RANDOM
@given(seed=st.integers(0, 2**32), vocabulary=st.integers(1, 700), spread=st.floats(0.1, 8))
def test_the_sets_are_those_of_the_definition(
    decoding: Decoding, seed: int, vocabulary: int, spread: float
) -> None:
    logits = torch.randn(3, vocabulary, generator=torch.Generator().manual_seed(seed)) * spread
    inside = allowed(normalized(logits / decoding.temperature), decoding).numpy()
    for row, found in zip(logits.double().numpy(), inside, strict=True):
        p = exact_decoding.probabilities(row, decoding.temperature)
        wrong = found != exact_decoding.allowed(p, decoding)
        # Rounding decides at an edge: of one id, on either side of it, at the most.
        assert wrong.sum() <= 1
        assert p[wrong].sum() < 1e-6 or not wrong.any()


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(top_k=5 * LARGEST, mixture=0),
        Decoding(top_p=0.99, mixture=0),
        Decoding(typical=0.99, mixture=0),
        Decoding(top_p=0.95, typical=0.97, mixture=0),
    ],
    ids=lambda one: one.label,
)
def test_sets_of_more_ids_than_are_looked_at_first_are_whole(decoding: Decoding) -> None:
    generator = torch.Generator().manual_seed(6)
    flat = torch.randn(2, 20_000, generator=generator)
    peaked = torch.randn(1, 20_000, generator=generator) * 12  # a few hold all of it
    inside = allowed(normalized(torch.cat([flat, peaked])), decoding).numpy()
    counts = inside.sum(1)
    assert (counts[:2] > LARGEST).all()
    for row, found in zip(torch.cat([flat, peaked]).double().numpy(), inside, strict=True):
        p = exact_decoding.probabilities(row, 1.0)
        exact = exact_decoding.allowed(p, decoding)
        # The mass beyond an edge is known to 1e-7, beside 1e-5 that an id here weighs.
        assert abs(int(found.sum()) - int(exact.sum())) <= 1
        assert np.abs(p[found].sum() - p[exact].sum()) < 2e-5


def test_rows_do_not_depend_on_each_other() -> None:
    logits = torch.randn(5, 4_000, generator=torch.Generator().manual_seed(8)) * torch.tensor(
        [[0.1], [1.0], [3.0], [9.0], [30.0]]
    )
    for decoding in TRUNCATED:
        together = allowed(normalized(logits), decoding)
        alone = torch.cat([allowed(normalized(row[None]), decoding) for row in logits])
        assert torch.equal(together, alone)


def test_rows_without_numbers_take_nothing_from_the_others() -> None:
    logits = torch.randn(3, 2_000, generator=torch.Generator().manual_seed(9))
    logits[1, 7] = math.nan
    for decoding in TRUNCATED:
        inside = allowed(normalized(logits), decoding)
        for row in (0, 2):
            assert torch.equal(inside[row], allowed(normalized(logits[row : row + 1]), decoding)[0])
