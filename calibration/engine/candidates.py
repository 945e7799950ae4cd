"""Which next tokens are tried, and what their values say of all the others.

The likeliest K are tried themselves. The rest, the tail, is where texts derail, so the mean of the
K says nothing of it: R tokens are sampled from the tail in proportion to their probabilities, and
each token of the tail is given the mean of those R. The sample is systematic: one uniform u gives
R points (u + r)/R of the tail's cumulative probability, so that over u every token of the tail is
met R times its share, and the mean is unbiased.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from calibration.engine.entropy import Distribution


class Reach(NamedTuple):
    """How many next tokens are tried."""

    likeliest: int
    sampled: int  # of the rest

    @property
    def tried(self) -> int:
        return self.likeliest + self.sampled

    def within(self, vocabulary: int) -> "Reach":
        """The same, trying no token twice where there are no more than the likeliest.

        Raises ValueError where a rest is left of which nothing is tried.
        """
        if self.likeliest >= vocabulary:
            return Reach(vocabulary, 0)
        if self.likeliest < 1 or self.sampled < 1:
            raise ValueError(
                "at least 1 of the likeliest tokens and 1 of the rest was expected to be tried, "
                f"found {self.likeliest} and {self.sampled}: texts derail by the rest, of which "
                "the likeliest say nothing"
            )
        return self


class Values(NamedTuple):
    """A value for every next token: of those tried, and one for all others."""

    ids: Tensor  # (..., likeliest)
    own: Tensor  # (..., likeliest)
    rest: Tensor  # (..., 1)

    def spread(self, vocabulary: int) -> Tensor:
        """The value of each token.  # (..., vocabulary)"""
        every = self.rest.expand(*self.rest.shape[:-1], vocabulary)
        return every.scatter(-1, self.ids, self.own)


def tried(distribution: Distribution, reach: Reach, uniforms: Tensor) -> Tensor:
    """The tokens to try: the likeliest, then those of the tail.  # (rows, reach.tried)

    `uniforms` are in [0, 1), (rows,).
    """
    likeliest = distribution.weights.topk(reach.likeliest, dim=-1).indices
    if not reach.sampled:
        return likeliest
    ends = distribution.weights.scatter(-1, likeliest, 0.0).cumsum(-1, dtype=torch.float64)
    points = torch.arange(reach.sampled, device=uniforms.device) + uniforms.unsqueeze(-1)
    targets = points / reach.sampled * ends[:, -1:]
    # A point that rounding puts at the very end would lie past the last token.
    below = torch.nextafter(ends[:, -1:], torch.zeros_like(ends[:, -1:]))
    targets = torch.minimum(targets, below).clamp_(min=0.0)
    found = torch.searchsorted(ends, targets, right=True)
    return torch.cat([likeliest, found.clamp_(max=ends.shape[-1] - 1)], dim=-1)


def values_of(ids: Tensor, values: Tensor, reach: Reach) -> Values:
    """What the values of the tokens that were tried say of all.  # (..., reach.tried) both"""
    own, sampled = torch.split(values, [reach.likeliest, reach.sampled], dim=-1)
    rest = sampled.mean(-1, keepdim=True) if reach.sampled else own[..., :1]
    return Values(ids[..., : reach.likeliest], own, rest)
