"""The sample of the tail: unbiased, and of what is no candidate otherwise."""

import pytest
import torch

from calibration.engine.candidates import Reach, Tried, tried, values_of
from calibration.engine.entropy import normalized
from calibration.engine.language import Batch, padded
from calibration.engine.prefixes import continued_keys, exponentials, keys_along
from calibration.study import LARGEST_SEED

VOCABULARY = 40


def logits_of(seed: int = 0) -> torch.Tensor:
    return torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed)) * 1.5


def keys_of(count: int) -> torch.Tensor:
    """Keys of as many beginnings of a text."""
    return keys_along(Batch(torch.arange(count).unsqueeze(1), None), seed=0)[:, 0]


def test_the_likeliest_are_tried_and_the_rest_is_sampled() -> None:
    logits, reach = logits_of(), Reach(5, 7)
    ids = tried(normalized(logits.expand(50, -1)), reach, keys_of(50)).ids
    largest = logits.topk(5).indices
    assert ids.shape == (50, 12)
    assert (ids[:, :5] == largest).all()
    assert not torch.isin(ids[:, 5:], largest).any()


@pytest.mark.parametrize("reach", [Reach(5, 7), Reach(5, 1), Reach(38, 3)])
def test_the_mean_of_the_tail_is_unbiased(reach: Reach) -> None:
    logits, count = logits_of(2), 40_000
    values = torch.randn(
        VOCABULARY, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )
    chosen = tried(normalized(logits.expand(count, -1)), reach, keys_of(count))
    found = values_of(chosen, values[chosen.ids], reach).rest
    p = logits.double().softmax(-1)
    p[logits.topk(reach.likeliest).indices] = 0
    expected = (p * values).sum() / p.sum()
    error = float(found.std()) / count**0.5
    assert abs(float(found.mean() - expected)) < 4 * error + 1e-6


def test_one_of_each_class_of_ids_is_drawn_in_proportion_to_its_probability() -> None:
    logits, reach, count = logits_of(2), Reach(5, 4), 20_000
    chosen = tried(normalized(logits.expand(count, -1)), reach, keys_of(count))
    p = logits.double().softmax(-1)
    p[logits.topk(5).indices] = 0
    for number in range(4):
        own = p[number::4]
        seen = torch.bincount(chosen.ids[:, 5 + number], minlength=VOCABULARY) / count
        known = torch.zeros(VOCABULARY, dtype=torch.float64)
        known[number::4] = own / own.sum()
        assert (seen - known).abs().max() < 4.5 * 0.5 / count**0.5
        assert chosen.shares[:, number].numpy() == pytest.approx(float(own.sum() / p.sum()))


def test_more_of_the_tail_is_known_the_more_is_sampled() -> None:
    """Of a tail of one probability, whose classes are then as good as drawn apart."""
    logits = torch.zeros(2000, 600)
    logits[:, :5] = 3
    values = torch.randn(600, generator=torch.Generator().manual_seed(3))

    def spread(sampled: int) -> float:
        reach = Reach(5, sampled)
        chosen = tried(normalized(logits), reach, keys_of(2000))
        return float(values_of(chosen, values[chosen.ids], reach).rest.std())

    assert spread(8) < 1.1 * spread(1) / 8**0.5
    assert spread(64) < 1.1 * spread(8) / 8**0.5


def test_rounding_of_another_pass_draws_the_same_tokens() -> None:
    """Of the logits of a large vocabulary, as far off as two ways through a network are."""
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(60, 50_000, generator=generator) * 2
    other = logits + 2e-6 * torch.randn(logits.shape, generator=generator)
    reach, keys = Reach(4, 16), keys_of(60)
    one, again = (tried(normalized(rows), reach, keys).ids[:, 4:] for rows in (logits, other))
    assert (one == again).float().mean() > 0.99


def test_each_tried_token_has_its_own_value_and_all_others_the_rests() -> None:
    reach = Reach(2, 2)
    ids = torch.tensor([[3, 1, 0, 4]])
    chosen = Tried(ids, torch.tensor([[0.25, 0.75]]))
    values = values_of(chosen, torch.tensor([[10.0, 20.0, 1.0, 2.0]]), reach)
    assert values.spread(6).tolist() == [[1.75, 20.0, 1.75, 10.0, 1.75, 1.75]]


def test_where_every_token_is_tried_nothing_is_sampled() -> None:
    reach = Reach(64, 8).within(VOCABULARY)
    assert reach == Reach(VOCABULARY, 0)
    chosen = tried(normalized(logits_of()[None]), reach, keys_of(1))
    assert sorted(chosen.ids[0].tolist()) == list(range(VOCABULARY))
    values = torch.arange(VOCABULARY).float()
    assert values_of(chosen, values[chosen.ids], reach).spread(VOCABULARY).tolist() == [
        values.tolist()
    ]


def test_a_tail_without_probability_gives_tokens() -> None:
    logits = torch.full((1, 10), -torch.inf)
    logits[0, :3] = 0
    chosen = tried(normalized(logits), Reach(3, 2), keys_of(1))
    assert chosen.ids.max() < 10
    assert chosen.shares.sum() == 1


@pytest.mark.parametrize("reach", [Reach(0, 4), Reach(5, 0)])
def test_a_reach_that_leaves_the_tail_out_is_refused(reach: Reach) -> None:
    with pytest.raises(ValueError, match="texts derail"):
        reach.within(VOCABULARY)


def test_the_largest_seed_of_a_study_has_keys() -> None:
    batch = Batch(torch.arange(6).view(2, 3), None)
    assert len(torch.unique(keys_along(batch, LARGEST_SEED))) == 6


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


def test_random_numbers_of_next_tokens_are_exponential() -> None:
    """10,000 of them: the largest gap to a straight line stays below its 1e-4 quantile."""
    found = exponentials(keys_of(100), 100)
    assert found.min() > 0
    values = torch.exp(-found).flatten().sort().values
    steps = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    assert (values - steps).abs().max() < 2.23 / 100  # Kolmogorov: √n D exceeds it once in 10,000
