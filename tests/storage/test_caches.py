import pytest
import torch
from tiny import VOCABULARY, tiny_model
from transformers import Cache, DynamicCache

import storage.caches
from storage.caches import preallocated


def hidden(cache: Cache, ids: torch.Tensor) -> torch.Tensor:
    """Last hidden states of six tokens at once and the others one by one."""
    model = tiny_model().base_model
    with torch.inference_mode():
        pieces = [ids[:, :6], *ids[:, 6:].split(1, dim=1)]
        outputs = [model(input_ids=piece, past_key_values=cache) for piece in pieces]
    return torch.cat([output.last_hidden_state for output in outputs], dim=1)


@pytest.mark.parametrize("first_room", [4, 7, 512])
def test_a_cache_with_room_ahead_gives_what_a_growing_one_gives(
    first_room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.caches, "FIRST_ROOM", first_room)
    ids = torch.randint(0, VOCABULARY, (5, 20), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        hidden(preallocated(20), ids), hidden(DynamicCache(), ids), atol=1e-6, rtol=0
    )
