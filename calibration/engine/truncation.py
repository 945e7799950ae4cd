"""The ids that a truncation allows.

Every truncation is found on the same distribution p, so their order does not matter; what all of
them allow is their intersection, which holds the likeliest id because each of them does.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from calibration.engine.decoding import Decoding
from calibration.engine.entropy import Distribution, entropy

# Ids that are looked at first where the fewest of the largest are wanted: sorting a whole
# vocabulary takes twenty times as long, and what people use keeps fewer nearly always.
LARGEST = 1024


def allowed(distribution: Distribution, decoding: Decoding) -> Tensor:
    """Which ids every truncation allows, the likeliest always.  # (..., vocabulary)"""
    inside = torch.ones_like(distribution.weights, dtype=torch.bool)
    for one in _sets(distribution, decoding):
        inside &= one
    likeliest = distribution.weights.argmax(-1, keepdim=True)
    return inside.scatter_(-1, likeliest, value=True)


def _sets(distribution: Distribution, decoding: Decoding) -> Iterator[Tensor]:
    weights, total = distribution.weights, distribution.total.unsqueeze(-1)
    if decoding.top_k is not None:
        yield _first(weights, torch.full_like(total, decoding.top_k, dtype=torch.long))
    if decoding.top_p is not None:
        yield _first(weights, _count(weights, weights, decoding.top_p * total))
    if decoding.min_p is not None:
        yield distribution.shifted >= math.log(decoding.min_p)  # shifted is log (p / max p)
    if decoding.epsilon is not None:
        yield weights >= decoding.epsilon * total
    if decoding.eta is not None:
        least = math.sqrt(decoding.eta) * (-entropy(distribution)).exp().unsqueeze(-1)
        yield weights >= least.clamp(max=decoding.eta) * total
    if decoding.typical is not None:
        surprise = distribution.log_total.unsqueeze(-1) - distribution.shifted
        closeness = -(surprise - entropy(distribution).unsqueeze(-1)).abs()
        yield _first(closeness, _count(closeness, weights, decoding.typical * total))


def _count(keys: Tensor, weights: Tensor, enough: Tensor) -> Tensor:
    """How many ids of the largest keys it takes to weigh `enough`, (..., 1).  # (..., 1)"""
    order = keys.topk(min(LARGEST, keys.shape[-1])).indices
    held = weights.gather(-1, order).cumsum(-1, dtype=torch.float64)
    if order.shape[-1] < keys.shape[-1] and bool((held[..., -1:] < enough).any()):
        order = keys.argsort(-1, descending=True)
        held = weights.gather(-1, order).cumsum(-1, dtype=torch.float64)
    return (held < enough).sum(-1, keepdim=True) + 1


def _first(keys: Tensor, count: Tensor) -> Tensor:
    """The `count` ids, (..., 1), of the largest keys, of equal keys the lowest ids.

    # (..., vocabulary)
    """
    count = count.clamp(max=keys.shape[-1])
    largest = keys.topk(int(count.max())).values
    least = largest.gather(-1, count - 1)
    above, equal = keys > least, keys == least
    left = count - above.sum(-1, keepdim=True)
    return above | (equal & (equal.cumsum(-1) <= left))
