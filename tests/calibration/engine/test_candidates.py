"""The sample of the tail: unbiased, and of what is no candidate otherwise."""

import numpy as np
import pytest
import torch

from calibration.engine.candidates import Reach, tried, values_of
from calibration.engine.entropy import normalized
from calibration.engine.language import Batch, padded
from calibration.engine.prefixes import continued_keys, keys_along, uniforms_of

VOCABULARY = 40


def logits_of(seed: int = 0) -> torch.Tensor:
    return torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed)) * 1.5


def test_the_likeliest_are_tried_and_the_rest_is_sampled() -> None:
    logits, reach = logits_of(), Reach(5, 7)
    uniforms = torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ids = tried(normalized(logits.expand(50, -1)), reach, uniforms)
    largest = logits.topk(5).indices
    assert ids.shape == (50, 12)
    assert (ids[:, :5] == largest).all()
    assert not torch.isin(ids[:, 5:], largest).any()


@pytest.mark.parametrize("reach", [Reach(5, 7), Reach(5, 1), Reach(38, 3)])
def test_the_mean_of_the_tail_is_unbiased(reach: Reach) -> None:
    """Over an even grid of uniforms every point of the tail is met: to the width of the grid."""
    logits, grid = logits_of(2), 4000
    values = torch.randn(
        VOCABULARY, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )
    uniforms = (torch.arange(grid, dtype=torch.float64) + 0.5) / grid
    ids = tried(normalized(logits.expand(grid, -1)), reach, uniforms)
    found = values_of(ids, values[ids], reach).rest.mean()
    p = logits.double().softmax(-1)
    p[logits.topk(reach.likeliest).indices] = 0
    expected = (p * values).sum() / p.sum()
    # A cell of the grid is wrong by at most the range of the values where a token's bounds lie.
    tolerance = float(np.ptp(values.numpy())) * VOCABULARY / grid
    assert abs(found - expected) < tolerance


def test_more_of_the_tail_is_known_the_more_is_sampled() -> None:
    logits = logits_of(2).expand(2000, -1)
    values = torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(3))
    uniforms = torch.rand(2000, dtype=torch.float64, generator=torch.Generator().manual_seed(4))

    def spread(sampled: int) -> float:
        reach = Reach(5, sampled)
        ids = tried(normalized(logits), reach, uniforms)
        return float(values_of(ids, values[ids], reach).rest.std())

    # A systematic sample varies no more than an independent one, whose spread falls by √8 each.
    assert spread(8) < spread(1) / 8**0.5
    assert spread(64) < spread(8) / 8**0.5


def test_each_tried_token_has_its_own_value_and_all_others_the_rests() -> None:
    reach = Reach(2, 2)
    ids = torch.tensor([[3, 1, 0, 4]])
    values = values_of(ids, torch.tensor([[10.0, 20.0, 1.0, 2.0]]), reach)
    assert values.spread(6).tolist() == [[1.5, 20.0, 1.5, 10.0, 1.5, 1.5]]


def test_where_every_token_is_tried_nothing_is_sampled() -> None:
    reach = Reach(64, 8).within(VOCABULARY)
    assert reach == Reach(VOCABULARY, 0)
    ids = tried(normalized(logits_of()[None]), reach, torch.zeros(1, dtype=torch.float64))
    assert sorted(ids[0].tolist()) == list(range(VOCABULARY))
    values = torch.arange(VOCABULARY).float()
    assert values_of(ids, values[ids], reach).spread(VOCABULARY).tolist() == [values.tolist()]


def test_a_tail_without_probability_and_the_largest_uniform_give_tokens() -> None:
    logits = torch.full((1, 10), -torch.inf)
    logits[0, :3] = 0
    last = torch.tensor([1 - 2.0**-53], dtype=torch.float64)
    assert tried(normalized(logits), Reach(3, 2), last).max() < 10
    assert tried(normalized(logits_of()[None]), Reach(3, 2), last).max() < VOCABULARY


@pytest.mark.parametrize("reach", [Reach(0, 4), Reach(5, 0)])
def test_a_reach_that_leaves_the_tail_out_is_refused(reach: Reach) -> None:
    with pytest.raises(ValueError, match="texts derail"):
        reach.within(VOCABULARY)


def test_a_beginning_has_one_random_number_whoever_asks() -> None:
    texts = torch.randint(1, 90, (3, 6), generator=torch.Generator().manual_seed(0))
    along = keys_along(Batch(texts, None), seed=4)
    begun = keys_along(Batch(texts[:, :2], None), seed=4)[:, -1]
    for place in range(2, 6):
        begun = continued_keys(begun, texts[:, place])
        assert torch.equal(begun, along[:, place])
    rows = [texts[0, :4].tolist(), texts[1].tolist()]
    ragged = keys_along(padded(rows, torch.device("cpu")), seed=4)
    assert ragged[0, -1] == along[0, 3]
    assert not torch.isin(keys_along(Batch(texts, None), seed=5), along).any()


def test_random_numbers_of_beginnings_are_uniform() -> None:
    """10,000 of them: the largest gap to a straight line stays below its 1e-4 quantile."""
    texts = torch.randint(0, 1000, (100, 100), generator=torch.Generator().manual_seed(0))
    values = uniforms_of(keys_along(Batch(texts, None), seed=0)).flatten().sort().values
    assert values[0] >= 0
    assert values[-1] < 1
    steps = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    assert (values - steps).abs().max() < 2.23 / 100  # Kolmogorov: √n D exceeds it once in 10,000
