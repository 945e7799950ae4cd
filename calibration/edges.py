"""Tokens at the edge of what a decoding allows or tries, where two passes of a network may differ.

Both round, so that an id whose probability lies at the limit of a truncation is inside in one pass
and outside in the other; and so is an id at the edge of the likeliest that a look ahead tries. Of
a model of 2.4 million parameters, 7e-5 of the tokens were seen at the edge of a truncation in
float32 and somewhat more than 1e-3 in bfloat16; each moves a log probability by up to ln(1/λ).
Of a look ahead, which gives such an id another future and nothing else, fewer than 1e-4 were seen.
Says how far apart the sampler's values and the replay's must lie for a token to count as one, and
how many of them the gate lets pass.
"""

import math
from typing import Final

from calibration.engine.decoding import Decoding
from calibration.methods import Method, OneStep
from calibration.recipes import WeightPrecision

# Nats: in float32 what no rounding does; in 16 bits five times what rounding was seen to do.
DIFFERENCE: Final[dict[WeightPrecision, float]] = {
    "float32": 1e-4,
    "bfloat16": 0.5,
    "float16": 0.5,
    "four-bit": 0.5,  # which computes in 16 bits
}
# About ten times what was seen. Every fault that the tests plant moves more than a twentieth.
MOST: Final[dict[WeightPrecision, float]] = {
    "float32": 1e-3,
    "bfloat16": 1e-2,
    "float16": 1e-2,
    "four-bit": 1e-2,
}


def has_edge(asked: Decoding | Method) -> bool:
    """Whether a decoding tells ids of nearly one probability apart."""
    return isinstance(asked, OneStep) or (isinstance(asked, Decoding) and bool(asked.truncations))


def edge_difference(asked: Decoding | Method, precision: WeightPrecision) -> float:
    """The difference, in nats, from which on a token is at the edge; infinite without one."""
    return DIFFERENCE[precision] if has_edge(asked) else math.inf
