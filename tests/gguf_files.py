"""Small GGUF files as llama.cpp would write them: a random Llama, and a byte-level tokenizer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WIDTH, LAYERS, HEADS, KEY_HEADS, CONTEXT = 32, 2, 4, 2, 128
CONTROLS = ("<|endoftext|>", "<|start|>")
END_ID, START_ID = 0, 1
MERGES = (("Ġ", "t"), ("h", "e"), ("Ġt", "he"))
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
PIECES = ("▁the", "▁t", "he", "▁", "t", "h", "e", "a")  # the best first
TOKENS = (*CONTROLS, *ALPHABET, *("".join(pair) for pair in MERGES))
# GGUF names of a layer's tensors, and those of transformers.
NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def small_llama(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
        tie_word_embeddings=False,
        bos_token_id=START_ID,
        eos_token_id=END_ID,
    )
    return LlamaForCausalLM(config).eval()


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer that the files describe."""
    vocabulary = {token: index for index, token in enumerate(TOKENS)}
    tokenizer = Tokenizer(models.BPE(vocabulary, list(MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(CONTROLS))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=CONTROLS[END_ID])


def add_byte_level(writer: GGUFWriter) -> None:
    """A vocabulary in the letters that stand for bytes, with merges."""
    kinds = [TokenType.CONTROL if token in CONTROLS else TokenType.NORMAL for token in TOKENS]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(list(TOKENS))
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_eos_token_id(END_ID)
    writer.add_bos_token_id(START_ID)


def add_sentence_pieces(writer: GGUFWriter) -> None:
    """A vocabulary with ▁ for the space, scores, bytes for what has no piece, and a beginning."""
    codes = [f"<0x{byte:02X}>" for byte in range(256)]
    named = {"<unk>": TokenType.UNKNOWN, "<s>": TokenType.CONTROL, "</s>": TokenType.CONTROL}
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*named, *codes, *PIECES])
    writer.add_token_types(
        [*named.values(), *[TokenType.BYTE] * len(codes), *[TokenType.NORMAL] * len(PIECES)]
    )
    writer.add_token_scores([0.0] * (len(named) + len(codes)) + [float(-n) for n in range(8)])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)


def write_gguf(
    path: Path,
    model: LlamaForCausalLM,
    *,
    tokenizer: Callable[[GGUFWriter], None] = add_byte_level,
    **extra: object,
) -> Path:
    """Save a model and a tokenizer in one file; `extra` are further entries of its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    architecture = str(extra.pop("architecture", "llama"))
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(48)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    tokenizer(writer)
    for key, value in extra.items():
        writer.add_uint32(key.replace("__", "."), int(str(value)))
    for name, values in _tensors(model).items():
        writer.add_tensor(f"{name}.weight", np.ascontiguousarray(values.detach().numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(model: LlamaForCausalLM) -> dict[str, torch.Tensor]:
    weights = model.state_dict()
    found = {
        "token_embd": weights["model.embed_tokens.weight"],
        "output_norm": weights["model.norm.weight"],
        "output": weights["lm_head.weight"],
    }
    for layer in range(LAYERS):
        for ours, theirs in NAMES.items():
            found[f"blk.{layer}.{ours}"] = weights[f"model.layers.{layer}.{theirs}.weight"]
        for name, heads in (("attn_q", HEADS), ("attn_k", KEY_HEADS)):
            found[f"blk.{layer}.{name}"] = _interleaved(found[f"blk.{layer}.{name}"], heads)
    return found


def _interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    # llama.cpp rotates neighbouring values, transformers the two halves of a head.
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1])
    return halves.swapaxes(1, 2).reshape(weight.shape)
