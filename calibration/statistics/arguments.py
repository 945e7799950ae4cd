"""Sizes, values and covariances as arrays, or one sentence that says what is wrong with them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.ragged import Floats

SYMMETRIC = 1e-9  # relative: sums of the same products in another order differ by less
SMALLEST = float(np.finfo(np.float64).tiny)


def checked_series(
    size: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    covariance: Sequence[Sequence[float]] | Floats,
) -> tuple[Floats, Floats, Floats]:
    """Sizes (K,), values (K,) and their covariance (K, K), all finite; ValueError otherwise."""
    sizes, numbers = positive(finite(size, "size")), finite(values, "value")
    if len(sizes) == 0 or len(sizes) != len(numbers):
        raise ValueError(
            f"one value a size was expected, found {len(numbers)} values and {len(sizes)} sizes"
        )
    if len(sizes) > 1 and np.ptp(sizes) == 0:
        raise ValueError(f"at least two different sizes were expected, found only {sizes[0]:g}")
    return sizes, numbers, checked_covariance(covariance, len(sizes))


def check_settings(level: float, clusters: float | None) -> None:
    """ValueError for a level outside (0, 1), or fewer than 2 clusters where they are known."""
    if not 0 < level < 1:
        raise ValueError(f"a level between 0 and 1 was expected, found {level:g}")
    if clusters is not None and clusters < 2:
        raise ValueError(f"at least 2 clusters were expected, found {clusters:g}")


def finite(values: Sequence[float] | Floats, what: str) -> Floats:
    """One-dimensional finite numbers, or a sentence that says which is not."""
    for position, value in enumerate(values, start=1):
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and np.isfinite(value)):
            raise ValueError(f"a finite {what} was expected, found {value} at position {position}")
    return np.array(values, dtype=np.float64)


def positive(sizes: Floats) -> Floats:
    """The sizes themselves, or a sentence that says which is not above 0."""
    for position, size in enumerate(sizes, start=1):
        if size <= 0:
            raise ValueError(f"a positive size was expected, found {size:g} at position {position}")
    return sizes


def checked_covariance(covariance: Sequence[Sequence[float]] | Floats, models: int) -> Floats:
    """A symmetric covariance (models, models) without negative variance; ValueError otherwise."""
    shape = np.shape(covariance)
    if shape != (models, models):
        raise ValueError(f"a covariance of shape {(models, models)} was expected, found {shape}")
    matrix: NDArray[np.float64] = np.stack([finite(row, "covariance") for row in covariance])
    if not np.allclose(matrix, matrix.T, rtol=SYMMETRIC, atol=0.0):
        raise ValueError("a symmetric covariance was expected, found one that is not")
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] < -SYMMETRIC * max(abs(eigenvalues[-1]), SMALLEST):
        raise ValueError(
            f"a covariance without negative variance was expected, found {eigenvalues[0]:g}"
        )
    return matrix
