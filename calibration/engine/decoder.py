"""A decoder network as arrays, and what it makes of tokens: the step that sampling repeats.

One token a row at a time, a library's modules cost more in calls than in arithmetic. Here a layer
is some fifteen operations on arrays. It holds for networks of one form: normalise, attend with
rotary positions, normalise, feed forward. Teacher forcing stays with the library, so that the
replay compares two computations that share nothing but the weights.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from calibration.engine.products import product


class Linear(NamedTuple):
    """states @ weightᵀ + bias."""

    weight: Tensor  # (out, in)
    bias: Tensor | None


class Norm(NamedTuple):
    """Division by the root mean square, or by the standard deviation about the mean."""

    weight: Tensor
    bias: Tensor | None
    epsilon: float
    kind: Literal["root-mean-square", "layer"]


class Layer(NamedTuple):
    """The arrays of one layer."""

    before_attention: Norm
    query_key_value: Linear  # rows: queries of all heads, then keys, then values
    query_norm: Norm | None  # of each head
    key_norm: Norm | None
    attention_output: Linear
    before_feed_forward: Norm
    up: Linear  # where gated: the gates, then what they let through
    down: Linear


class Form(NamedTuple):
    """What the arrays do not say."""

    heads: int
    key_value_heads: int
    head_width: int
    rotary_width: int  # the first so many of a head turn with the position
    scaling: float  # of a query times a key
    activation: Literal["silu", "gelu", "gelu_tanh"]
    gated: bool
    parallel: bool  # attention and feed forward both see the input of the layer


class Decoder(NamedTuple):
    """A whole network without its projection onto the vocabulary."""

    form: Form
    embedding: Tensor  # (vocabulary, width)
    frequencies: Tensor  # (rotary width / 2,) radians a position, float32
    amplitude: float  # of cosines and sines: not 1 where the positions were stretched
    layers: tuple[Layer, ...]
    last: Norm

    @property
    def weights(self) -> list[Tensor]:
        """Whatever rows are multiplied with."""
        found = (
            (one.query_key_value, one.attention_output, one.up, one.down) for one in self.layers
        )
        return [linear.weight for layer in found for linear in layer]


class Tiles(NamedTuple):
    """How many rows, in order, go through a part of the network together."""

    products: list[int]
    functions: list[int]  # attention and activations


class Tokens(NamedTuple):
    """New tokens of each row: ids, where they stand, and which cached tokens they may look at."""

    ids: Tensor  # (batch, new)
    cosines: Tensor  # (batch or 1, new, rotary width)
    sines: Tensor
    places: slice | Tensor  # in the cache, padding counted: (new,)
    window: int  # places of the cache that are looked at
    # (batch or 1, 1, new or 1, window), truth values or what is added to scores; None: all that
    # are not later.
    visible: Tensor | None


def turns(decoder: Decoder, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions in the weights' precision.  # (positions, rotary width)

    The first half of the sines is negative: with them, a turn is x cos + (x with its halves
    swapped) sin (Su et al. 2021, section 3.4.2, with halves in place of neighbours).
    """
    angles = positions.float().unsqueeze(-1) * decoder.frequencies
    cosines, sines = angles.cos() * decoder.amplitude, angles.sin() * decoder.amplitude
    pairs = torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1)
    return pairs[0].to(decoder.embedding.dtype), pairs[1].to(decoder.embedding.dtype)


def hidden(decoder: Decoder, tokens: Tokens, caches: Sequence[Tensor], tiles: Tiles) -> Tensor:
    """Normalised states of the last new token of each row.  # (batch, width)

    `caches` hold keys and values of each layer, (batch, 2 × key-value heads, room, head width),
    and take those of the new tokens.
    """
    return _normalized(_through(decoder, tokens, caches, tiles)[:, -1], decoder.last)


def hidden_of_all(
    decoder: Decoder, tokens: Tokens, caches: Sequence[Tensor], tiles: Tiles
) -> Tensor:
    """The same of every new token.  # (batch, new, width)"""
    return _normalized(_through(decoder, tokens, caches, tiles), decoder.last)


def _through(decoder: Decoder, tokens: Tokens, caches: Sequence[Tensor], tiles: Tiles) -> Tensor:
    states = functional.embedding(tokens.ids, decoder.embedding)
    for layer, cache in zip(decoder.layers, caches, strict=True):
        states = _layer(decoder.form, layer, states, tokens, cache, tiles)
    return states


