"""Continuing a batch through transformers' own modules, for a network that is no plain decoder."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from calibration.engine.language import Batch, predicting
from storage.caches import preallocated

Backbone = Callable[..., Any]
Project = Callable[[Tensor], Tensor]


class LibraryGeneration:
    """Rows that are being continued, each tile in a batch of its own."""

    def __init__(
        self, backbone: Backbone, project: Project, batch: Batch, *, steps: int, tiles: list[int]
    ) -> None:
        self._project = project
        masks = [None] * len(tiles) if batch.mask is None else torch.split(batch.mask, tiles)
        pairs = zip(torch.split(batch.ids, tiles), masks, strict=True)
        self._tiles = [_Tile(backbone, Batch(ids, mask), steps) for ids, mask in pairs]

    def logits(self) -> Sequence[Tensor]:
        return [self._project(tile.states) for tile in self._tiles]

    def extend(self, tokens: Tensor) -> None:
        sizes = [len(tile.states) for tile in self._tiles]
        for tile, new in zip(self._tiles, torch.split(tokens, sizes), strict=True):
            tile.extend(new)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        start, left = 0, []
        for tile in self._tiles:
            end = start + len(tile.states)
            kept = rows[(rows >= start) & (rows < end)] - start
            if len(kept):
                tile.keep(kept)
                left.append(tile)
            start = end
        self._tiles = left


class _Tile:
    """A batch under way, with transformers' own cache."""

    def __init__(self, backbone: Backbone, batch: Batch, steps: int) -> None:
        self._backbone, self._mask = backbone, batch.mask
        self._cache = preallocated(batch.ids.shape[1] + steps)
        output = backbone(
            input_ids=batch.ids,
            past_key_values=self._cache,
            use_cache=True,
            **placement(batch.mask),
        )
        states: Tensor = output.last_hidden_state
        self.states = states[:, predicting(batch.ids.shape[1], 1)].squeeze(1)

    def extend(self, tokens: Tensor) -> None:
        if self._mask is not None:
            self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=True)
        where = placement(self._mask)
        if "position_ids" in where:
            where["position_ids"] = where["position_ids"][:, -1:]
        output = self._backbone(
            input_ids=tokens.unsqueeze(1), past_key_values=self._cache, use_cache=True, **where
        )
        self.states = output.last_hidden_state[:, -1]

    def keep(self, rows: Tensor) -> None:
        self.states = self.states[rows]
        self._cache.batch_select_indices(rows)
        if self._mask is not None:
            self._mask = self._mask[rows]


def placement(mask: Tensor | None) -> dict[str, Any]:
    """What a model of transformers is told of padding on the left."""
    if mask is None:
        return {}
    positions = mask.long().cumsum(-1).sub(1).clamp(min=0)
    return {"attention_mask": mask.long(), "position_ids": positions}
