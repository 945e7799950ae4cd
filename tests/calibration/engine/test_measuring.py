"""The measured distribution of every kind of decoding against float64 over the whole vocabulary."""

import math

import exact_decoding
import numpy as np
import pytest
import torch
from exact_decoding import EVERY_KIND, Floats

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import entropy, log_prob
from calibration.engine.measuring import Measured, ends_on
from calibration.engine.measuring import measured as measured_on

STOP, NO_ENDS = Ending("stop", (2,)), Ending("continue", ())
TRUNCATED = [one for one in EVERY_KIND if one.truncations]


def measured(logits: torch.Tensor, decoding: Decoding, ending: Ending = NO_ENDS) -> Measured:
    return measured_on(logits, decoding, ends_on(logits.device, ending))


def logits_of(vocabulary: int) -> torch.Tensor:
    """Peaked as a network's are, flat, and nearly certain."""
    generator = torch.Generator().manual_seed(vocabulary)
    spread = torch.tensor([[2.5], [0.3], [9.0]])
    return torch.randn(3, vocabulary, generator=generator) * spread + 11


@pytest.mark.parametrize("vocabulary", [300, 50_257, 152_064])
@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_entropy_and_loss_are_those_of_float64(decoding: Decoding, vocabulary: int) -> None:
    logits = logits_of(vocabulary)
    here = measured(logits, decoding)
    for row, values in enumerate(logits.double().numpy()):
        p = exact_decoding.probabilities(values, decoding.temperature)
        exact = exact_decoding.measured(p, decoding)
        assert entropy(here.distribution)[row].item() == pytest.approx(
            exact_decoding.entropy(exact), abs=1e-5
        )
        likeliest, inner, outer = np.argsort(-exact)[[0, 3, vocabulary // 2]]
        tokens = torch.tensor([likeliest, inner, outer])
        one = type(here.distribution)(*(part[row].expand(3, *part[row].shape) for part in here[0]))
        found = log_prob(one, tokens).double().numpy()
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(found, np.log(exact[tokens.numpy()]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("decoding", TRUNCATED, ids=lambda one: one.label)
def test_outside_the_set_a_pure_sampler_has_no_finite_loss_and_a_mixed_one_has(
    decoding: Decoding,
) -> None:
    logits = logits_of(300)
    here = measured(logits, decoding)
    assert here.allowed is not None
    all_ids = torch.arange(300).expand(3, -1)
    values = torch.stack([log_prob(here.distribution, ids) for ids in all_ids.T], dim=1)
    assert (~here.allowed).any()
    assert values[here.allowed].isfinite().all()
    assert (values[~here.allowed] == -math.inf).all() == decoding.is_pure
    assert values[~here.allowed].isfinite().all() == (not decoding.is_pure)
    total = values.double().exp().sum(1)
    torch.testing.assert_close(total, torch.ones(3, dtype=torch.float64), atol=1e-6, rtol=0)


def test_without_a_truncation_nothing_is_said_of_a_set() -> None:
    assert measured(logits_of(10), Decoding(0.7)).allowed is None


@pytest.mark.parametrize("decoding", TRUNCATED, ids=lambda one: one.label)
def test_ends_are_masked_before_anything_is_truncated(decoding: Decoding) -> None:
    logits = logits_of(300)
    logits[:, 2] = logits.amax(-1) + 2  # an end that would be the likeliest
    masked = measured(logits, decoding, Ending("continue", (2,)))
    others = torch.cat([logits[:, :2], logits[:, 3:]], dim=1)
    without = measured(others, decoding)
    torch.testing.assert_close(
        entropy(masked.distribution), entropy(without.distribution), atol=1e-6, rtol=0
    )
    end = torch.full((3,), 2)
    assert (log_prob(masked.distribution, end) == -math.inf).all()
    whole = (logits.double() / decoding.temperature).softmax(-1)[:, 2]
    torch.testing.assert_close(masked.end_probability.double(), whole, atol=1e-6, rtol=0)


@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_where_ends_count_their_share_is_that_of_the_measured_distribution(
    decoding: Decoding,
) -> None:
    logits = logits_of(300)
    here = measured(logits, decoding, STOP)
    exact = [
        exact_decoding.measured(exact_decoding.probabilities(row, decoding.temperature), decoding)[
            2
        ]
        for row in logits.double().numpy()
    ]
    np.testing.assert_allclose(here.end_probability, exact, atol=1e-6)


@pytest.mark.parametrize("decoding", [Decoding(0.05), Decoding(0.05, top_p=0.9, mixture=0.01)])
def test_huge_logits_over_a_small_temperature_stay_exact(decoding: Decoding) -> None:
    # Over .05 a logit near 300 is rounded to 5e-4; what is measured is of what was rounded.
    logits = torch.randn(4, 500, generator=torch.Generator().manual_seed(1)) * 0.2 + 300
    logits[:, 499] = logits.amax(-1)
    scaled = (logits / decoding.temperature).double().numpy()
    here = measured(logits, decoding, Ending("continue", (499,)))
    for row, values in enumerate(scaled):
        p = exact_decoding.probabilities(values[:-1], 1.0)
        exact: Floats = exact_decoding.measured(p, decoding)
        assert entropy(here.distribution)[row].item() == pytest.approx(
            exact_decoding.entropy(exact), abs=1e-5
        )
        whole = exact_decoding.probabilities(values, 1.0)[499]
        assert here.end_probability[row].item() == pytest.approx(whole, abs=1e-6)


def test_logits_of_any_size_give_numbers() -> None:
    logits = torch.tensor([[1e30, -1e30, 0.0], [3e4, 2e4, -6e4], [0.0, -math.inf, -math.inf]])
    for decoding in (*EVERY_KIND, Decoding(0.05)):
        here = measured(logits, decoding)
        assert entropy(here.distribution).tolist() == [0.0] * 3
        assert log_prob(here.distribution, torch.zeros(3, dtype=torch.long)).tolist() == [0.0] * 3


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_what_is_no_number_is_never_measured_as_one(decoding: Decoding, value: float) -> None:
    logits = logits_of(3_000)
    logits[1, 50] = value
    found = entropy(measured(logits, decoding).distribution)
    assert found.isfinite().tolist() == [True, False, True]


def test_the_logits_are_left_alone() -> None:
    logits = logits_of(300)
    before = logits.clone()
    for decoding in EVERY_KIND:
        measured(logits, decoding, Ending("continue", (2,)))
    assert torch.equal(logits, before)
