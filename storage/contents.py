"""Files by content: each is hashed once, and remembered by path, size and time of change.

A model of 140 GB is asked for its identity several times in a run, and read once.
"""

import hashlib
from functools import cache
from pathlib import Path

READ_AT_ONCE = 1 << 24  # bytes: large enough for a disk's full speed, small beside any model


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes. Raises OSError when it cannot be read."""
    found = path.stat()
    return _digest(path.absolute(), found.st_size, found.st_mtime_ns)


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()
