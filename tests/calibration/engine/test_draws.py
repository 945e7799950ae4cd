"""The inverse CDF over a large vocabulary: no draw leaves the support, and frequencies fit."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import Distribution, draw
from calibration.engine.measuring import Measured, ends_on, measured

VOCABULARY, USED = 152_064, slice(1_000, 151_643)
DECODINGS = (
    Decoding(),
    Decoding(0.7, top_p=0.9, mixture=0),
    Decoding(top_k=50, mixture=0.2),
    Decoding(min_p=0.02, mixture=0.01),
    Decoding(typical=0.6, mixture=0),
)
GROUPS = 200


def distribution(decoding: Decoding) -> Measured:
    """A peaked one whose first ids, last ids, and a third of those between have no weight."""
    generator = torch.Generator().manual_seed(11)
    logits = torch.randn(1, VOCABULARY, generator=generator) * 3
    kept = torch.zeros(VOCABULARY, dtype=torch.bool)
    kept[USED] = torch.rand(VOCABULARY, generator=generator)[USED] > 1 / 3
    logits[0, ~kept] = -math.inf
    likeliest = int(logits.argmax())
    return measured(logits, decoding, ends_on(logits.device, Ending("continue", (likeliest,))))


def _repeated(one: Distribution, rows: int) -> Distribution:
    """The same row many times; nothing of the size of the vocabulary is copied."""
    many = Distribution(*(part.expand(rows, *part.shape[1:]) for part in one))
    return many._replace(block_ends=many.block_ends.contiguous())


def require_fit(decoding: Decoding, *, draws: int, seed: int) -> None:
    """Draws of one distribution against its probabilities, in groups of like weight."""
    here = distribution(decoding).distribution
    generator = np.random.default_rng(seed)
    counts = torch.zeros(VOCABULARY, dtype=torch.long)
    for size in [2_000] * (draws // 2_000):
        found = draw(_repeated(here, size), torch.from_numpy(generator.random(size)))
        counts += torch.bincount(found, minlength=VOCABULARY)
    p = here.weights[0].double() / here.weights[0].double().sum()
    assert counts[p == 0].sum() == 0
    assert counts.sum() == draws
    order = p.argsort(descending=True)
    group = (p[order].cumsum(0) * GROUPS).long().clamp(max=GROUPS - 1)
    expected = torch.zeros(GROUPS, dtype=torch.float64).index_add(0, group, p[order] * draws)
    seen = torch.zeros(GROUPS, dtype=torch.long).index_add(0, group, counts[order])
    held = expected > 20
    statistic = ((seen[held] - expected[held]) ** 2 / expected[held]).sum().item()
    # Five standard deviations of a normal variable: one refusal in 3.5 million seeds.
    assert statistic < chi2.isf(3e-7, int(held.sum()))


@pytest.mark.parametrize("decoding", DECODINGS, ids=lambda one: one.label)
def test_draws_stay_in_the_support_and_fit(decoding: Decoding) -> None:
    require_fit(decoding, draws=300_000, seed=2)


@pytest.mark.nightly
@pytest.mark.parametrize("decoding", DECODINGS, ids=lambda one: one.label)
def test_ten_million_draws_stay_in_the_support_and_fit(decoding: Decoding) -> None:
    require_fit(decoding, draws=10_000_000, seed=3)


@pytest.mark.parametrize("decoding", DECODINGS, ids=lambda one: one.label)
def test_the_least_and_the_largest_uniform_draw_ids_of_the_support(decoding: Decoding) -> None:
    here = distribution(decoding).distribution
    support = here.weights[0].nonzero().flatten()
    drawn = draw(
        _repeated(here, 3), torch.tensor([0.0, 2.0**-53, 1 - 2.0**-53], dtype=torch.float64)
    )
    assert drawn[0] == support[0]
    assert drawn[2] == support[-1]


@pytest.mark.parametrize("vocabulary", [1, 2, 511, 512, 513, 1024])
def test_every_id_of_a_flat_distribution_is_drawn_by_its_own_uniform(vocabulary: int) -> None:
    flat = measured(
        torch.zeros(vocabulary, vocabulary),
        Decoding(),
        ends_on(torch.device("cpu"), Ending("stop", ())),
    )
    uniforms = (torch.arange(vocabulary, dtype=torch.float64) + 0.5) / vocabulary
    assert draw(flat.distribution, uniforms).tolist() == list(range(vocabulary))


def test_a_block_of_ids_without_weight_is_stepped_over_at_its_edge() -> None:
    logits = torch.full((2, 2_048), -math.inf)
    logits[:, 511], logits[:, 1_536] = 0.0, 0.0  # the last of a block, the first of another
    here = measured(logits, Decoding(), ends_on(logits.device, Ending("stop", ())))
    halves = torch.tensor([0.5 - 2.0**-53, 0.5], dtype=torch.float64)
    assert draw(here.distribution, halves).tolist() == [511, 1_536]
