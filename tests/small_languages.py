"""Languages with a small real network inside: one that fills its memory, one that says others."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from calibration.engine.language import Batch, Generation, Language, Over

Change = Callable[[Tensor], Tensor]


class Same(Over):
    """A network as it is; others change a part."""

    def __init__(self, network: Language) -> None:
        super().__init__(network)
        self._network = network

    def states(self, batch: Batch) -> Tensor:
        return self._network.states(batch)

    def logits(self, states: Tensor) -> Tensor:
        return self._network.logits(states)

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return self._network.generation(batch, steps=steps, tiles=tiles)


class Scarce(Same):
    """Memory for so many rows at once, and for as many tokens of cache as are stated."""

    def __init__(self, network: Language, *, rows: int, tokens: int = 1 << 30) -> None:
        super().__init__(network)
        self._rows, self._tokens = rows, tokens
        self.asked: list[list[list[int]]] = []  # the prompts of each batch that was begun
        self.read: list[int] = []  # rows of each batch that was read

    def states(self, batch: Batch) -> Tensor:
        self.read.append(len(batch.ids))
        self._require(len(batch.ids), 0)
        return super().states(batch)

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        self.asked.append(batch.ids.tolist())
        self._require(len(batch.ids), 0)
        inner = super().generation(batch, steps=steps, tiles=tiles)
        return _Filling(inner, self._require, len(batch.ids))

    def _require(self, rows: int, tokens: int) -> None:
        if rows > self._rows or rows * tokens > self._tokens:
            raise torch.OutOfMemoryError(f"{rows} rows")


class _Filling:
    def __init__(self, inner: Generation, require: Callable[[int, int], None], rows: int) -> None:
        self._inner, self._require, self._rows, self._tokens = inner, require, rows, 0

    def logits(self) -> Sequence[Tensor]:
        return self._inner.logits()

    def extend(self, tokens: Tensor) -> None:
        self._tokens += 1
        self._require(self._rows, self._tokens)
        self._inner.extend(tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._inner.keep(rows, tiles)  # what was begun is counted on: the fuller memory


class Altered(Same):
    """Other logits in place of the network's."""

    def __init__(self, network: Language, change: Change) -> None:
        super().__init__(network)
        self._change = change

    def logits(self, states: Tensor) -> Tensor:
        return self._change(super().logits(states))

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return _AlteredGeneration(super().generation(batch, steps=steps, tiles=tiles), self._change)


class _AlteredGeneration:
    def __init__(self, inner: Generation, change: Change) -> None:
        self._inner, self._change = inner, change

    def logits(self) -> Sequence[Tensor]:
        return [self._change(one) for one in self._inner.logits()]

    def extend(self, tokens: Tensor) -> None:
        self._inner.extend(tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._inner.keep(rows, tiles)
