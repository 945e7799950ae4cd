"""What a network would make of each of many next tokens: candidates that do not see each other.

The candidates of a row go through the network in one step. Each attends to the tokens before it,
whose keys and values lie in the cache once, and to itself; their own lie behind those until the
next step. Nothing of the cache is copied, and where the tokens that a tile goes on with were all
tried, theirs are kept and no step is done again.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from calibration.engine.decoder import Decoder, Tiles, hidden, hidden_of_all
from calibration.engine.generation import DecoderGeneration
from calibration.engine.language import Batch, Generation, Language, Over
from calibration.engine.projection import Projection

# Candidates that go through a network together: its arrays of them stay in a CPU's cache.
TOGETHER: Final = 1 << 11


class Branching(Generation, Protocol):
    """A batch that is being continued, and what would follow each of many next tokens."""

    def states(self) -> Sequence[Tensor]:
        """Hidden states that the next tokens come from, tile by tile.  # (rows, width)"""
        ...

    def after(self, candidates: Sequence[Tensor]) -> Sequence[Tensor]:
        """Hidden states after each candidate, tile by tile; none is appended.

        (rows, candidates) gives (rows, candidates, width).
        """
        ...


class Branches(Protocol):
    """A network's way to try candidates."""

    def generation(
        self, batch: Batch, *, steps: int, tiles: list[int], candidates: int
    ) -> Branching:
        """The batch as a beginning, with room for `candidates` next tokens of each row."""
        ...

    def along(self, batch: Batch, candidates: Tensor) -> Iterator[tuple[int, Tensor]]:
        """States after the candidates for every token of whole texts that is read.

        `candidates`, (batch, length, tried), are those that follow each place; with place j comes
        (batch, tried, width), in no order of places, never before the first that is read, and
        never with the last, after which nothing is read.
        """
        ...


class BranchingLanguage(Language, Protocol):
    """A network that can try candidates."""

    @property
    def branches(self) -> Branches: ...


class OverNetwork(Over):
    """What every foresight over a network has of it."""

    def __init__(self, language: BranchingLanguage) -> None:
        super().__init__(language)
        self._language = language
        probe = Batch(torch.zeros(1, 1, dtype=torch.long, device=language.device), None)
        with torch.inference_mode():
            self._dtype = language.states(probe).dtype  # of what its projection takes

    def _logits(self, states: Tensor) -> Tensor:
        """Of states that were held in float32."""
        return self._language.logits(states.to(self._dtype))


class DecoderBranches:
    """Through the arrays of a decoder."""

    def __init__(self, decoder: Decoder, project: Projection) -> None:
        self._decoder, self._project = decoder, project

    def generation(
        self, batch: Batch, *, steps: int, tiles: list[int], candidates: int
    ) -> "DecoderBranching":
        return DecoderBranching(
            self._decoder, self._project, batch, steps=steps, tiles=tiles, candidates=candidates
        )

    def along(self, batch: Batch, candidates: Tensor) -> Iterator[tuple[int, Tensor]]:
        count, length, tried = candidates.shape
        entered = self.generation(batch, steps=0, tiles=[count], candidates=tried)
        # From the end, so that candidates take the places of tokens that are no longer looked at.
        for place in reversed(range(batch.first, length - 1)):
            yield place, entered.after_first(place + 1, candidates[:, place])


