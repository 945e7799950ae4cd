"""The random numbers of a study: counter-based, so that any draw can be made again alone.

A uniform is fixed by the seed, the digest of the data set's content, the example and the step;
never by the batch, the device or the order of work.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def uniforms(seed: int, content: str, *, example: int, steps: int) -> NDArray[np.float64]:
    """Uniforms in [0, 1) with 53 bits, one a step; a longer run begins with the shorter."""
    key = hashlib.sha256(f"{seed}/{content}/{example}".encode()).digest()[:16]
    philox = np.random.Philox(key=int.from_bytes(key, "little"))
    return np.random.Generator(philox).random(steps)
