"""Lists of unequal length become arrays without losing or inventing a step."""

import numpy as np
import polars as pl

from calibration.statistics.ragged import (
    cluster_index,
    cluster_sums,
    flat,
    lengths,
    padded,
    present,
)

RAGGED = pl.Series([[1.0, 2.0, 3.0], [], None, [4.0, None]], dtype=pl.List(pl.Float32))


def test_a_missing_list_is_as_long_as_an_empty_one() -> None:
    assert lengths(RAGGED).tolist() == [3, 0, 0, 2]


def test_a_missing_step_is_nan_and_not_zero() -> None:
    np.testing.assert_array_equal(flat(RAGGED), [1, 2, 3, 4, np.nan])


def test_padding_is_zero_after_the_end_and_cut_at_the_width() -> None:
    np.testing.assert_array_equal(padded(RAGGED, 2), [[1, 2], [0, 0], [0, 0], [4, np.nan]])
    np.testing.assert_array_equal(padded(RAGGED, 4)[0], [1, 2, 3, 0])


def test_present_marks_the_steps_that_exist() -> None:
    assert present(RAGGED, 2).tolist() == [
        [True, True],
        [False, False],
        [False, False],
        [True, True],
    ]


def test_clusters_are_numbered_by_name() -> None:
    index = cluster_index(pl.Series(["b", "a", "b", "c"]))
    assert index.tolist() == [1, 0, 1, 2]
    assert cluster_sums(np.array([1.0, 2.0, 3.0, 4.0]), index).tolist() == [2, 4, 4]