class DecoderBranching(DecoderGeneration):
    """A `DecoderGeneration` whose cache has room for candidates behind what is in it."""

    def __init__(
        self,
        decoder: Decoder,
        project: Projection,
        batch: Batch,
        *,
        steps: int,
        tiles: list[int],
        candidates: int,
    ) -> None:
        self._candidates, self._prompts = candidates, batch
        self._tried: tuple[Tensor, Tensor] | None = None  # since the last token: ids and states
        super().__init__(decoder, project, batch, steps=steps + candidates, tiles=tiles)

    def states(self) -> Sequence[Tensor]:
        return torch.split(self._states, self._sizes)

    def after(self, candidates: Sequence[Tensor]) -> Sequence[Tensor]:
        if self._length + self._candidates > self._caches[0].shape[2]:
            self._grow()
        positions = (self._positions + 1).expand(len(self._states), 1)
        found, start = [], 0
        for ids in candidates:
            # A tile at a time, or its bits would hang on the others.
            found.append(self._branched(ids, positions, start, self._length))
            start += len(ids)
        self._tried = torch.cat(list(candidates)), torch.cat(found)
        return found

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        super().keep(rows, tiles)
        if self._tried is not None:
            self._tried = self._tried[0][rows], self._tried[1][rows]

    def _step(self, ids: Tensor) -> Tensor:
        if self._tried is None:
            return super()._step(ids)
        tried, states = self._tried
        self._tried = None
        same = tried == ids
        # A tile by itself, or its bits would hang on what the others go on with.
        made = [
            self._taken(rows, same[rows], states[rows])
            if bool(same[rows].any(-1).all())
            else self._alone(rows, ids[rows])
            for rows in rows_of(self._sizes)
        ]
        return torch.cat(made)

    def _taken(self, rows: slice, same: Tensor, states: Tensor) -> Tensor:
        """Go on with candidates, whose keys and values take their place in the cache."""
        each, place = torch.arange(len(same), device=same.device), same.int().argmax(-1)
        for cache in self._caches:
            part = cache[rows]
            part[:, :, self._length] = part[each, :, self._length + place]
        return states[each, place]

    def _alone(self, rows: slice, ids: Tensor) -> Tensor:
        end = self._length + 1
        positions = self._positions if len(self._positions) == 1 else self._positions[rows]
        new = self._tokens(ids, positions, slice(self._length, end), end)
        if self._mask is not None:
            new = new._replace(visible=self._mask[rows, None, None, :end])
        caches, one = [cache[rows] for cache in self._caches], [len(ids)]
        return hidden(self._decoder, new, caches, Tiles(one, one))

    def after_first(self, length: int, candidates: Tensor) -> Tensor:
        """States after the candidates that follow the first `length` tokens of each prompt.

        What the cache holds behind these tokens is lost.  # (batch, candidates, width)
        """
        positions = torch.full((len(candidates), 1), length, device=candidates.device)
        if self._prompts.mask is not None:
            positions = self._prompts.mask[:, :length].sum(-1, keepdim=True)
        return self._branched(candidates, positions, 0, length)

    def _branched(self, ids: Tensor, positions: Tensor, start: int, length: int) -> Tensor:
        """States after candidates of the rows from `start` on.  # (rows, candidates, width)"""
        tried = ids.shape[1]
        apart = torch.full((tried, tried), -math.inf, device=ids.device).fill_diagonal_(0.0)
        apart = apart.to(self._decoder.embedding.dtype).view(1, 1, tried, tried)
        made = []
        for part in torch.split(ids, max(1, TOGETHER // tried)):
            rows = slice(start, start + len(part))
            new = self._tokens(part, positions[rows], slice(length, length + tried), length + tried)
            new = new._replace(visible=self._visible(rows, length, apart))
            caches, one = [cache[rows] for cache in self._caches], [len(part)]
            made.append(hidden_of_all(self._decoder, new, caches, Tiles(one, one)))
            start = rows.stop
        return torch.cat(made)

    def _visible(self, rows: slice, length: int, apart: Tensor) -> Tensor:
        """All tokens before, and of the candidates each itself.  # (rows or 1, 1, tried, window)

        As what is added to their scores: attention would make that of truth values in every layer.
        """
        if self._mask is None:
            return functional.pad(apart, (length, 0))
        unseen = self._mask[rows, None, None, :length].logical_not()
        before = torch.zeros_like(unseen, dtype=apart.dtype).masked_fill_(unseen, -math.inf)
        sizes = (len(before), 1, len(apart[0, 0]))
        return torch.cat([before.expand(*sizes, -1), apart.expand(*sizes, -1)], dim=-1)

    def _room(self, wanted: int) -> int:
        return super()._room(wanted + self._candidates)

    def _grow(self) -> None:
        length, room = self._length, self._room(2 * self._length)
        for index, cache in enumerate(self._caches):
            larger = self._empty(len(cache), room)
            larger[:, :, :length] = cache[:, :, :length]  # what is behind was tried, and is past
            self._caches[index] = larger


def rows_of(tiles: Sequence[int]) -> list[slice]:
    """The rows of each tile."""
    ends = list(accumulate(tiles))
    return [slice(end - size, end) for end, size in zip(ends, tiles, strict=True)]
