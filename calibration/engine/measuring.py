"""One step's measured distribution: decoding and ending applied to logits, once, for everyone.

Sampling, scoring and the replay all come through here, so what is drawn from is what is scored.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending, decoded, without
from calibration.engine.entropy import Distribution, normalized, set_probability


class Measured(NamedTuple):
    """The distribution at some steps, and what the end ids weighed before any mask."""

    distribution: Distribution
    end_probability: Tensor  # (...)


def measured(logits: Tensor, decoding: Decoding, ending: Ending) -> Measured:
    """The measured distribution of float32 logits.  # (..., vocabulary)"""
    log_weights = decoded(logits, decoding)
    ids = torch.tensor(ending.ids, dtype=torch.long, device=logits.device)
    distribution = normalized(without(log_weights, ids[: len(ending.masked)]))
    if ending.masked:
        return Measured(distribution, set_probability(log_weights, ids, distribution))
    share = distribution.weights.index_select(-1, ids).sum(-1) / distribution.log_total.exp()
    return Measured(distribution, share)
