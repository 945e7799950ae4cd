"""Lists of unequal length as arrays, and rows as clusters.

A list column becomes either one flat array or a padded block with zeros past the end of each list.
Clusters are numbered once, here, so that standard errors and degrees of freedom cannot disagree
about what is independent. Nothing here knows what the lists hold.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def lengths(column: pl.Series) -> Indices:
    """The number of steps of each list; a missing list has none.  # (rows,)"""
    return column.list.len().fill_null(0).to_numpy().astype(np.int64)


def flat(column: pl.Series) -> Floats:
    """All steps of all lists, one row after the other; a missing value is nan.  # (steps,)"""
    steps = column.explode(empty_as_null=False, keep_nulls=False)
    return steps.cast(pl.Float64).fill_null(np.nan).to_numpy()


def present(column: pl.Series, width: int) -> NDArray[np.bool_]:
    """Where the first `width` steps exist.  # (rows, width)"""
    exists: NDArray[np.bool_] = np.arange(width) < lengths(column)[:, None]
    return exists


def padded(column: pl.Series, width: int) -> Floats:
    """The first `width` steps of each list, zero where a list has ended.  # (rows, width)"""
    first = column.list.head(width)
    block = np.zeros((len(column), width))
    block[present(first, width)] = flat(first)
    return block


def cluster_index(names: pl.Series) -> Indices:
    """The number of each row's cluster: 0 to clusters - 1, in the order of the names.  # (rows,)"""
    return names.rank("dense").to_numpy().astype(np.int64) - 1


def cluster_sums(values: Floats, index: Indices) -> Floats:
    """Sums of `values` (rows,) over the rows of each cluster.  # (clusters,)"""
    return np.bincount(index, weights=values).astype(np.float64)
