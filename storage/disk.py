"""The calls that change a disk, one by one, so that a disk that fails or forgets can stand in."""

import os
from pathlib import Path


class Disk:
    """The disk of this machine. Every call may raise OSError."""

    def save(self, path: Path, content: bytes) -> None:
        """Write a new file; its bytes are safe only once it is flushed."""
        with path.open("xb") as file:
            file.write(content)

    def flush(self, path: Path) -> None:
        """Wait until a file's bytes, or a directory's names, are safe from a power cut."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name, in place of whatever bears it."""
        path.replace(target)

    def link(self, path: Path, target: Path) -> None:
        """Give a file a second name. Raises FileExistsError when something bears it."""
        os.link(path, target)

    def unlink(self, path: Path) -> None:
        """Take a name away; there may be none."""
        path.unlink(missing_ok=True)

    def make_directory(self, path: Path) -> None:
        """Make a directory in one that is there; it may be there too."""
        path.mkdir(exist_ok=True)

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""
        path.rmdir()
