"""Documents whose tokens follow a Zipf law exactly, independent or in bursts."""

import numpy as np

from calibration.statistics.ragged import Indices
from calibration.statistics.zipf import Counts, counts_of


class ZipfTexts:
    """Draws tokens of p_i ∝ i^-α, i = 1..`types`; the law is summed once."""

    def __init__(self, alpha: float, types: int) -> None:
        self.alpha, self.types = alpha, types
        self._ends = np.cumsum(np.arange(1, types + 1, dtype=np.float64) ** -alpha)

    def tokens(self, count: int, generator: np.random.Generator) -> Indices:
        """Independent draws, types numbered by rank from 0.  # (count,)"""
        uniforms = generator.random(count) * self._ends[-1]
        return np.searchsorted(self._ends, uniforms).astype(np.int64)

    def documents(
        self, count: int, length: int, generator: np.random.Generator, *, repeated: float
    ) -> Counts:
        """Documents of log-normal lengths, mean about `length`.

        A share `repeated` of the tokens copies an earlier one of its document, which makes types
        come in bursts and leaves the probability of each type what it was.
        """
        lengths = np.maximum(1, length * np.exp(generator.normal(-0.18, 0.6, count))).astype(int)
        document = np.repeat(np.arange(count), lengths)
        start = np.repeat(np.cumsum(lengths) - lengths, lengths)
        tokens = self.tokens(len(document), generator)
        here = np.arange(len(document))
        earlier = start + ((here - start) * generator.random(len(here))).astype(np.int64)
        source = np.where(generator.random(len(here)) < repeated, earlier, here)
        while (source[source] != source).any():
            source = source[source]
        return counts_of(document, tokens[source])
