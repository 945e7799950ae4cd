"""Where artifacts lie: bytes by key, each whole or absent, behind one small interface.

Two places serve it: a local directory (`local`) and a bucket that speaks S3 (`s3`). Keys are
addresses and file names made by this program; nothing a person types becomes a key.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from calibration.errors import StoreError
from storage.entries import Entry
from storage.local import LocalStore

AT_ONCE: Final = 32  # requests under way: hides a bucket's delay, and no disk minds


class Store(Protocol):
    """Bytes by key. Every fault that a person can mend is a StoreError of one sentence."""

    @property
    def location(self) -> str:
        """What opens this store again from anywhere."""
        ...

    def place(self, key: str) -> str:
        """Where a key lies, to show."""
        ...

    def read(self, key: str) -> bytes:
        """The bytes at a key. Raises KeyError when there are none."""
        ...

    def write(self, key: str, content: bytes) -> None:
        """Put the bytes at a key, all of them or none; they are safe when this returns."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """The same where the key is free, and True; False, and nothing done, where it is not."""
        ...

    def remove(self, key: str) -> None:
        """Leave nothing at a key."""
        ...

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every key below a prefix (a whole name, such as a directory's), however deep."""
        ...

    def leftovers(self) -> Iterator[Entry]:
        """What killed writes left behind; no reader ever sees it."""
        ...


def _local(location: str) -> Store:
    root = Path(location)
    if root.exists() and not root.is_dir():
        raise StoreError(f"a directory was expected for the store, found the file {location}")
    return LocalStore(root)


def _s3(location: str) -> Store:
    from storage.s3 import open_bucket  # needs the extra `s3`

    return open_bucket(location)


SCHEMES: Final[Mapping[str, Callable[[str], Store]]] = {"": _local, "s3": _s3}


def open_store(location: str) -> Store:
    """The store at a path or an s3://bucket/prefix. Raises StoreError for what is not one."""
    scheme = location.partition("://")[0] if "://" in location else ""
    if scheme not in SCHEMES:
        raise StoreError(
            f"a directory or s3://bucket/prefix was expected for the store, found {location!r}: "
            "give one of them, for instance --store artifacts"
        )
    return SCHEMES[scheme](location)


def names(store: Store, prefix: str) -> list[str]:
    """The names of the files right below a prefix, sorted."""
    found = (entry.key[len(prefix) + 1 :] for entry in store.entries(prefix))
    return sorted(name for name in found if "/" not in name)
