import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import draw, entropy, log_prob, normalized
from calibration.engine.measuring import Measured, ends_on
from calibration.engine.measuring import measured as measured_on

RANDOM = settings(deadline=None, derandomize=True, max_examples=30)


def measured(logits: torch.Tensor, decoding: Decoding, ending: Ending) -> Measured:
    return measured_on(logits, decoding, ends_on(logits.device, ending))


def float64_distribution(logits: torch.Tensor) -> torch.Tensor:
    return logits.double().log_softmax(-1)


@pytest.mark.parametrize("vocabulary", [1, 2, 1000, 50_257])
def test_uniform_logits_have_log_vocabulary_entropy(vocabulary: int) -> None:
    flat = normalized(torch.full((3, vocabulary), 7.5))
    assert entropy(flat).tolist() == pytest.approx([math.log(vocabulary)] * 3, abs=1e-5)


def test_one_hot_logits_have_zero_entropy_and_zero_loss_on_the_hot_token() -> None:
    logits = torch.full((1, 50), -math.inf)
    logits[0, 17] = 3.0
    hot = normalized(logits)
    assert entropy(hot).item() == 0.0
    assert log_prob(hot, torch.tensor([17])).item() == 0.0
    assert log_prob(hot, torch.tensor([16])).item() == -math.inf


@RANDOM
@given(seed=st.integers(0, 2**32), vocabulary=st.sampled_from([2, 300, 50_000]))
def test_entropy_and_loss_agree_with_float64(seed: int, vocabulary: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, vocabulary, generator=generator) * 6
    tokens = torch.randint(0, vocabulary, (4,), generator=generator)
    exact = float64_distribution(logits)
    ours = normalized(logits)
    reference = -(exact.exp() * exact).sum(-1)
    torch.testing.assert_close(entropy(ours).double(), reference, atol=1e-5, rtol=0)
    chosen = exact.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(log_prob(ours, tokens).double(), chosen, atol=1e-5, rtol=0)


@RANDOM
@given(temperature=st.floats(0.05, 5.0), seed=st.integers(0, 2**32))
def test_temperature_is_softmax_of_logits_over_it(temperature: float, seed: int) -> None:
    logits = torch.randn(2, 100, generator=torch.Generator().manual_seed(seed))
    here = measured(logits, Decoding(temperature), Ending("stop", ()))
    exact = (logits.double() / temperature).log_softmax(-1)
    ours = here.distribution.weights / here.distribution.log_total.exp().unsqueeze(-1)
    torch.testing.assert_close(ours.double(), exact.exp(), atol=1e-6, rtol=1e-4)


def test_continuing_renormalises_without_the_end_ids_and_says_what_they_weighed() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    here = measured(probabilities.log(), Decoding(), Ending("continue", (1, 3)))
    assert here.end_probability.item() == pytest.approx(0.6, abs=1e-6)
    kept = np.array([0.25, 0.75])
    assert entropy(here.distribution).item() == pytest.approx(
        -(kept * np.log(kept)).sum(), abs=1e-6
    )
    assert log_prob(here.distribution, torch.tensor([3])).item() == -math.inf


def test_stopping_keeps_the_end_ids_in_the_distribution() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    here = measured(probabilities.log(), Decoding(), Ending("stop", (3,)))
    assert here.end_probability.item() == pytest.approx(0.4, abs=1e-6)
    assert log_prob(here.distribution, torch.tensor([3])).exp().item() == pytest.approx(0.4)


def test_draws_never_leave_the_support_at_the_ends_of_the_unit_interval() -> None:
    logits = torch.full((4, 152_064), -math.inf)
    logits[:, 1_000:150_000] = torch.randn(149_000, generator=torch.Generator().manual_seed(1))
    largest = 1 - 2.0**-53
    uniforms = torch.tensor([0.0, 2.0**-53, largest, 0.5], dtype=torch.float64)
    drawn = draw(normalized(logits), uniforms)
    assert drawn[0] == 1_000
    assert drawn[2] == 149_999
    assert ((drawn >= 1_000) & (drawn < 150_000)).all()


def test_a_draw_is_the_inverse_of_the_cumulative_distribution() -> None:
    logits = torch.randn(1, 1_500, generator=torch.Generator().manual_seed(3)) * 3
    exact = logits[0].double().softmax(-1).cumsum(-1)
    uniforms = torch.linspace(0.001, 0.999, 400, dtype=torch.float64)
    drawn = draw(normalized(logits.expand(400, -1)), uniforms)
    # The cumulative sum in float32 weights is good to 1e-7, so neighbours may differ at an edge.
    assert (exact[drawn] >= uniforms - 1e-6).all()
    before = torch.where(drawn > 0, exact[(drawn - 1).clamp(min=0)], 0.0)
    assert (before <= uniforms + 1e-6).all()


def test_draw_frequencies_fit_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.0, 0.2, 0.3, 0.0])
    count = 200_000
    uniforms = torch.from_numpy(np.random.default_rng(5).random(count))
    drawn = draw(normalized(probabilities.log().expand(count, -1)), uniforms)
    shares = torch.bincount(drawn, minlength=5).double() / count
    errors = (probabilities.double() * (1 - probabilities.double()) / count).sqrt()
    assert ((shares - probabilities.double()).abs() <= 4 * errors).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature above 0 was expected"):
        Decoding(temperature)
