"""Entropy, log probability and draws of one distribution, from its unnormalised log probabilities.

Everything is float32 over the vocabulary with float64 where sums would drift; 0·log 0 is 0.
"""

from typing import NamedTuple

import torch
from torch import Tensor

BLOCK = 128  # ids summed at once: short sums in float32, which float64 adds up and looks up


class Distribution(NamedTuple):
    """exp(shifted) / exp(log_total) over the last axis."""

    shifted: Tensor  # (..., vocabulary) log weights minus their maximum; -inf where the weight is 0
    weights: Tensor  # (..., vocabulary) exp(shifted)
    block_ends: Tensor  # (..., blocks) float64: the weights of all ids up to the end of each block
    maximum: Tensor  # (...)

    @property
    def total(self) -> Tensor:
        """The sum of all weights, in float64.  # (...)"""
        return self.block_ends[..., -1]

    @property
    def log_total(self) -> Tensor:
        """Its logarithm, in float32.  # (...)"""
        return self.total.log().float()


def normalized(log_weights: Tensor) -> Distribution:
    """The distribution proportional to exp(log_weights).  # (..., vocabulary)"""
    maximum = log_weights.amax(-1)
    return _weighted(log_weights - maximum.unsqueeze(-1), maximum)


def mixed(whole: Distribution, allowed: Tensor, share: float) -> Distribution:
    """(1 - share) p' + share p, where p' is p = `whole` restricted to `allowed` ids.

    `allowed` is boolean, (..., vocabulary). An allowed id weighs share / Z + (1 - share) / Z_A
    times its weight in p, any other share / Z times, Z and Z_A being the sums of the weights of
    all ids and of the allowed ones; with a share of 0 the others weigh nothing.
    """
    inside = torch.where(allowed, whole.weights, 0.0).sum(-1, dtype=torch.float64)
    outer = share / whole.total
    inner = outer + (1 - share) / inside
    factors = torch.where(allowed, _column(inner.log()), _column(outer.log()))
    return normalized(whole.shifted + factors)


def entropy(distribution: Distribution) -> Tensor:
    """-Σ p log p in nats.  # (...)"""
    # An id of weight 0 gives 0 · -inf, which is no number and no summand; one that a network
    # itself yields has made the total no number either.
    products = (distribution.weights * distribution.shifted).nansum(-1)
    return distribution.log_total - products / distribution.total.float()


def log_prob(distribution: Distribution, tokens: Tensor) -> Tensor:
    """log p of one token a row in nats, -inf outside the support.  # (...)"""
    chosen = distribution.shifted.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return chosen - distribution.log_total


def set_probability(log_weights: Tensor, ids: Tensor, rest: Distribution) -> Tensor:
    """Probability of `ids` beside a distribution `rest` over the other ids.  # (...)

    `log_weights` are those of the whole, `rest` is normalised over what remains without `ids`.
    """
    inside = log_weights.index_select(-1, ids).logsumexp(-1)
    # Logits over a small temperature are large: their difference is taken before what is small.
    return torch.sigmoid(inside - rest.maximum - rest.log_total)


def draw(distribution: Distribution, uniforms: Tensor) -> Tensor:
    """One token a row by inverse CDF over ids, for uniforms in [0, 1) (float64).  # (batch,)

    Sums are float64 in two levels: a plain float32 sum over 150,000 ids ends 2e-4 short. An id of
    zero probability is never drawn, whatever the uniform. Rows that hold no numbers draw some id.
    """
    ends, vocabulary = distribution.block_ends, distribution.weights.shape[-1]
    target = _below((uniforms * ends[:, -1]).unsqueeze(-1), ends[:, -1:])
    block = torch.searchsorted(ends, target, right=True).clamp_(
        max=ends.shape[-1] - 1
    )  # (batch, 1)
    before = ends.gather(-1, (block - 1).clamp_(min=0)).masked_fill_(block == 0, 0.0)
    ids = block * BLOCK + torch.arange(BLOCK, device=block.device)  # (batch, BLOCK)
    inside = distribution.weights.gather(-1, ids.clamp(max=vocabulary - 1)).to(torch.float64)
    inside = inside.masked_fill_(ids >= vocabulary, 0.0).cumsum(-1)
    rest = _below((target - before).clamp_(min=0), inside[:, -1:])
    found = block * BLOCK + torch.searchsorted(inside, rest, right=True)
    return found.squeeze(-1).clamp_(max=vocabulary - 1)


def _weighted(shifted: Tensor, maximum: Tensor) -> Distribution:
    weights = shifted.exp()
    return Distribution(shifted, weights, _block_ends(weights), maximum)


def _block_ends(weights: Tensor) -> Tensor:
    vocabulary = weights.shape[-1]
    missing = -vocabulary % BLOCK
    if missing:
        weights = torch.nn.functional.pad(weights, (0, missing))
    # A sum of 128 in float32 is exact to 1e-7; float64 from the start takes five times as long.
    sums = weights.view(*weights.shape[:-1], -1, BLOCK).sum(-1)
    return sums.to(torch.float64).cumsum(-1)


def _column(values: Tensor) -> Tensor:
    return values.float().unsqueeze(-1)


def _below(value: Tensor, limit: Tensor) -> Tensor:
    # u × total rounds up to the total for the largest u, and would end past the last id.
    return torch.minimum(value, torch.nextafter(limit, torch.zeros_like(limit)))
