"""Small random networks of several architectures, each of which looks at its whole context."""

from typing import Any, Final

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

VOCABULARY: Final = 101
SHAPE: Final[dict[str, Any]] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 50,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,  # the default is so small that every context looks alike
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": 0,
}
STRETCHED: Final[dict[str, dict[str, Any]]] = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
}
# What goes through the arrays.
DECODERS: Final[dict[str, PretrainedConfig]] = {
    "llama": LlamaConfig(**SHAPE),
    "llama with biases": LlamaConfig(**SHAPE, attention_bias=True, mlp_bias=True),
    "llama, tied": LlamaConfig(**SHAPE, tie_word_embeddings=True),
    "llama of wide heads": LlamaConfig(**SHAPE, head_dim=24),
    **{
        f"llama, {name}": LlamaConfig(**SHAPE, rope_parameters={"rope_theta": 1e4} | stretch)
        for name, stretch in STRETCHED.items()
    },
    "mistral": MistralConfig(**SHAPE, sliding_window=None),
    "qwen2": Qwen2Config(**SHAPE),
    "qwen3": Qwen3Config(**SHAPE, head_dim=16),
    "gpt-neox": GPTNeoXConfig(**SHAPE, use_parallel_residual=True),
    "gpt-neox, one after the other": GPTNeoXConfig(
        **SHAPE, use_parallel_residual=False, hidden_act="gelu_new"
    ),
}
# What stays with the library's modules.
OTHERS: Final[dict[str, PretrainedConfig]] = {
    "mistral with a sliding window": MistralConfig(**SHAPE, sliding_window=5),
    "qwen2 with sliding windows": Qwen2Config(
        **SHAPE, use_sliding_window=True, sliding_window=5, max_window_layers=1
    ),
    "llama, dynamic": LlamaConfig(
        **SHAPE, rope_parameters={"rope_theta": 1e4, "rope_type": "dynamic", "factor": 2.0}
    ),
    "gpt2": GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=256,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=0,
    ),
    "gemma2": Gemma2Config(**SHAPE, head_dim=8, sliding_window=5, final_logit_softcapping=3.0),
}


def small_model(name: str, **changes: Any) -> PreTrainedModel:  # noqa: ANN401
    """A model of one of the architectures, whose arrays are all random."""
    config = (DECODERS | OTHERS)[name]
    if changes:
        config = type(config)(**(config.to_dict() | changes))
    torch.manual_seed(4)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():  # norms begin as ones, and biases as zeros: a slip would not be seen
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model
