"""The gate: generated texts scored again as if they were human.

Values from the sampling pass alone prove nothing: entropy and log probability come from one row
of logits, so they agree with each other whatever prefix the network saw. The replay makes them a
second time, through the other path of the network.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

REPLAYED = 64  # texts of every artifact: detects a bias of a few thousandths of a nat


def replayed_rows(identity: str, rows: int) -> NDArray[np.int64]:
    """The rows to replay, in order, drawn by the identity of what was sampled; at most 64."""
    key = int.from_bytes(hashlib.sha256(f"replay/{identity}".encode()).digest()[:16], "little")
    generator = np.random.Generator(np.random.Philox(key=key))
    return np.sort(generator.choice(rows, size=min(REPLAYED, rows), replace=False))
