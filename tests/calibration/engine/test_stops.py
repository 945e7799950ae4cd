import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.engine.stops import Stops

SIZES = np.array([0, 3, 1, 2])


def stops(steps: list[int], asked: list[float], *, ids: tuple[int, ...] = (0,)) -> Stops:
    return Stops(np.array(steps, dtype=np.int64), np.array(asked), SIZES, ids)


def drawn(*rows: list[int]) -> "np.ndarray[tuple[int, int], np.dtype[np.int32]]":
    return np.array(rows, dtype=np.int32)


def test_a_row_that_nothing_ends_has_all_its_steps() -> None:
    assert stops([9, 4], [np.inf, np.inf]).lengths(drawn([1, 2], [3, 3])).tolist() == [9, 4]


def test_the_first_end_id_counts_and_nothing_after_it() -> None:
    found = stops([9, 9], [np.inf, np.inf]).lengths(drawn([1, 0, 0, 2], [0, 1, 1, 1]))
    assert found.tolist() == [2, 1]


def test_the_token_that_reaches_the_bytes_is_the_last() -> None:
    found = stops([9] * 3, [6, 7, 100], ids=()).lengths(drawn(*[[1, 2, 3, 2]] * 3))
    assert found.tolist() == [3, 4, 9]


def test_whatever_comes_first_ends_a_row() -> None:
    rows = drawn([1, 0, 1, 1], [1, 1, 0, 1], [2, 2, 2, 2])
    assert stops([9, 9, 2], [6, 6, 100]).lengths(rows).tolist() == [2, 2, 2]


@pytest.mark.parametrize("ids", [(), (0,)])
def test_before_anything_is_drawn_rows_have_all_their_steps(ids: tuple[int, ...]) -> None:
    nothing = np.zeros((2, 0), dtype=np.int32)
    assert stops([5, 0], [3, np.inf], ids=ids).lengths(nothing).tolist() == [5, 0]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=5),
    asked=st.integers(1, 20),
)
def test_more_draws_never_move_an_end_that_was_seen(rows: list[list[int]], asked: int) -> None:
    of = stops([8] * len(rows), [asked] * len(rows))
    for seen in range(6):
        known, later = (of.lengths(drawn(*rows)[:, :many]) for many in (seen, seen + 1))
        ended = known <= seen
        assert (known[ended] == later[ended]).all()
        assert (later[~ended] > seen).all()
