import torch
from tiny import VOCABULARY, tiny_model
from transformers import Cache, DynamicCache

from storage.caches import preallocated


def hidden(cache: Cache, ids: torch.Tensor) -> torch.Tensor:
    """Last hidden states of six tokens at once and the others one by one."""
    model = tiny_model().base_model
    with torch.inference_mode():
        pieces = [ids[:, :6], *ids[:, 6:].split(1, dim=1)]
        outputs = [model(input_ids=piece, past_key_values=cache) for piece in pieces]
    return torch.cat([output.last_hidden_state for output in outputs], dim=1)


def test_a_cache_allocated_once_gives_what_a_growing_one_gives() -> None:
    ids = torch.randint(0, VOCABULARY, (5, 20), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        hidden(preallocated(20), ids), hidden(DynamicCache(), ids), atol=1e-6, rtol=0
    )
