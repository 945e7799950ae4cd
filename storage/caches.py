"""A key-value cache with room ahead: appending a token writes it, and seldom copies anything else.

The library's growing cache copies every earlier key and value at every step, which at 256 steps
costs more than the network itself on a CPU.
"""

from functools import partial
from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

FIRST_ROOM = 512  # tokens a row; windows in bytes allow for far more tokens than most texts take


class PreallocatedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, in room for up to `capacity` tokens a row."""

    def __init__(self, capacity: int, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        self._capacity = capacity

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *_: Any,  # noqa: ANN401
        **__: Any,  # noqa: ANN401
    ) -> tuple[Tensor, Tensor]:
        """All keys and values so far as views, the new ones included.

        # (batch, heads, tokens so far, width of a head)
        """
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._key_room, self._value_room = key_states[:, :, :0], value_states[:, :, :0]
        if end > self._key_room.shape[-2]:
            room = min(self._capacity, max(end, FIRST_ROOM, 2 * self._key_room.shape[-2]))
            self._key_room = _enlarged(self._key_room, room)
            self._value_room = _enlarged(self._value_room, room)
        self._key_room[:, :, start:end] = key_states
        self._value_room[:, :, start:end] = value_states
        self.keys, self.values = self._key_room[:, :, :end], self._value_room[:, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Go on with some rows alone.  # (rows,)"""
        end = self.get_seq_length()
        self._key_room, self._value_room = self._key_room[indices], self._value_room[indices]
        self.keys, self.values = self._key_room[:, :, :end], self._value_room[:, :, :end]


def preallocated(capacity: int) -> Cache:
    """An empty cache with room for up to `capacity` tokens a row in every layer."""
    layer: Any = partial(PreallocatedLayer, capacity)
    return Cache(layer_class_to_replicate=layer)


def _enlarged(states: Tensor, room: int) -> Tensor:
    larger = states.new_empty(*states.shape[:2], room, states.shape[-1])
    larger[:, :, : states.shape[-2]] = states
    return larger
