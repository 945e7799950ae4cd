"""Which next tokens are tried, and what their values say of all the others.

The likeliest K are tried themselves. The rest, the tail, is where texts derail, so the mean of the
K says nothing of it: R tokens are sampled from the tail, one from each of R classes of ids, in
proportion to their probabilities there; and each token of the tail is given their mean, weighed by
the probabilities of the classes, which is unbiased. A token wins a class by its probability over
an exponential random number of its own (Efraimidis and Spirakis 2006), so that two passes that
round differently draw the same one unless two tokens come equal; points on a cumulative
probability would fall on different sides of some bound among thousands.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from calibration.engine.entropy import Distribution
from calibration.engine.prefixes import exponentials


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


class Tried(NamedTuple):
    """Tokens to try: the likeliest, then those that were sampled of the rest."""

    ids: Tensor  # (..., reach.tried)
    shares: Tensor  # (..., reach.sampled): the weight of each sampled one in the mean


def tried(
    distribution: Distribution, reach: Reach, keys: Tensor, *, ends: Tensor | None = None
) -> Tried:
    """The tokens to try after beginnings of some keys (`prefixes`), (rows,).

    Of ids that are `ends` none is sampled: nothing follows them, so they say nothing of the others.
    """
    likeliest = distribution.weights.topk(reach.likeliest, dim=-1).indices
    if not reach.sampled:
        return Tried(likeliest, distribution.weights[..., :0])
    vocabulary = distribution.weights.shape[-1]
    tail = distribution.weights.scatter(-1, likeliest, 0.0)
    if ends is not None:
        tail = tail.index_fill_(-1, ends, 0.0)
    won = _in_classes(tail / exponentials(keys, vocabulary), reach.sampled)
    found = won.argmax(-2)  # (rows, sampled): which of its class
    classes = torch.arange(reach.sampled, device=keys.device)
    # Where the tail has no probability some tokens are tried, and count for nothing.
    sampled = (found * reach.sampled + classes).clamp_(max=vocabulary - 1)
    sums = _in_classes(tail, reach.sampled).sum(-2)
    total = sums.sum(-1, keepdim=True)
    shares = torch.where(total > 0, sums / total, 1 / reach.sampled)
    return Tried(torch.cat([likeliest, sampled], dim=-1), shares)


def values_of(chosen: Tried, values: Tensor, reach: Reach) -> Values:
    """What the values of the tokens that were tried, (..., reach.tried), say of all."""
    own, sampled = torch.split(values, [reach.likeliest, reach.sampled], dim=-1)
    mean = (sampled * chosen.shares).sum(-1, keepdim=True)
    rest = mean if reach.sampled else own[..., :1]
    return Values(chosen.ids[..., : reach.likeliest], own, rest)


def _in_classes(values: Tensor, classes: int) -> Tensor:
    """Ids by what is left when they are divided by `classes`.  # (rows, ids of a class, classes)"""
    missing = -values.shape[-1] % classes
    return functional.pad(values, (0, missing)).view(*values.shape[:-1], -1, classes)
