"""Where artifacts lie: a directory of small files, each whole or absent.

Every file is written aside, flushed to disk and renamed into place, so a kill at any moment
leaves the old file, the new file or none. Keys are addresses and file names made by this
program; nothing a person types becomes a key.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calibration.errors import StoreError

ASIDE = ".aside-"  # begins the name of a file that is still being written


class Store:
    """Bytes by key, in a local directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def read(self, key: str) -> bytes:
        """The bytes at a key. Raises KeyError when there are none."""
        with _sentences(self.root, "read"):
            try:
                return (self.root / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise KeyError(key) from None

    def write(self, key: str, content: bytes) -> None:
        """Put the bytes at a key, all of them or none."""
        target = self.root / key
        aside = target.parent / f"{ASIDE}{secrets.token_hex(8)}"
        with _sentences(self.root, "written"):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with aside.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)
            _flush_directory(target.parent)

    def remove(self, key: str) -> None:
        """Leave nothing at a key."""
        with _sentences(self.root, "written"):
            (self.root / key).unlink(missing_ok=True)

    def size(self, key: str) -> int | None:
        """Bytes at a key, None when there is nothing."""
        with _sentences(self.root, "read"):
            try:
                return (self.root / key).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def names(self, prefix: str) -> list[str]:
        """The names of the files right below a prefix, sorted."""
        with _sentences(self.root, "read"):
            try:
                found = [entry.name for entry in os.scandir(self.root / prefix) if entry.is_file()]
            except (FileNotFoundError, NotADirectoryError):
                return []
            return sorted(name for name in found if not name.startswith(ASIDE))

    def keys(self) -> Iterator[str]:
        """Every key, sorted by directory."""
        for directory, folders, files in os.walk(self.root):
            folders.sort()
            place = Path(directory).relative_to(self.root)
            yield from (str(place / name) for name in sorted(files) if not name.startswith(ASIDE))


def open_store(location: str) -> Store:
    """The store at a path. Raises StoreError for what is not one."""
    if "://" in location:
        raise StoreError(
            f"a directory was expected for the store, found {location!r}: "
            "give a path, for instance --store artifacts"
        )
    root = Path(location)
    if root.exists() and not root.is_dir():
        raise StoreError(f"a directory was expected for the store, found the file {location}")
    return Store(root)


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


def _flush_directory(directory: Path) -> None:
    # Without it a power cut can forget the rename although the file's bytes are safe.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
