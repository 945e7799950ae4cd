"""Entropy, log probability and draws of one distribution, from its unnormalised log probabilities.

Everything is float32 over the vocabulary with float64 where sums would drift; 0·log 0 is 0.
"""

from typing import NamedTuple

import torch
from torch import Tensor

LOWEST = -1e4  # stands for -inf inside 0·log 0: exp of it is exactly 0, so the product is too
BLOCK = 512  # ids summed at once in a draw: two short float64 sums instead of one over everything


class Distribution(NamedTuple):
    """exp(shifted) / total over the last axis."""

    shifted: Tensor  # (..., vocabulary) log weights minus their maximum
    weights: Tensor  # (..., vocabulary) exp(shifted)
    log_total: Tensor  # (...)
    maximum: Tensor  # (...)


def normalized(log_weights: Tensor) -> Distribution:
    """The distribution proportional to exp(log_weights).  # (..., vocabulary)"""
    maximum = log_weights.amax(-1)
    shifted = log_weights - maximum.unsqueeze(-1)
    weights = shifted.exp()
    return Distribution(shifted, weights, weights.sum(-1).log(), maximum)


def entropy(distribution: Distribution) -> Tensor:
    """-Σ p log p in nats.  # (...)"""
    products = distribution.shifted.clamp(min=LOWEST).mul_(distribution.weights)
    return distribution.log_total - products.sum(-1) / distribution.log_total.exp()


def log_prob(distribution: Distribution, tokens: Tensor) -> Tensor:
    """log p of one token a row in nats, -inf outside the support.  # (...)"""
    chosen = distribution.shifted.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return chosen - distribution.log_total


def set_probability(log_weights: Tensor, ids: Tensor, rest: Distribution) -> Tensor:
    """Probability of `ids` beside a distribution `rest` over the other ids.  # (...)

    `log_weights` are those of the whole, `rest` is normalised over what remains without `ids`.
    """
    if len(ids) == 0:
        return torch.zeros_like(rest.log_total)
    inside = log_weights.index_select(-1, ids).logsumexp(-1)
    return torch.sigmoid(inside - (rest.log_total + rest.maximum))


def draw(distribution: Distribution, uniforms: Tensor) -> Tensor:
    """One token a row by inverse CDF over ids, for uniforms in [0, 1) (float64).  # (batch,)

    Sums are float64 in two levels: a plain float32 sum over 150,000 ids ends 2e-4 short. An id of
    zero probability is never drawn, whatever the uniform.
    """
    rows, vocabulary = distribution.weights.shape
    blocks = -(-vocabulary // BLOCK)
    weights = torch.nn.functional.pad(distribution.weights, (0, blocks * BLOCK - vocabulary))
    weights = weights.view(rows, blocks, BLOCK)
    ends = weights.sum(-1, dtype=torch.float64).cumsum(-1)  # (batch, blocks)
    target = _below(uniforms * ends[:, -1], ends[:, -1])
    block = torch.searchsorted(ends, target.unsqueeze(-1), right=True)  # (batch, 1)
    before = torch.where(block > 0, ends.gather(-1, (block - 1).clamp(min=0)), 0.0)
    inside = weights.gather(1, block.unsqueeze(-1).expand(-1, -1, BLOCK)).squeeze(1)
    inside = inside.to(torch.float64).cumsum(-1)  # (batch, BLOCK)
    rest = _below((target.unsqueeze(-1) - before).clamp(min=0), inside[:, -1:])
    return (block * BLOCK + torch.searchsorted(inside, rest, right=True)).squeeze(-1)


def _below(value: Tensor, limit: Tensor) -> Tensor:
    # u × total rounds up to the total for the largest u, and would end past the last id.
    return torch.minimum(value, torch.nextafter(limit, torch.zeros_like(limit)))
