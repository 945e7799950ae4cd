"""A model of transformers as the arrays of a `Decoder`, where it has that form.

The arrays that a step reads together are laid side by side once, and the model's own are made
views of them, so that nothing is held twice; only GPT-NeoX interleaves its heads in a way that
needs a copy.
"""

from typing import Any, Final, Literal

import torch
from torch import Tensor
from transformers import PreTrainedModel

from calibration.engine.decoder import Decoder, Form, Layer, Linear, Norm

GATED: Final = frozenset({"llama", "mistral", "qwen2", "qwen3"})
# Other ways to stretch positions depend on the length of a text.
FIXED_POSITIONS: Final = frozenset({"default", "linear", "llama3", "yarn"})
ACTIVATIONS: Final[dict[str, Literal["silu", "gelu", "gelu_tanh"]]] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}


def decoder_of(model: PreTrainedModel) -> Decoder | None:
    """The arrays of a model; None where it packs them, has another form or several devices."""
    config = model.config.get_text_config()
    devices = {one.device for one in model.parameters()}
    packed = not all(one.is_floating_point() for one in model.parameters())
    if len(devices) != 1 or packed or not _is_plain(config):
        return None
    if config.model_type in GATED:
        return _gated(model.base_model, config)
    if config.model_type == "gpt_neox":
        return _gpt_neox(model.base_model, config)
    return None


def _is_plain(config: Any) -> bool:  # noqa: ANN401
    layers = getattr(config, "layer_types", None) or []
    positions = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    return (
        all(one == "full_attention" for one in layers)
        and not (getattr(config, "sliding_window", None) and not layers)
        and positions in FIXED_POSITIONS
        and getattr(config, "hidden_act", None) in ACTIVATIONS
    )


def head_width(config: Any) -> int:  # noqa: ANN401
    """Numbers in the query, key or value of one head."""
    width = getattr(config, "head_dim", None)
    return int(width or config.hidden_size // config.num_attention_heads)


def _gated(backbone: Any, config: Any) -> Decoder:  # noqa: ANN401
    shared = config.num_key_value_heads
    form = _form(backbone, config, key_value_heads=shared, gated=True, parallel=False)
    layers = tuple(_gated_layer(layer) for layer in backbone.layers)
    return _decoder(form, backbone, backbone.embed_tokens, layers, _norm(backbone.norm))


def _gated_layer(layer: Any) -> Layer:  # noqa: ANN401
    attention, feed_forward = layer.self_attn, layer.mlp
    query_norm, key_norm = (getattr(attention, name, None) for name in ("q_norm", "k_norm"))
    return Layer(
        before_attention=_norm(layer.input_layernorm),
        query_key_value=_side_by_side(attention.q_proj, attention.k_proj, attention.v_proj),
        query_norm=None if query_norm is None else _norm(query_norm),
        key_norm=None if key_norm is None else _norm(key_norm),
        attention_output=_linear(attention.o_proj),
        before_feed_forward=_norm(layer.post_attention_layernorm),
        up=_side_by_side(feed_forward.gate_proj, feed_forward.up_proj),
        down=_linear(feed_forward.down_proj),
    )


def _gpt_neox(backbone: Any, config: Any) -> Decoder:  # noqa: ANN401
    heads, parallel = config.num_attention_heads, config.use_parallel_residual
    form = _form(backbone, config, key_value_heads=heads, gated=False, parallel=parallel)
    layers = tuple(_gpt_neox_layer(layer, heads) for layer in backbone.layers)
    return _decoder(form, backbone, backbone.embed_in, layers, _norm(backbone.final_layer_norm))


def _gpt_neox_layer(layer: Any, heads: int) -> Layer:  # noqa: ANN401
    mixed = _linear(layer.attention.query_key_value)
    bias = None if mixed.bias is None else _by_kind(mixed.bias, heads)
    return Layer(
        before_attention=_norm(layer.input_layernorm),
        query_key_value=Linear(_by_kind(mixed.weight, heads), bias),
        query_norm=None,
        key_norm=None,
        attention_output=_linear(layer.attention.dense),
        before_feed_forward=_norm(layer.post_attention_layernorm),
        up=_linear(layer.mlp.dense_h_to_4h),
        down=_linear(layer.mlp.dense_4h_to_h),
    )


def _by_kind(rows: Tensor, heads: int) -> Tensor:
    """Rows that hold query, key and value of each head in turn, as all queries, keys, values."""
    by_head = rows.view(heads, 3, -1, *rows.shape[1:])
    return by_head.transpose(0, 1).flatten(0, 2).contiguous()


def _form(
    backbone: Any,  # noqa: ANN401
    config: Any,  # noqa: ANN401
    *,
    key_value_heads: int,
    gated: bool,
    parallel: bool,
) -> Form:
    width = head_width(config)
    return Form(
        heads=config.num_attention_heads,
        key_value_heads=key_value_heads,
        head_width=width,
        rotary_width=2 * len(backbone.rotary_emb.inv_freq),
        scaling=width**-0.5,
        activation=ACTIVATIONS[config.hidden_act],
        gated=gated,
        parallel=parallel,
    )


def _decoder(
    form: Form,
    backbone: Any,  # noqa: ANN401
    embedding: Any,  # noqa: ANN401
    layers: tuple[Layer, ...],
    last: Norm,
) -> Decoder:
    rotary = backbone.rotary_emb
    return Decoder(
        form,
        embedding.weight.detach(),
        rotary.inv_freq.detach().float().to(embedding.weight.device),
        float(rotary.attention_scaling),
        layers,
        last,
    )


def _side_by_side(*modules: Any) -> Linear:  # noqa: ANN401
    """Several projections of the same states as one, whose rows they share."""
    weight = torch.cat([one.weight.detach() for one in modules])
    bias = None
    if modules[0].bias is not None:
        bias = torch.cat([one.bias.detach() for one in modules])
    sizes = [len(one.weight) for one in modules]
    for module, part in zip(modules, torch.split(weight, sizes), strict=True):
        module.weight.data = part
    return Linear(weight, bias)


def _linear(module: Any) -> Linear:  # noqa: ANN401
    bias = None if module.bias is None else module.bias.detach()
    return Linear(module.weight.detach(), bias)


def _norm(module: Any) -> Norm:  # noqa: ANN401
    if isinstance(module, torch.nn.LayerNorm):
        return Norm(module.weight.detach(), module.bias.detach(), module.eps, "layer")
    return Norm(module.weight.detach(), None, module.variance_epsilon, "root-mean-square")
