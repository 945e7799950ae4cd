"""A model whose next tokens are weighed by what follows them: a `Language` like any other.

    p̃(y) ∝ p̂(y)^(1 + α) exp(-α F(y))      future entropy (Cao, Valiant and Liang 2025)
    p̃(y) ∝ p̂(y) exp(-α h(y))              one step (Braverman et al. 2020)

A foresight is a network and what it foresees after every next token, F or h. The adjusted model
turns both into logits, and everything else of the engine (sampling, scoring, the replay, end ids,
entropies) takes them for a network's. α = 0 gives the network's own logits, bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from calibration.engine.language import Batch, Generation, Over, Scope

Form = Literal["future-entropy", "one-step"]


class Foreseen(NamedTuple):
    """Logits of the next token, and what is foreseen after each, in nats."""

    logits: Tensor  # (..., vocabulary) float32
    futures: Tensor  # (..., vocabulary)


class Foreseeing(Protocol):
    """A batch that is being continued: a `Generation` with what is foreseen in place of logits."""

    def foreseen(self) -> Sequence[Foreseen]:
        """Of each row, tile by tile.  # (rows, vocabulary)"""
        ...

    def extend(self, tokens: Tensor) -> None: ...

    def keep(self, rows: Tensor, tiles: list[int]) -> None: ...


class Foresight(Scope, Protocol):
    """A network, and what it foresees after every next token."""

    def states(self, batch: Batch) -> Tensor:
        """What `foreseen` needs of every position, teacher forced.  # (batch, length, width)"""
        ...

    def foreseen(self, states: Tensor) -> Foreseen:
        """Logits and futures.  # (..., width) to (..., vocabulary)"""
        ...

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Foreseeing: ...


@dataclass(frozen=True)
class Adjustment:
    """By how much futures count: one α, or one for each block of positions.

    A position is the number of tokens before the next one, prompt included; the last block has no
    end.
    """

    form: Form
    alphas: tuple[float, ...]
    block: int | None = None  # positions of each α; None where there is one

    def __post_init__(self) -> None:
        if not self.alphas or (self.block is None and len(self.alphas) > 1):
            raise ValueError(
                "one α, or several with the positions of a block, was expected, found "
                f"{len(self.alphas)} with a block of {self.block}"
            )

    @property
    def statistic(self) -> tuple[float, float]:
        """What α multiplies: so much of log p̂, and so much of the futures."""
        return (1.0, -1.0) if self.form == "future-entropy" else (0.0, -1.0)

    def blocks_of(self, positions: Tensor) -> Tensor:
        """The number of the α at each position."""
        if self.block is None:
            return torch.zeros_like(positions, dtype=torch.long)
        return (positions.long() // self.block).clamp_(max=len(self.alphas) - 1)

    def logits(self, foreseen: Foreseen, positions: Tensor) -> Tensor:
        """Unnormalised log p̃.  # positions (...) to (..., vocabulary)"""
        alphas = torch.tensor(self.alphas, dtype=torch.float32, device=positions.device)
        alpha = alphas[self.blocks_of(positions)].unsqueeze(-1)
        sharpness, foresight = self.statistic
        power, weight = 1 + alpha * sharpness, alpha * foresight
        return torch.addcmul(foreseen.logits * power, foreseen.futures, weight)


class Adjusted(Over):
    """The adjusted model of a foresight, as a `Language`."""

    def __init__(self, foresight: Foresight, adjustment: Adjustment) -> None:
        super().__init__(foresight)
        self._foresight, self._adjustment = foresight, adjustment

    def states(self, batch: Batch) -> Tensor:
        """What is foreseen from, and in the last column the position of the next token."""
        states = self._foresight.states(batch)
        positions = positions_of(batch).to(states).unsqueeze(-1)
        return torch.cat([states, positions], dim=-1)

    def logits(self, states: Tensor) -> Tensor:
        foreseen = self._foresight.foreseen(states[..., :-1])
        return self._adjustment.logits(foreseen, states[..., -1])

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        inner = self._foresight.generation(batch, steps=steps, tiles=tiles)
        positions = positions_of(batch)[:, -1]
        return _AdjustedGeneration(inner, self._adjustment, positions, tiles)


class _AdjustedGeneration:
    """A batch that is being continued under an adjustment."""

    def __init__(
        self, inner: Foreseeing, adjustment: Adjustment, positions: Tensor, tiles: list[int]
    ) -> None:
        self._inner, self._adjustment = inner, adjustment
        self._positions, self._tiles = positions, tiles

    def logits(self) -> Sequence[Tensor]:
        pairs = zip(self._inner.foreseen(), torch.split(self._positions, self._tiles), strict=True)
        return [self._adjustment.logits(one, positions) for one, positions in pairs]

    def extend(self, tokens: Tensor) -> None:
        self._inner.extend(tokens)
        self._positions = self._positions + 1

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._inner.keep(rows, tiles)
        self._positions, self._tiles = self._positions[rows], tiles


def positions_of(batch: Batch) -> Tensor:
    """How many tokens lie before the one that each place predicts.  # (batch, length)"""
    if batch.mask is not None:
        return batch.mask.long().cumsum(-1)
    count = torch.arange(1, batch.ids.shape[1] + 1, device=batch.ids.device)
    return count.expand(len(batch.ids), -1)
