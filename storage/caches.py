"""A key-value cache that is allocated once: appending a token writes it, and copies nothing else.

The library's growing cache copies every earlier key and value at every step, which at 256 steps
costs more than the network itself on a CPU.
"""

from functools import partial
from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer


class PreallocatedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, in room for `capacity` tokens a row."""

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
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._key_room, self._value_room = (
                states.new_empty(*states.shape[:2], self._capacity, states.shape[-1])
                for states in (key_states, value_states)
            )
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        self._key_room[:, :, start:end] = key_states
        self._value_room[:, :, start:end] = value_states
        self.keys, self.values = self._key_room[:, :, :end], self._value_room[:, :, :end]
        return self.keys, self.values


def preallocated(capacity: int) -> Cache:
    """An empty cache with room for `capacity` tokens a row in every layer."""
    layer: Any = partial(PreallocatedLayer, capacity)
    return Cache(layer_class_to_replicate=layer)
