"""Future entropy after every next token at once, from a hidden state: a small head that is learned.

    F(y) = w_y · gelu(A x + a) + b_y        x the hidden state, standardised

One output a token, of the rank of A: the projection of a network once more, and as cheap. It is
learned on labels of rollouts, and what it is wrong by bounds what is left of EntCE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from calibration.engine.branching import Branching, BranchingLanguage, OverNetwork
from calibration.engine.foresight import Foreseen
from calibration.engine.language import Batch
from calibration.engine.rollouts import Labels

BATCH: Final = 256  # places
DECAY: Final = 0.01  # a token that was labelled once must not keep its noise


@dataclass(frozen=True)
class Learning:
    """How a head is learned."""

    rank: int
    epochs: int
    rate: float
    seed: int


class Head(NamedTuple):
    """A predictor of future entropy; float32."""

    mean: Tensor  # (width,)
    scale: Tensor  # (width,)
    inner: Tensor  # (rank, width)
    inner_bias: Tensor  # (rank,)
    outer: Tensor  # (vocabulary, rank)
    outer_bias: Tensor  # (vocabulary,)

    def futures(self, states: Tensor) -> Tensor:
        """Future entropy after every token, in nats.  # (..., width) to (..., vocabulary)"""
        return functional.linear(self.features(states), self.outer, self.outer_bias)

    def features(self, states: Tensor) -> Tensor:
        """What all tokens share.  # (..., width) to (..., rank)"""
        standard = (states.float() - self.mean) / self.scale
        return functional.gelu(functional.linear(standard, self.inner, self.inner_bias))

    def of(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Of some tokens alone.  # (places, width) and (places, tokens) to (places, tokens)"""
        features = self.features(states).unsqueeze(-1)
        return (self.outer[tokens] @ features).squeeze(-1) + self.outer_bias[tokens]

    def without(self, ids: Sequence[int]) -> "Head":
        """The head with nothing ahead after some tokens, which end a text."""
        places = torch.tensor(ids, dtype=torch.long, device=self.outer.device)
        outer, bias = (one.index_fill(0, places, 0.0) for one in (self.outer, self.outer_bias))
        return self._replace(outer=outer, outer_bias=bias)


class Errors(NamedTuple):
    """How far a head is from labels that it has not learned from, in nats.

    Labels are noisy, so that no head has errors of 0. What moves probabilities is the difference
    between tokens at one place, `within`.
    """

    all: float  # root mean square
    labels: float  # of the labels about their mean: what a constant would do
    within: float  # root mean square of differences from the mean of a place
    labels_within: float  # the same of the labels: what no look ahead would do


def learned(labels: Labels, *, stopping: Labels, vocabulary: int, learning: Learning) -> Head:
    """The head of least squares on `labels`, from the epoch that does best on `stopping`."""
    head = _begun(labels, vocabulary, learning)
    best, least = head, errors_of(head, stopping).all
    arrays = [one.requires_grad_() for one in head[2:]]
    optimizer = torch.optim.AdamW(arrays, lr=learning.rate, weight_decay=DECAY)
    generator = torch.Generator().manual_seed(learning.seed)
    for _ in range(learning.epochs):
        order = torch.randperm(len(labels.tokens), generator=generator)
        for rows in torch.split(order, BATCH):
            optimizer.zero_grad()
            _loss(head, labels, rows.to(labels.values.device)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        here = Head(*(one.detach().clone() for one in head))
        found = errors_of(here, stopping).all
        if found < least:
            best, least = here, found
    return Head(*(one.detach() for one in best))


def errors_of(head: Head, labels: Labels) -> Errors:
    """How a head does on labels."""
    return Errors(*np.sqrt(squares_of(head, labels).mean(0)).tolist())


@torch.no_grad()
def squares_of(head: Head, labels: Labels) -> NDArray[np.float64]:
    """The same place by place: means of the squares of `Errors`, in its order.  # (places, 4)"""
    error = head.of(labels.states, labels.tokens) - labels.values
    columns = [error, labels.values - labels.values.mean(), _within(error), _within(labels.values)]
    return torch.stack([one.double().square().mean(-1) for one in columns], dim=1).cpu().numpy()


class FutureEntropy(OverNetwork):
    """A network with a head: a `Foresight` whose futures are what the head predicts."""

    def __init__(self, language: BranchingLanguage, head: Head) -> None:
        super().__init__(language)
        self._head = head

    def states(self, batch: Batch) -> Tensor:
        return self._language.states(batch).float()

    def foreseen(self, states: Tensor) -> Foreseen:
        logits = self._logits(states)
        return Foreseen(logits, self._head.futures(states))

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> "Foretelling":
        under_way = self._language.branches.generation(
            batch, steps=steps, tiles=tiles, candidates=0
        )
        return Foretelling(under_way, self._head)


class Foretelling:
    """A batch that is being continued, with the predictions of a head."""

    def __init__(self, under_way: Branching, head: Head) -> None:
        self._under_way, self._head = under_way, head

    def foreseen(self) -> Sequence[Foreseen]:
        pairs = zip(self._under_way.logits(), self._under_way.states(), strict=True)
        return [Foreseen(logits, self._head.futures(states)) for logits, states in pairs]

    def extend(self, tokens: Tensor) -> None:
        self._under_way.extend(tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._under_way.keep(rows, tiles)


def _begun(labels: Labels, vocabulary: int, learning: Learning) -> Head:
    """A head that predicts the mean of its labels."""
    width, device = labels.states.shape[1], labels.states.device
    generator = torch.Generator().manual_seed(learning.seed)
    inner = torch.randn(learning.rank, width, generator=generator) * width**-0.5
    return Head(
        labels.states.mean(0),
        _scale(labels.states),
        inner.to(device),
        torch.zeros(learning.rank, device=device),
        torch.zeros(vocabulary, learning.rank, device=device),
        torch.full((vocabulary,), float(labels.values.mean()), device=device),
    )


def _scale(states: Tensor) -> Tensor:
    spread = states.std(0)
    # A part of the states that hardly varied must not count for all once it does.
    return spread.clamp(min=0.01 * float(spread.max()))


def _loss(head: Head, labels: Labels, rows: Tensor) -> Tensor:
    error = head.of(labels.states[rows], labels.tokens[rows]) - labels.values[rows]
    return error.square().mean()


def _within(values: Tensor) -> Tensor:
    return values - values.mean(-1, keepdim=True)
