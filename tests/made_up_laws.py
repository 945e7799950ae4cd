"""A truth and a design for every law, written out as people write it and not as the code does."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.laws import law_named

Floats = NDArray[np.float64]

PUBLISHED = {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658}
SIZES = np.geomspace(1e7, 1e11, 16)
PAIRS = np.exp(np.random.default_rng(1).uniform(np.log([1e7, 1e9]), np.log([1e10, 1e12]), (24, 2)))
N, D = PAIRS.T


class Made(NamedTuple):
    """A law's parameters, its x and its exact values."""

    parameters: dict[str, float]
    x: Floats
    values: Floats


LAWS = {
    "power": Made({"A": 30.0, "b": -0.15}, SIZES, 30 * SIZES**-0.15),
    "power_const": Made({"C": 1.7, "A": 400.0, "b": -0.3}, SIZES, 1.7 + 400 * SIZES**-0.3),
    "power_shift_const": Made(
        {"C": 1.7, "A": 4e4, "B": 3e8, "b": -0.5}, SIZES, 1.7 + 4e4 * (SIZES + 3e8) ** -0.5
    ),
    "loglinear": Made({"a": -3.0, "b": 0.2}, SIZES, -3 + 0.2 * np.log(SIZES)),
    "linear": Made({"a": -3.0, "b": 0.2}, np.arange(-4.0, 8), -3 + 0.2 * np.arange(-4.0, 8)),
    "exponential": Made(
        {"A": 0.1, "b": 0.7}, np.linspace(-1, 3, 9), 0.1 * np.exp(0.7 * np.linspace(-1, 3, 9))
    ),
    "monomial": Made({"A": 50.0, "b1": -0.1, "b2": -0.2}, PAIRS, 50 * N**-0.1 * D**-0.2),
    "monomial_const": Made(
        {"C": 1.5, "A": 5000.0, "b1": -0.2, "b2": -0.25}, PAIRS, 1.5 + 5000 * N**-0.2 * D**-0.25
    ),
    "chinchilla": Made(PUBLISHED, PAIRS, 1.8172 + 482.01 / N**0.3478 + 2085.43 / D**0.3658),
    "rectified": Made(
        {"E": 1.2, "B": 200.0, "D_l": 100.0, "b": 0.5},
        SIZES / 1e5,
        1.2 + 200 / (100 + (SIZES / 1e5) ** 0.5),
    ),
}


def published_runs(seed: int, runs: int = 245) -> Made:
    """Simulated runs over the design of Hoffmann et al. 2022, with 1 % multiplicative noise."""
    generator = np.random.default_rng(seed)
    size = np.exp(generator.uniform(np.log(5e7), np.log(1.6e10), runs))
    flop = np.exp(generator.uniform(np.log(1e18), np.log(1e22), runs))
    tokens = flop / (6 * size)
    loss = 1.8172 + 482.01 / size**0.3478 + 2085.43 / tokens**0.3658
    noisy = loss * (1 + 0.01 * generator.standard_normal(runs))
    return Made(PUBLISHED, np.column_stack([size, tokens]), noisy)


def noisy(name: str, noise: float, seed: int = 0) -> Floats:
    """The values of a law with relative noise."""
    values = LAWS[name].values
    scale = np.abs(values) if law_named(name).scatter == "relative" else np.abs(values).max()
    return values + noise * scale * np.random.default_rng(seed).standard_normal(len(values))
