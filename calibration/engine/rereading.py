"""Candidates of a network that is no plain decoder: its texts are read again for each of them.

The same numbers as through a cache, for as many times the work as a text has tokens: for small
networks and short texts, and to compare with.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from calibration.engine.language import Batch, Language


class RereadBranches:
    """Through the network as it reads texts."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def generation(
        self, batch: Batch, *, steps: int, tiles: list[int], candidates: int
    ) -> "RereadBranching":
        return RereadBranching(self._language, batch, steps=steps, tiles=tiles)

    def along(self, batch: Batch, candidates: Tensor) -> Iterator[tuple[int, Tensor]]:
        for place in range(batch.first, candidates.shape[1] - 1):
            mask = None if batch.mask is None else batch.mask[:, : place + 1]
            before = Batch(batch.ids[:, : place + 1], mask)
            yield place, _reread(self._language, before, candidates[:, place])


class RereadBranching:
    """A batch that is being continued by its network, and read again for each candidate."""

    def __init__(self, language: Language, batch: Batch, *, steps: int, tiles: list[int]) -> None:
        self._language, self._batch, self._tiles = language, batch, tiles
        self._inner = language.generation(batch, steps=steps, tiles=tiles)

    def logits(self) -> Sequence[Tensor]:
        return self._inner.logits()

    def states(self) -> Sequence[Tensor]:
        return torch.split(self._language.states(self._batch)[:, -1], self._tiles)

    def after(self, candidates: Sequence[Tensor]) -> Sequence[Tensor]:
        made = _reread(self._language, self._batch, torch.cat(list(candidates)))
        return torch.split(made, self._tiles)

    def extend(self, tokens: Tensor) -> None:
        self._inner.extend(tokens)
        self._batch = _with(self._batch, tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._inner.keep(rows, tiles)
        self._tiles = tiles
        mask = self._batch.mask
        self._batch = Batch(self._batch.ids[rows], None if mask is None else mask[rows])


def _reread(language: Language, before: Batch, candidates: Tensor) -> Tensor:
    """States after each candidate, a text read once for each.  # (batch, candidates, width)"""
    read = [language.states(_with(before, tokens))[:, -1] for tokens in candidates.T]
    return torch.stack(read, dim=1)


def _with(batch: Batch, tokens: Tensor) -> Batch:
    mask = None if batch.mask is None else functional.pad(batch.mask, (0, 1), value=True)
    return Batch(torch.cat([batch.ids, tokens.unsqueeze(1)], dim=1), mask)
