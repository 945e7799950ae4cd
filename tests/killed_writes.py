"""Kill a process that writes files, again and again, and count what is torn or lost.

A program of its own, so that it forks from a process that holds little: `python killed_writes.py
DIRECTORY KILLS SEED WAY`, where WAY is `store` or `in-place`. Prints its counts as JSON.
"""

import json
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from storage.local import LocalStore

SIZES = {"catalogue/small": 100, "samples/large": 200_000}  # bytes
NUMBER = 8  # bytes of the number that each file begins with, and consists of
LONGEST = 0.01  # seconds until a kill
Write = Callable[[str, bytes], object]


def whole(number: int, size: int) -> bytes:
    """The file that was written at a number: it tells by itself whether it is whole."""
    return number.to_bytes(NUMBER, "big") * (size // NUMBER)


def in_place(root: Path) -> Write:
    """The way to write that tears files: the control."""
    for key in SIZES:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
    return lambda key, content: (root / key).write_bytes(content)


def write_until_killed(write: Write, first: int, acknowledged: mmap.mmap) -> None:
    number = first
    while True:
        for place, (key, size) in enumerate(SIZES.items()):
            write(key, whole(number, size))
            start = place * NUMBER
            acknowledged[start : start + NUMBER] = number.to_bytes(NUMBER, "big")
        number += 1


def killed(write: Write, first: int, acknowledged: mmap.mmap, *, after: float) -> None:
    """Kill a process some seconds after it began, however long a busy machine lets it wait."""
    begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begins, b"1")
        write_until_killed(write, first, acknowledged)
    os.read(begun, 1)
    os.close(begun)
    os.close(begins)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def faults(store: LocalStore, acknowledged: mmap.mmap) -> tuple[int, int]:
    """How many files are torn, and how many are older than a write that had returned."""
    torn = lost = 0
    for place, (key, size) in enumerate(SIZES.items()):
        start = place * NUMBER
        promised = int.from_bytes(acknowledged[start : start + NUMBER], "big")
        try:
            content = store.read(key)
        except KeyError:
            lost += promised > 0
            continue
        number = int.from_bytes(content[:NUMBER], "big")
        torn += content != whole(number, size)
        lost += number < promised
    return torn, lost


def main(root: Path, kills: int, seed: int, way: str) -> dict[str, int]:
    store, generator = LocalStore(root), random.Random(seed)
    write = store.write if way == "store" else in_place(root)
    acknowledged = mmap.mmap(-1, NUMBER * len(SIZES))
    for key, size in SIZES.items():
        write(key, whole(0, size))
    counts = {"torn": 0, "lost": 0}
    for kill in range(kills):
        first = 1 + kill * 1_000_000
        killed(write, first, acknowledged, after=generator.uniform(0, LONGEST))
        torn, lost = faults(store, acknowledged)
        counts["torn"] += torn > 0
        counts["lost"] += lost > 0
    return counts | {
        "kills": kills,
        "keys": len(list(store.entries(""))),
        "left_aside": len(list(store.leftovers())),
    }


if __name__ == "__main__":
    directory, number_of_kills, random_seed, way_to_write = sys.argv[1:]
    found = main(Path(directory), int(number_of_kills), int(random_seed), way_to_write)
    json.dump(found, sys.stdout)
