"""Work on many things at once, in threads: hashing and requests leave Python free meanwhile."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

JOBS: Final = os.cpu_count() or 1  # hashing keeps a core busy each; a bucket may want more


def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int
) -> Iterator[Result]:
    """What each item comes to, in the order in which they are done.

    Items are taken as they are needed. What fails stops the rest.
    """
    pool = ThreadPoolExecutor(jobs)
    under_way: set[Future[Result]] = set()
    try:
        for item in items:
            under_way.add(pool.submit(work, item))
            # One more for each thread, so that none waits for this one.
            if len(under_way) >= 2 * jobs:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)
    finally:
        pool.shutdown(cancel_futures=True)
