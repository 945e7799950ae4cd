"""A store in a local directory.

A file is written aside, flushed to disk and given its name, so that a kill or a power cut at any
moment leaves the old file, the new file or none; and its directory is flushed before the write
returns, so that what came first is never lost where what came later is safe.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from calibration.errors import StoreError
from storage.disk import Disk
from storage.entries import Entry

ASIDE: Final = ".aside"  # the directory of files that are still being written
ATTEMPTS: Final = 5  # to name a file in a directory that others remove whenever it is empty
# File systems without hard links (FAT, some network shares) say one of these.
NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
# Some network shares cannot flush a directory, and one above the store may not be ours to open:
# then its names are as safe as they can be made.
NO_FLUSH: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES})


class _Taken(Exception):
    """Another file bears the name."""


class LocalStore:
    """Bytes by key, in a directory."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self.root = root.absolute()
        self._disk = disk or Disk()
        self._safe: set[Path] = set()  # directories whose names are known to be on disk

    @property
    def location(self) -> str:
        return str(self.root)

    def place(self, key: str) -> str:
        return str(self.root / key)

    def read(self, key: str) -> bytes:
        with _sentences(self.root, "read"):
            try:
                return (self.root / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise KeyError(key) from None

    def write(self, key: str, content: bytes) -> None:
        with _sentences(self.root, "written"), self._aside(content) as aside:
            self._name(aside, self.root / key, self._disk.rename)

    def create(self, key: str, content: bytes) -> bool:
        with _sentences(self.root, "written"), self._aside(content) as aside:
            try:
                self._name(aside, self.root / key, self._claim)
            except _Taken:
                return False
            return True

    def remove(self, key: str) -> None:
        target = self.root / key
        with _sentences(self.root, "written"):
            self._disk.unlink(target)
            with suppress(OSError):  # not empty, or removed by another
                for directory in _inside(self.root, target):
                    self._disk.remove_directory(directory)

    def entries(self, prefix: str) -> Iterator[Entry]:
        with _sentences(self.root, "read"):
            yield from _below(str(self.root / prefix), f"{prefix}/" if prefix else "")

    def leftovers(self) -> Iterator[Entry]:
        yield from self.entries(ASIDE)

    @contextmanager
    def _aside(self, content: bytes) -> Iterator[Path]:
        """A flushed file of these bytes in a directory of its own, gone afterwards."""
        aside = self.root / ASIDE / secrets.token_hex(8)
        self._make_directory(aside.parent)
        try:
            self._disk.save(aside, content)
            self._disk.flush(aside)
            yield aside
        finally:
            self._disk.unlink(aside)

    def _name(self, aside: Path, target: Path, give: Callable[[Path, Path], None]) -> None:
        """Give a file its name, and wait until the name is safe."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._make_directory(target.parent)
                give(aside, target)
                break
            # Another run removed a directory while it was empty, before or after it was looked for.
            except (FileNotFoundError, FileExistsError):
                if attempt == ATTEMPTS:
                    raise
        with suppress(FileNotFoundError):  # another run has removed the file, and its directory
            self._flush_names(target.parent)

    def _claim(self, aside: Path, target: Path) -> None:
        try:
            self._disk.link(aside, target)
        except FileExistsError:
            raise _Taken from None
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            # Two may both find the name free here; each file is whole, and the last one stays.
            if target.exists():
                raise _Taken from None
            self._disk.rename(aside, target)

    def _make_directory(self, directory: Path) -> None:
        """Make a directory and those above it, and wait until their names are safe."""
        there = directory.is_dir()
        if there and (directory in self._safe or directory in self.root.parents):
            return
        if not there or directory != self.root:
            self._make_directory(directory.parent)
        if not there:
            self._disk.make_directory(directory)
        # Its name is safe only once the directory above is flushed, whoever made it.
        self._flush_names(directory.parent)
        self._safe.add(directory)

    def _flush_names(self, directory: Path) -> None:
        try:
            self._disk.flush(directory)
        except OSError as error:
            if error.errno not in NO_FLUSH:
                raise


def _below(directory: str, prefix: str) -> Iterator[Entry]:
    try:
        found = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in found:
        if entry.name == ASIDE and not prefix:
            continue
        if entry.is_dir():
            yield from _below(entry.path, f"{prefix}{entry.name}/")
        else:
            with suppress(FileNotFoundError):  # removed by another while this looked
                yield _entry(entry, prefix)


def _entry(entry: "os.DirEntry[str]", prefix: str) -> Entry:
    state = entry.stat()
    stamp = f"{state.st_mtime_ns:x}-{state.st_ino:x}"
    return Entry(prefix + entry.name, state.st_size, stamp, state.st_mtime)


def _inside(root: Path, target: Path) -> Iterator[Path]:
    """The directories that a key lies in, the nearest first, below the root."""
    kept = (root, root / ASIDE)
    yield from (one for one in target.parents if one.is_relative_to(root) and one not in kept)


@contextmanager
def _sentences(root: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the store {root} cannot be {what}: {error.strerror or error} "
            f"({error.filename or root}); what was complete stays complete, so mend this and run "
            "the same command again"
        ) from error
