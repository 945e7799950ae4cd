"""Strings of a rare derailing letter: a model that is lost after it, and humans who are not."""

import numpy as np
from scipy import special

from calibration.lookahead.strings import Floats, Strings

HUMAN_SHARE, MODEL_SHARE = 0.01, 0.05  # of the derailing letter, the last of the alphabet
SLIP = 0.15  # of the model's logits off the derailed path


def derailing(seed: int, *, alphabet: int = 4, steps: int = 7) -> tuple[Strings, Strings]:
    """A model and human text over the same strings, every probability above 0."""
    generator = np.random.default_rng(seed)
    model, human = [], []
    derailed = np.zeros(1, dtype=bool)
    for step in range(steps):
        logits = generator.normal(scale=1.5, size=(alphabet**step, alphabet - 1))
        slips = generator.normal(scale=SLIP, size=logits.shape)
        flat = generator.normal(scale=0.3, size=logits.shape)
        human.append(_with(special.softmax(logits, axis=1), HUMAN_SHARE))
        lost = np.where(derailed[:, None], flat, logits + slips)
        model.append(_with(special.softmax(lost, axis=1), MODEL_SHARE))
        letters = np.arange(alphabet) == alphabet - 1
        derailed = (derailed[:, None] | letters).ravel()
    return Strings(tuple(model)), Strings(tuple(human))


def _with(rows: Floats, share: float) -> Floats:
    """Probabilities with those of a last letter beside them."""
    return np.concatenate([(1 - share) * rows, np.full((len(rows), 1), share)], axis=1)
