"""One step's measured distribution: decoding and ending applied to logits, once, for everyone.

Sampling, scoring and the replay all come through here, so what is drawn from is what is scored.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import Distribution, mixed, normalized, set_probability
from calibration.engine.truncation import allowed

# Logits that are measured at once on a CPU: they and what is made of them stay in its cache.
CACHED = 1 << 18


class Ends(NamedTuple):
    """An ending on a device."""

    ids: Tensor  # (end ids,)
    are_masked: bool


class Measured(NamedTuple):
    """The distribution at some steps, what the end ids weighed before any mask, and the set A."""

    distribution: Distribution
    end_probability: Tensor  # (...)
    allowed: Tensor | None  # (..., vocabulary) None where nothing is truncated


def ends_on(device: torch.device, ending: Ending) -> Ends:
    """The end ids where they are needed."""
    return Ends(torch.tensor(ending.ids, dtype=torch.long, device=device), bool(ending.masked))


def measured(logits: Tensor, decoding: Decoding, ends: Ends) -> Measured:
    """The measured distribution of float32 logits, which are left alone.  # (..., vocabulary)"""
    whole = logits if decoding.temperature == 1 else logits / decoding.temperature
    masking = ends.are_masked and len(ends.ids) > 0
    before = normalized(whole.index_fill(-1, ends.ids, -math.inf) if masking else whole)
    inside = allowed(before, decoding) if decoding.truncations else None
    here = before if inside is None else mixed(before, inside, decoding.mixture or 0.0)
    if masking:
        return Measured(here, set_probability(whole, ends.ids, before), inside)
    share = here.weights.index_select(-1, ends.ids).sum(-1) / here.total.float()
    return Measured(here, share, inside)


def rows_at_once(logits: Tensor) -> int:
    """How many rows of logits are best measured together."""
    return max(1, CACHED // logits.shape[-1]) if logits.is_cpu else max(1, len(logits))
