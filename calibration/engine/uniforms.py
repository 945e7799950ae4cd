"""The random numbers of a study: counter-based, so that any draw can be made again alone.

A uniform is fixed by the seed, the digest of the data set's content, the example, which of its
continuations it is, and the step; never by the batch, the device or the order of work.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def uniforms(
    seed: int, content: str, *, example: int, steps: int, draw: int = 0
) -> NDArray[np.float64]:
    """Uniforms in [0, 1) with 53 bits, one a step; a longer run begins with the shorter.

    `draw` numbers the continuations of one example from 0; the first is that of one alone.
    """
    later = f"/{draw}" if draw else ""
    key = hashlib.sha256(f"{seed}/{content}/{example}{later}".encode()).digest()[:16]
    philox = np.random.Philox(key=int.from_bytes(key, "little"))
    return np.random.Generator(philox).random(steps)
