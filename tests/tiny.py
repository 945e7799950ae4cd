"""A random two-layer network that looks at its whole context, small enough for hundreds of runs."""

import numpy as np
import polars as pl
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from calibration.tables import EXAMPLES
from storage.networks import Network

VOCABULARY = 64


def tiny_model(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=256,
            initializer_range=0.25,  # the default is so small that every context looks alike
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=0,
        )
    )
    return model.eval()


def tiny_network(seed: int = 0) -> Network:
    return Network(tiny_model(seed))


def short_prompts(rows: int, *, steps: int) -> pl.DataFrame:
    """Prompts of one to eight tokens, and continuations that nobody wrote.  # EXAMPLES"""
    generator = np.random.default_rng(4)
    made = [
        {
            "cluster": f"speech {row}",
            "example": row,
            "prompt_ids": generator.integers(1, VOCABULARY, 1 + row % 8).tolist(),
            "continuation_ids": generator.integers(1, VOCABULARY, steps).tolist(),
            "continuation_bytes": [1] * steps,
            "window": steps,
        }
        for row in range(rows)
    ]
    return pl.DataFrame(made, schema=EXAMPLES)
