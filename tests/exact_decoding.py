"""Every decoding by its definition, in float64 over the whole vocabulary, one row at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from calibration.engine.decoding import Decoding
from calibration.engine.language import Batch, Language

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

EVERY_KIND = (
    Decoding(),
    Decoding(0.8),
    Decoding(top_k=40, mixture=0.01),
    Decoding(top_p=0.9, mixture=0.01),
    Decoding(min_p=0.05, mixture=0.1),
    Decoding(epsilon=3e-4, mixture=0.001),
    Decoding(eta=2e-3, mixture=0.01),
    Decoding(typical=0.9, mixture=0.01),
    Decoding(top_p=0.9, mixture=0),
    Decoding(typical=0.2, mixture=0),
    Decoding(1.3, top_k=100, top_p=0.95, min_p=0.01, mixture=0.02),
    Decoding(0.7, epsilon=1e-4, eta=1e-3, typical=0.95, mixture=0),
)


def probabilities(logits: Floats, temperature: float) -> Floats:
    """softmax(logits / temperature)."""
    scaled = logits / temperature
    weights = np.exp(scaled - scaled.max())
    return weights / weights.sum()


def allowed(p: Floats, decoding: Decoding) -> Flags:
    """What every truncation allows; of equals the lowest ids come first."""
    inside = np.ones(len(p), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = -np.log(p)
        h = -np.where(p > 0, p * np.log(p), 0.0).sum()
    if decoding.top_k is not None:
        inside &= _first(np.argsort(-p, kind="stable")[: decoding.top_k], len(p))
    if decoding.top_p is not None:
        inside &= _fewest(p, -p, decoding.top_p)
    if decoding.min_p is not None:
        inside &= p >= decoding.min_p * p.max()
    if decoding.epsilon is not None:
        inside &= p >= decoding.epsilon
    if decoding.eta is not None:
        inside &= p >= min(decoding.eta, np.sqrt(decoding.eta) * np.exp(-h))
    if decoding.typical is not None:
        inside &= _fewest(p, np.abs(surprise - h), decoding.typical)
    inside[p.argmax()] = True
    return inside


def measured(p: Floats, decoding: Decoding) -> Floats:
    """(1 - mixture) p' + mixture p."""
    if not decoding.truncations:
        return p
    kept = np.where(allowed(p, decoding), p, 0.0)
    share = decoding.mixture or 0.0
    return (1 - share) * kept / kept.sum() + share * p


def entropy(p: Floats) -> float:
    """-Σ p log p, in nats."""
    held = p[p > 0]
    return float(-(held * np.log(held)).sum())


def _fewest(p: Floats, keys: Floats, mass: float) -> Flags:
    order = np.argsort(keys, kind="stable")
    held = np.cumsum(p[order])
    return _first(order[: int((held < mass).sum()) + 1], len(p))


def _first(ids: NDArray[np.int64], vocabulary: int) -> Flags:
    inside = np.zeros(vocabulary, dtype=bool)
    inside[ids] = True
    return inside


def logits_after(network: Language, ids: Sequence[int]) -> Floats:
    """A network's logits at every position of one text.  # (tokens, vocabulary)"""
    with torch.inference_mode():
        states = network.states(Batch(torch.tensor([list(ids)]), None))
        made: Floats = network.logits(states)[0].double().numpy()
    return made
