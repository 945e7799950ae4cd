"""Work in threads: all of it is done, no more at a time than asked, and a failure stops it."""

from itertools import count
from threading import Barrier, Lock

import pytest

from storage.threads import in_parallel


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_every_item_is_worked_on_once(jobs: int) -> None:
    found = list(in_parallel(lambda number: number**2, range(100), jobs=jobs))
    assert sorted(found) == [number**2 for number in range(100)]


def test_nothing_comes_of_nothing() -> None:
    assert list(in_parallel(str, [], jobs=2)) == []


def test_as_many_work_at_once_as_asked_and_never_more() -> None:
    together = Barrier(3)  # none gets past it alone
    at_work, most, lock = [0], [0], Lock()

    def work(_: int) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        together.wait(timeout=60)
        with lock:
            at_work[0] -= 1

    list(in_parallel(work, range(30), jobs=3))
    assert most == [3]


def test_items_are_taken_as_they_are_needed() -> None:
    endless = in_parallel(str, count(), jobs=2)
    assert int(next(endless)) < 4
    endless.close()


def test_a_failure_is_raised_and_stops_the_rest() -> None:
    def work(number: int) -> int:
        return 1 // (number - 5)

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(work, count(), jobs=2))
