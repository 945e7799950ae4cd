"""Steps of one shape, so that a GPU can record one and play it again without being told each part.

What changes from step to step lies in tensors: the token, its position, its place in the cache.
Attention looks at a whole window of the cache, and what is not yet written there is masked; a
longer text needs a longer window, and a new recording.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from calibration.engine.decoder import hidden
from calibration.engine.generation import DecoderGeneration

# Tokens by which a window grows: on average half of it is read for nothing, and a recording takes
# as long as a few steps. A multiple of 8, which the kernels want of a mask.
WINDOW = 128

Play = Callable[[], Tensor]


class WindowedGeneration(DecoderGeneration):
    """A `DecoderGeneration` that is told a step once for each window."""

    _window = 0
    _play: Play

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        super().keep(rows, tiles)
        self._window = 0  # the caches are others now

    def _step(self, ids: Tensor) -> Tensor:
        if self._length >= self._window:
            self._begin_window(ids)
        self._new.copy_(ids)
        self._where.copy_(self._positions)
        self._place.fill_(self._length)
        return self._play()

    def _begin_window(self, ids: Tensor) -> None:
        self._window = WINDOW * (self._length // WINDOW + 1)
        self._new, self._where = ids.clone(), self._positions.clone()
        self._place = torch.full((1,), self._length, device=ids.device)
        self._play = recorded(self._whole_window) if ids.is_cuda else self._whole_window

    def _whole_window(self) -> Tensor:
        """The step over the whole window; told twice, it does the same."""
        window = self._window
        seen = torch.arange(window, device=self._place.device) <= self._place
        if self._mask is not None:
            beyond = max(0, window - self._mask.shape[1])  # never reached
            seen = seen & torch.nn.functional.pad(self._mask, (0, beyond))[:, :window]
        new = self._tokens(self._new, self._where, self._place, window)
        new = new._replace(visible=seen.view(-1, 1, 1, window))
        return hidden(self._decoder, new, self._caches, self._tiles)

    def _room(self, wanted: int) -> int:
        return WINDOW * -(-super()._room(wanted) // WINDOW)  # whole windows

    def _empty(self, rows: int, room: int) -> Tensor:
        # What is masked is multiplied by 0, which must not meet what is no number.
        return super()._empty(rows, room).zero_()


def recorded(step: Play) -> Play:
    """A step on the GPU that plays again what it was when it was recorded."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):  # kernels are chosen and loaded at first use, which no recording may do
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        states = step()

    def play() -> Tensor:
        graph.replay()
        return states

    return play
