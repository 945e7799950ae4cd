"""The curve A e^{bx} that fits best under one covariance, by variable projection.

Given b, the best A is linear, so that only b is looked for: on a grid, then polished. There are
no starting values and nothing that can fail to converge. x is centred by the caller.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibration.statistics.ragged import Floats
from calibration.statistics.shrinkage import Sampling

# At b = ±30 / (range of ln size) the smallest and the largest model differ by e^30: infinity.
EXPONENT_LIMIT = 30.0
EXPONENT_STEPS = 401  # the profile is smooth on the scale of 1 / (range of ln size)
POLISHES, POLISH_STEPS = 5, 65  # each narrows the bracket 32 times, down to rounding


@dataclass(frozen=True)
class Observed:
    """Values (K,) at centred ln sizes x (K,), and the covariance (K, K) they are fitted under."""

    x: Floats
    values: Floats
    covariance: Floats

    @cached_property
    def whitener(self) -> Floats:
        """W with WᵀW = Σ⁻¹."""
        inverse: Floats = np.linalg.inv(np.linalg.cholesky(self.covariance))
        return inverse

    @property
    def exponents(self) -> Floats:
        """The grid that b is first looked for on."""
        return np.linspace(-EXPONENT_LIMIT, EXPONENT_LIMIT, EXPONENT_STEPS) / np.ptp(self.x)

    def means(self, exponents: Floats) -> Floats:
        """The curve of each exponent with its best amplitude.  # (exponents, K)"""
        powers = exponents[:, None] * self.x
        shapes = np.exp(powers - powers.max(axis=1, keepdims=True))
        whitened = shapes @ self.whitener.T
        amplitudes = whitened @ (self.whitener @ self.values) / (whitened**2).sum(axis=1)
        means: Floats = amplitudes[:, None] * shapes
        return means

    def misfits(self, exponents: Floats) -> Floats:
        """Q(b) = rᵀ Σ⁻¹ r with the best amplitude of each exponent.  # (exponents,)"""
        residuals = self.values - self.means(exponents)
        squares: Floats = ((residuals @ self.whitener.T) ** 2).sum(axis=1)
        return squares


@dataclass(frozen=True)
class Curve:
    """The best curve, with what it was fitted to."""

    observed: Observed
    exponent: float
    mean: Floats
    misfit: float

    @property
    def amplitude(self) -> float:
        """The value at x = 0."""
        return float(self.mean[0] * np.exp(-self.exponent * self.observed.x[0]))

    def bounded(self, allowed: float) -> bool:
        """Whether {b: Q(b) - Q_min ≤ allowed} is bounded; if not, A cannot be told from 0."""
        grid = self.observed.exponents
        ends = self.observed.misfits(grid[[0, -1]])
        return bool(ends.min() - self.misfit > allowed and abs(self.exponent) < grid[-1])

    @cached_property
    def parameter_covariance(self) -> Floats:
        """(Jᵀ Σ⁻¹ J)⁻¹ with J = [μ, μx]: of (ln |A|, b), Σ being that of the values.  # (2, 2)"""
        whitened = self.observed.whitener @ self._jacobian
        return np.asarray(np.linalg.inv(whitened.T @ whitened), dtype=np.float64)

    def measurement_covariance(self, sampling: Sampling) -> Floats:
        """Of (ln |A|, b) when only texts are redrawn: B V Bᵀ, B = (Jᵀ Σ⁻¹ J)⁻¹ Jᵀ Σ⁻¹.  # (2, 2)

        V as estimated or as the weights trust it, whichever leaves b less sure: of few texts, each
        alone understates it.
        """
        whitener = self.observed.whitener
        weights = self.parameter_covariance @ (whitener @ self._jacobian).T @ whitener
        both = [weights @ covariance @ weights.T for covariance in sampling]
        return max(both, key=lambda covariance: float(covariance[1, 1]))

    @property
    def _jacobian(self) -> Floats:
        return np.stack([self.mean, self.mean * self.observed.x], axis=1)


def best_curve(observed: Observed) -> Curve:
    """The least-squares curve, wherever on the grid of exponents it lies."""
    grid = observed.exponents
    spacing = float(grid[1] - grid[0])
    exponent = float(grid[np.argmin(observed.misfits(grid))])
    for _ in range(POLISHES):
        fine = exponent + np.linspace(-spacing, spacing, POLISH_STEPS)
        exponent = float(fine[np.argmin(observed.misfits(fine))])
        spacing = float(fine[1] - fine[0])
    at = np.array([exponent])
    mean = observed.means(at)[0]
    return Curve(observed, exponent, mean, float(observed.misfits(at)[0]))
