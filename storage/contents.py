"""Files by content: each is hashed once, and remembered by path, size and time of change.

A model of 140 GB is asked for its identity several times in a run, and read once. A `Folder` is
what the rest of storage asks of files that belong together, wherever they lie.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Protocol

READ_AT_ONCE = 1 << 24  # bytes: large enough for a disk's full speed, small beside any model


class Folder(Protocol):
    """Files that belong together, by their name inside; nothing is fetched before it is asked."""

    @property
    def title(self) -> str:
        """Where the files lie, in words."""
        ...

    @property
    def names(self) -> frozenset[str]: ...

    def size(self, name: str) -> int:
        """Bytes of a file."""
        ...

    def sha256(self, name: str) -> str:
        """The sha256 of a file's bytes."""
        ...

    def beginning(self, name: str, size: int) -> bytes:
        """The first `size` bytes of a file, or all there are."""
        ...

    def place(self, name: str) -> Path:
        """Where a file lies on this machine, whole."""
        ...


class LocalFolder:
    """The files right inside a directory, as a `Folder`. Raises OSError for what cannot be read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def title(self) -> str:
        return str(self._directory)

    @property
    def names(self) -> frozenset[str]:
        if not self._directory.is_dir():
            return frozenset()
        return frozenset(path.name for path in self._directory.iterdir() if path.is_file())

    def size(self, name: str) -> int:
        return self.place(name).stat().st_size

    def sha256(self, name: str) -> str:
        return file_digest(self.place(name))

    def beginning(self, name: str, size: int) -> bytes:
        with self.place(name).open("rb") as file:
            return file.read(size)

    def place(self, name: str) -> Path:
        return self._directory / name


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes. Raises OSError when it cannot be read."""
    found = path.stat()
    return _digest(path.absolute(), found.st_size, found.st_mtime_ns)


def joined_digest(parts: Iterable[str]) -> str:
    """The sha256 of some digests in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()
