"""A batch under way through a decoder: its cache of keys and values, grown and cut to its rows."""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from calibration.engine.decoder import Decoder, Tiles, Tokens, hidden, turns
from calibration.engine.language import Batch
from calibration.engine.memory import PROMPT_TOKENS
from calibration.engine.products import are_alike
from calibration.engine.projection import Projection

FIRST_ROOM = 512  # tokens a row; windows in bytes allow for far more tokens than most texts take


class DecoderGeneration:
    """Rows that are being continued, in tiles."""

    def __init__(
        self,
        decoder: Decoder,
        project: Projection,
        batch: Batch,
        *,
        steps: int,
        tiles: list[int],
    ) -> None:
        self._decoder, self._project = decoder, project
        self._mask = None  # of all tokens there will be; those to come are no padding
        if batch.mask is not None:
            self._mask = torch.nn.functional.pad(batch.mask, (0, steps), value=True)
        self._length, self._capacity = batch.ids.shape[1], batch.ids.shape[1] + steps
        self._positions = _positions(batch)
        reach = torch.arange(self._capacity, device=batch.ids.device)
        self._cosines, self._sines = turns(decoder, reach)
        room = self._room(max(self._length + 1, FIRST_ROOM))
        self._caches = [self._empty(len(batch.ids), room) for _ in decoder.layers]
        self._lay(tiles)
        self._states = torch.cat(self._all_entered(batch, tiles))

    def logits(self) -> Sequence[Tensor]:
        parts = torch.split(self._states, self._tiles.products)
        made = [self._project.logits(part) for part in parts]
        return made if len(made) == len(self._sizes) else torch.split(made[0], self._sizes)

    def extend(self, tokens: Tensor) -> None:
        if self._length == self._caches[0].shape[2]:
            self._grow()
        self._positions = self._positions + 1
        self._states = self._step(tokens.unsqueeze(1))
        self._length += 1

    def _step(self, ids: Tensor) -> Tensor:
        end = self._length + 1
        new = self._tokens(ids, self._positions, slice(self._length, end), end)
        if self._mask is not None:
            new = new._replace(visible=self._mask[:, None, None, :end])
        return hidden(self._decoder, new, self._caches, self._tiles)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._lay(tiles)
        self._states = self._states[rows]
        for index, cache in enumerate(self._caches):  # one at a time: never two whole caches
            self._caches[index] = cache[rows]
        if self._mask is not None:
            self._mask, self._positions = self._mask[rows], self._positions[rows]

    def _all_entered(self, batch: Batch, tiles: list[int]) -> list[Tensor]:
        """States after the prompts of each tile; prompts that tiles share enter once."""
        places, made = _rows(tiles), list[Tensor]()
        for number, first in enumerate(_first_alike(batch, places)):
            if first == number:
                parts = self._at_once(places[number])
                made.append(torch.cat([self._entered(batch, rows) for rows in parts]))
                continue
            for cache in self._caches:
                entered = cache[places[first], :, : self._length]
                cache[places[number], :, : self._length] = entered
            made.append(made[first])
        return made

    def _entered(self, batch: Batch, rows: slice) -> Tensor:
        """States after the prompts of some rows, whose keys and values go into the cache."""
        ids = batch.ids[rows]
        positions = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        if batch.mask is not None:
            positions = batch.mask[rows].long().cumsum(-1).sub(1).clamp(min=0)
        new = self._tokens(ids, positions, slice(0, self._length), self._length)
        if batch.mask is not None:
            new = new._replace(visible=_seen(batch.mask[rows]))
        caches = [cache[rows] for cache in self._caches]
        return hidden(self._decoder, new, caches, Tiles([len(ids)], [len(ids)]))

    def _tokens(
        self, ids: Tensor, positions: Tensor, places: slice | Tensor, window: int
    ) -> Tokens:
        return Tokens(ids, self._cosines[positions], self._sines[positions], places, window, None)

    def _lay(self, tiles: list[int]) -> None:
        """Decide what goes through the network together."""
        weights = [*self._decoder.weights, self._project.weight]
        all_rows, exact = [sum(tiles)], self._decoder.embedding.dtype == torch.float32
        self._sizes = tiles
        self._tiles = Tiles(
            products=tiles if exact and not are_alike(weights, tiles) else all_rows,
            # How attention is divided among threads hangs on the number of rows; and so do the
            # numbers that a CPU is left with, one by one, after taking eight of them at a time:
            # the exponential of the one way differs from the other's in the last bit.
            functions=tiles if exact else all_rows,
        )

    def _at_once(self, tile: slice) -> list[slice]:
        rows = max(1, PROMPT_TOKENS // self._length)
        starts = range(tile.start, tile.stop, rows)
        return [slice(start, min(start + rows, tile.stop)) for start in starts]

    def _room(self, wanted: int) -> int:
        return min(self._capacity, wanted)

    def _empty(self, rows: int, room: int) -> Tensor:
        form, like = self._decoder.form, self._decoder.embedding
        return like.new_empty(rows, 2 * form.key_value_heads, room, form.head_width)

    def _grow(self) -> None:
        room = self._room(2 * self._length)
        for index, cache in enumerate(self._caches):
            larger = self._empty(len(cache), room)
            larger[:, :, : self._length] = cache
            self._caches[index] = larger


def _rows(tiles: list[int]) -> list[slice]:
    ends = list(accumulate(tiles))
    return [slice(end - size, end) for end, size in zip(ends, tiles, strict=True)]


def _first_alike(batch: Batch, tiles: Sequence[slice]) -> list[int]:
    """For each tile the first one of the same prompts, padded alike: its number."""
    ids, mask = batch.ids.cpu(), None if batch.mask is None else batch.mask.cpu()
    seen: dict[tuple[bytes, bytes], int] = {}
    found = []
    for number, rows in enumerate(tiles):
        padding = b"" if mask is None else mask[rows].numpy().tobytes()
        key = (ids[rows].numpy().tobytes(), padding)
        found.append(seen.setdefault(key, number))
    return found


def _positions(batch: Batch) -> Tensor:
    """Where the last token of each row stands, (batch, 1), or of all, (1, 1)."""
    if batch.mask is None:
        return torch.full((1, 1), batch.ids.shape[1] - 1, device=batch.ids.device)
    return batch.mask.sum(-1, keepdim=True) - 1


def _seen(mask: Tensor) -> Tensor:
    """What each position of prompts padded on the left may look at.  # (batch, 1, new, new)"""
    length = mask.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(length, dtype=torch.bool, device=mask.device)
    # Padding sees itself: looking at nothing is no number, and what is later masked must be one.
    return (causal & mask[:, None] | itself)[:, None]