def _layer(
    form: Form, layer: Layer, states: Tensor, tokens: Tokens, cache: Tensor, tiles: Tiles
) -> Tensor:
    attended = _attention(
        form, layer, _normalized(states, layer.before_attention), tokens, cache, tiles
    )
    if form.parallel:
        fed = _feed_forward(form, layer, _normalized(states, layer.before_feed_forward), tiles)
        return attended.add_(fed).add_(states)
    states = attended.add_(states)
    fed = _feed_forward(form, layer, _normalized(states, layer.before_feed_forward), tiles)
    return fed.add_(states)


def _attention(
    form: Form, layer: Layer, states: Tensor, tokens: Tokens, cache: Tensor, tiles: Tiles
) -> Tensor:
    batch, new = states.shape[:2]
    mixed = _product(layer.query_key_value, states, tiles.products)
    mixed = mixed.view(batch, new, -1, form.head_width)
    queries = mixed[:, :, : form.heads]
    keys_values = mixed[:, :, form.heads :]
    turned = mixed[:, :, : form.heads + form.key_value_heads]
    if layer.query_norm is not None and layer.key_norm is not None:
        queries.copy_(_normalized(queries, layer.query_norm))
        keys = keys_values[:, :, : form.key_value_heads]
        keys.copy_(_normalized(keys, layer.key_norm))
    turned[..., : form.rotary_width] = _turned(turned[..., : form.rotary_width], tokens)
    cache[:, :, tokens.places] = keys_values.transpose(1, 2)
    keys, values = torch.split(cache[:, :, : tokens.window], form.key_value_heads, dim=1)
    sizes, visible = tiles.functions, tokens.visible
    masks: list[Tensor | None] = [visible] * len(sizes)
    if visible is not None and len(visible) > 1:
        masks = list(torch.split(visible, sizes))
    rows = zip(*(torch.split(one, sizes) for one in (queries, keys, values)), masks, strict=True)
    attended = [_attended(form, *row).reshape(len(row[0]), new, -1) for row in rows]
    together = attended[0] if len(sizes) == 1 else torch.cat(attended)
    return _product(layer.attention_output, together, tiles.products)


def _turned(heads: Tensor, tokens: Tokens) -> Tensor:
    """Rotary positions: each pair of halves turned by its angle.  # (batch, new, heads, width)"""
    swapped = heads.roll(heads.shape[-1] // 2, -1)  # the sines bear the sign
    return torch.addcmul(heads * tokens.cosines.unsqueeze(2), swapped, tokens.sines.unsqueeze(2))


def _attended(
    form: Form, queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None
) -> Tensor:
    """What each head reads from the cache.  # (batch, new, heads, head width)"""
    batch, new = queries.shape[:2]
    if new > 1:
        made = functional.scaled_dot_product_attention(
            queries.transpose(1, 2),
            keys,
            values,
            attn_mask=visible,
            is_causal=visible is None,
            scale=form.scaling,
            enable_gqa=form.heads != form.key_value_heads,
        )
        return made.transpose(1, 2)
    # Heads that share keys and values are queries of one head: nothing is read or copied twice.
    grouped = queries.view(batch, form.key_value_heads, -1, form.head_width)
    made = functional.scaled_dot_product_attention(
        grouped, keys, values, attn_mask=visible, scale=form.scaling
    )
    return made.view(batch, 1, form.heads, form.head_width)


def _feed_forward(form: Form, layer: Layer, states: Tensor, tiles: Tiles) -> Tensor:
    inner = _product(layer.up, states, tiles.products)
    if form.gated:
        gates, inner = inner.chunk(2, dim=-1)
        opened = _activated(form, gates, tiles.functions).mul_(inner)
        return _product(layer.down, opened, tiles.products)
    return _product(layer.down, _activated(form, inner, tiles.functions), tiles.products)


def _activated(form: Form, states: Tensor, tiles: list[int]) -> Tensor:
    if len(tiles) == 1:
        return _activation(form, states)
    return torch.cat([_activation(form, part) for part in torch.split(states, tiles)])


def _activation(form: Form, states: Tensor) -> Tensor:
    if form.activation == "silu":
        return functional.silu(states)
    return functional.gelu(states, approximate="tanh" if form.activation == "gelu_tanh" else "none")


def _normalized(states: Tensor, norm: Norm) -> Tensor:
    shape = norm.weight.shape
    if norm.kind == "layer":
        return functional.layer_norm(states, shape, norm.weight, norm.bias, norm.epsilon)
    return functional.rms_norm(states, shape, norm.weight, norm.epsilon)


def _product(linear: Linear, states: Tensor, tiles: list[int]) -> Tensor:
    if len(tiles) == 1:
        return product(states, linear.weight, linear.bias)
    made = states.new_empty(*states.shape[:-1], linear.weight.shape[0])
    for part, into in zip(torch.split(states, tiles), torch.split(made, tiles), strict=True):
        into.copy_(product(part, linear.weight, linear.bias))
    return made
