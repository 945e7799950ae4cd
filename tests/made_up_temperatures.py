"""A world of independent tokens, softmax of z / tau, in which the gain of a decoding is known.

Human text is of the same distributions, blurred, so that log loss is least near temperature 1.
"""

import numpy as np
import polars as pl
from made_up_summaries import summary
from numpy.typing import NDArray

from calibration.statistics.equal_ent_ce import Gain, gain

TEXTS, STEPS, WORDS = 100, 30, 20
BLUR = 0.45  # of human text: the logarithmic standard deviation of what a model does not know
LUCK = 0.06  # of own text: what of its mean entropy is chance, a text
SHARED = 0.15  # of own text: what one text does to all decodings


class World:
    """One draw of texts; a temperature is drawn once, and stands for itself however often asked."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([20, seed])
        self._logits = self._random.normal(0, 2, (TEXTS, STEPS, WORDS))
        blurred = _log_softmax(self._logits + self._random.normal(0, BLUR, self._logits.shape))
        drawn = self._random.random((TEXTS, STEPS, 1))
        said = (np.exp(blurred).cumsum(-1) > drawn).argmax(-1)
        self._words = said[..., None]
        self._shared = self._random.normal(0, SHARED, TEXTS)
        self._known: dict[float, pl.DataFrame] = {}

    def at(self, temperature: float) -> pl.DataFrame:
        """The summaries of a temperature."""
        if temperature not in self._known:
            self._known[temperature] = self._drawn(temperature)
        return self._known[temperature]

    def gain(self, own: float, path: tuple[float, ...], *, less: float = 0.0) -> Gain:
        """Of a temperature, with `less` log loss than it has and the same EntCE, over others."""
        better = self.at(own).with_columns(
            (pl.col(name).list.eval(pl.element() - less * STEPS))
            for name in ("entropy", "log_loss")
        )
        return gain(better, [self.at(one) for one in path])

    def _drawn(self, temperature: float) -> pl.DataFrame:
        known = _log_softmax(self._logits / temperature)
        losses = -np.take_along_axis(known, self._words, -1)[..., 0].mean(1)
        entropy = -(np.exp(known) * known).sum(-1).mean(1)
        luck = self._random.normal(0, LUCK, TEXTS) + self._shared
        names = [f"text {number:03d}" for number in range(TEXTS)]
        return summary(names, entropy=entropy + luck, log_loss=losses, steps=STEPS)


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(-1, keepdims=True)
    normal: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return normal
