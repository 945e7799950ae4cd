"""A random number for every beginning of a text, the same whoever asks, and when.

Drawn by what the text says up to there, so that a distribution that takes it is one distribution:
sampled from, scored and replayed, in any batch.
"""

from typing import Final

import torch
from torch import Tensor

from calibration.engine.language import Batch

# Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators": a step that adds
# and one that mixes, here with a token in place of a counter. Integers wrap at 64 bits.
STEP: Final = 0x9E3779B97F4A7C15 - (1 << 64)
FIRST: Final = 0xBF58476D1CE4E5B9 - (1 << 64)
SECOND: Final = 0x94D049BB133111EB - (1 << 64)


def keys_along(batch: Batch, seed: int) -> Tensor:
    """The key of every beginning of each text, padding counted for nothing.  # (batch, length)"""
    here = _mixed(torch.full((len(batch.ids),), seed, device=batch.ids.device) + STEP)
    keys = []
    for place in range(batch.ids.shape[1]):
        after = continued_keys(here, batch.ids[:, place])
        here = after if batch.mask is None else torch.where(batch.mask[:, place], after, here)
        keys.append(here)
    return torch.stack(keys, dim=1)


def continued_keys(keys: Tensor, tokens: Tensor) -> Tensor:
    """The keys after one more token each.  # (batch,)"""
    return _mixed(keys + (tokens + 1) * STEP)


def exponentials(keys: Tensor, vocabulary: int) -> Tensor:
    """An exponential random number of every next token, above 0, float64.  # (..., vocabulary)"""
    tokens = torch.arange(1, vocabulary + 1, device=keys.device)
    mixed = _mixed(keys.unsqueeze(-1) + tokens * STEP)
    # Half way between what 52 bits tell apart: neither 0 nor 1.
    uniforms = (_shifted(mixed, 12).to(torch.float64) + 0.5) * 2.0**-52
    return -uniforms.log_()


def _mixed(values: Tensor) -> Tensor:
    values = (values ^ _shifted(values, 30)) * FIRST
    values = (values ^ _shifted(values, 27)) * SECOND
    return values ^ _shifted(values, 31)


def _shifted(values: Tensor, bits: int) -> Tensor:
    """To the right with zeros from the left, which a signed shift does not bring."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)
