"""A disk whose power is cut: it remembers what was flushed, and forgets the rest as real ones may.

Bytes that were not flushed keep any prefix of themselves. Names (a file's, a directory's) are safe
once the directory that holds them is flushed; until then each change of one may have reached the
disk or not, whatever came before or after it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from storage.disk import Disk


class PowerCut(BaseException):
    """The machine is off: nothing that runs can catch this and go on."""


@dataclass
class Bytes:
    """What one file holds, under all its names."""

    content: bytes
    flushed: bool = False


@dataclass
class Change:
    """One change of names: what `path` bears from now on, and the name that goes away."""

    path: Path
    bears: Bytes | None = None
    directory: bool = False
    leaves: Path | None = None
    flushed: bool = False


@dataclass
class ForgetfulDisk(Disk):
    """The disk of this machine until `calls` calls were made, then none."""

    calls: int
    _files: dict[Path, Bytes] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)

    def save(self, path: Path, content: bytes) -> None:
        self._count()
        super().save(path, content)
        self._files[path] = Bytes(content)
        self._changes.append(Change(path, self._files[path]))

    def flush(self, path: Path) -> None:
        self._count()
        if path in self._files:
            self._files[path].flushed = True
        for change in self._changes:
            change.flushed |= change.path.parent == path

    def rename(self, path: Path, target: Path) -> None:
        self._count()
        super().rename(path, target)
        self._files[target] = self._files.pop(path)
        self._changes.append(Change(target, self._files[target], leaves=path))

    def link(self, path: Path, target: Path) -> None:
        self._count()
        super().link(path, target)
        self._files[target] = self._files[path]
        self._changes.append(Change(target, self._files[target]))

    def unlink(self, path: Path) -> None:
        self._count()
        super().unlink(path)
        if self._files.pop(path, None) is not None:
            self._changes.append(Change(path))

    def make_directory(self, path: Path) -> None:
        self._count()
        super().make_directory(path)
        self._changes.append(Change(path, directory=True))

    def remove_directory(self, path: Path) -> None:
        self._count()
        super().remove_directory(path)
        self._changes.append(Change(path))

    def _count(self) -> None:
        if self.calls == 0:
            raise PowerCut
        self.calls -= 1

    def write_what_is_left(self, root: Path, copy: Path, *, seed: int) -> None:
        """What is found at `root` when the power is back, one of the possible outcomes, in `copy`.

        Both directories are there already.
        """
        generator = np.random.default_rng(seed)
        left: dict[Path, Bytes | None] = {root: None}  # None: a directory
        for change in self._changes:
            if change.flushed or generator.random() < 0.5:
                _apply(change, left)
        for path, bears in left.items():
            place = copy / path.relative_to(root)
            if bears is None:
                place.mkdir(exist_ok=True)
            else:
                kept = (
                    len(bears.content)
                    if bears.flushed
                    else generator.integers(len(bears.content) + 1)
                )
                place.write_bytes(bears.content[:kept])


def _apply(change: Change, left: dict[Path, Bytes | None]) -> None:
    if change.path.parent not in left:
        return  # the directory itself was lost
    if change.bears is not None or change.directory:
        left[change.path] = change.bears
    elif not any(path.parent == change.path for path in left):
        left.pop(change.path, None)
    if change.leaves is not None:
        left.pop(change.leaves, None)


class ForgetfulDiskWithoutFlushes(ForgetfulDisk):
    """The same under a store that never flushes: what the tests must find fault with."""

    def flush(self, path: Path) -> None:
        self._count()
