"""What a fit tells of itself, as rows of DIAGNOSTICS: values with errors over clusters."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.calibrated_tables import DIAGNOSTICS
from calibration.statistics.intervals import jackknife
from calibration.statistics.ragged import Floats


class Diagnostic(NamedTuple):
    """One number of a fit."""

    name: str
    at: str  # what was varied; empty where nothing was
    value: float
    se: float | None  # over clusters


def diagnostics_table(rows: Sequence[Diagnostic]) -> pl.DataFrame:
    """The rows as a table.  # DIAGNOSTICS"""
    return pl.DataFrame(rows, schema=DIAGNOSTICS, orient="row")


def clustered_mean(
    name: str, at: str, values: Floats, *, texts: NDArray[np.int64], clusters: Sequence[str]
) -> Diagnostic:
    """The mean of some values of texts, (values,), with its error over the clusters of the texts.

    `texts` is the number of the text that each value is of, `clusters` the cluster of each text.
    """
    sums = cluster_sums(np.stack([values, np.ones_like(values)], axis=1), texts, clusters)
    found = jackknife(sums, lambda totals: totals[..., 0] / totals[..., 1])
    return Diagnostic(name, at, found.value, defined(found.standard_error))


def root_mean_square(
    name: str, at: str, squares: Floats, *, texts: NDArray[np.int64], clusters: Sequence[str]
) -> Diagnostic:
    """The root of the mean of some squares, as `clustered_mean` takes them."""
    sums = cluster_sums(np.stack([squares, np.ones_like(squares)], axis=1), texts, clusters)
    found = jackknife(sums, lambda totals: np.sqrt(totals[..., 0] / totals[..., 1]))
    return Diagnostic(name, at, found.value, defined(found.standard_error))


def cluster_sums(values: Floats, texts: NDArray[np.int64], clusters: Sequence[str]) -> Floats:
    """Sums over the values of each cluster that has any.  # (values, columns)"""
    names = np.array(clusters)[texts]
    found, places = np.unique(names, return_inverse=True)
    sums = np.zeros((len(found), values.shape[1]))
    np.add.at(sums, places, values)
    return sums


def defined(error: float) -> float | None:
    """An error, or none where a single cluster has no spread."""
    return error if np.isfinite(error) else None
