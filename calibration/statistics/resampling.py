"""Texts drawn again with replacement, and the exponents of all resamples at once.

What varies is which texts were measured, and not which models: the spread of these exponents is an
interval for exactly these models, and much too narrow for the exponent of a family. Knows sums a
text and sizes, not what they are of.
"""

from collections.abc import Sequence

import numpy as np

from calibration.statistics.best_curve import EXPONENT_LIMIT
from calibration.statistics.ragged import Floats

BLOCK = 1 << 17  # draws worked on at once: they fit the processor's cache
EXPONENT_STEPS = 201  # Gauss-Newton finds the rest of the way from any node beside the best
POLISHES = 8  # each doubles the digits once it is near


def resampled_totals(sums: Floats, *, resamples: int, generator: np.random.Generator) -> Floats:
    """Totals over as many clusters as there are, drawn with replacement.  # (resamples, columns)

    `sums` are cluster sums (clusters, columns); what columns a cluster has are drawn together.
    """
    clusters = len(sums)
    block = max(1, BLOCK // clusters)
    totals = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = generator.integers(0, clusters, (size, clusters))
        places = drawn + np.arange(size)[:, None] * clusters
        counts = np.bincount(places.ravel(), minlength=size * clusters)
        totals.append(counts.reshape(size, clusters) @ sums)
    return np.concatenate(totals)


def resampled_exponents(
    sizes: Sequence[float] | Floats, values: Floats, covariance: Floats
) -> Floats:
    """The exponent b of A size^b by least squares under `covariance`, of each row.  # (resamples,)

    `sizes` (K,) positive, `values` (resamples, K) signed, `covariance` (K, K). Given b, A is
    linear: Q(b) = |w|² - (s_b·w)²/|s_b|² of whitened values w and shapes s_b, on one grid of b for
    all rows, polished by Gauss-Newton steps of (A, b). An exponent that runs to the end of the
    grid is one that no amplitude supports, and is ± EXPONENT_LIMIT / (range of ln size).
    """
    logs = np.log(np.asarray(sizes, dtype=np.float64))
    x = logs - logs.mean()
    whitener = np.linalg.inv(np.linalg.cholesky(covariance))
    whitened = values @ whitener.T
    limit = EXPONENT_LIMIT / np.ptp(x)
    grid = np.linspace(-limit, limit, EXPONENT_STEPS)
    shapes = _shapes(grid, x) @ whitener.T
    along = whitened @ (shapes / np.linalg.norm(shapes, axis=1, keepdims=True)).T
    exponents: Floats = grid[np.argmax(along**2, axis=1)]
    spacing = grid[1] - grid[0]
    for _ in range(POLISHES):
        step = _step(exponents, x, whitened, whitener=whitener)
        exponents = np.clip(exponents + np.clip(step, -spacing, spacing), -limit, limit)
    return exponents


def _step(exponents: Floats, x: Floats, whitened: Floats, *, whitener: Floats) -> Floats:
    """The Gauss-Newton step in b, the amplitude free.  # (resamples,)"""
    shapes = _shapes(exponents, x)
    curve, slope = shapes @ whitener.T, (shapes * x) @ whitener.T
    length = (curve**2).sum(axis=1)
    amplitude = (curve * whitened).sum(axis=1) / length
    slope = slope - ((curve * slope).sum(axis=1) / length)[:, None] * curve
    steepness = amplitude * (slope**2).sum(axis=1)
    gain = (slope * whitened).sum(axis=1)
    step: Floats = np.divide(gain, steepness, out=np.zeros_like(gain), where=steepness != 0)
    return step


def _shapes(exponents: Floats, x: Floats) -> Floats:
    """e^{bx}, its largest value 1.  # (exponents, K)"""
    powers = exponents[:, None] * x
    shapes: Floats = np.exp(powers - powers.max(axis=1, keepdims=True))
    return shapes
