"""Stores that fail, stop the program or keep a journal, laid over a local one.

Each is opened by a scheme of its own, as tasks open any store by its location.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, Final, cast

from calibration.errors import StoreError
from calibration.recipes import ReportRecipe
from storage.catalogue import catalogue
from storage.entries import Entry
from storage.local import LocalStore
from storage.manifests import manifest_at
from storage.store import SCHEMES, Store

Contents = Mapping[str, Mapping[str, str]]  # sha256 of every file by its label, by address


class Stopped(BaseException):
    """The program is stopped as by a signal: nothing that runs may catch this and go on."""


class Way(StrEnum):
    """How an operation fails."""

    FAIL = "fail"  # a StoreError, and nothing done
    STOP = "stop"  # the program stops, and nothing was done
    DO_AND_FAIL = "do and fail"  # a StoreError, and it is done: the answer was lost
    DO_AND_STOP = "do and stop"  # the program stops once it is done


CHANGING: Final = ("write", "create", "remove")  # to have done it matters for these


@dataclass
class Plan:
    """Which operation of a store fails, and how; and which operations there were."""

    at: int | None = None  # the number of the operation; None: none does
    way: Way = Way.FAIL
    operations: list[tuple[str, str]] = field(default_factory=list)  # names and keys
    _one_at_a_time: Lock = field(default_factory=Lock)

    def meet(self, operation: str, key: str, do: Callable[[], Any]) -> Any:  # noqa: ANN401
        """What the operation gives, unless it is the one that fails."""
        with self._one_at_a_time:  # some look at many artifacts at once
            number = len(self.operations)
            self.operations.append((operation, key))
        if number != self.at:
            return do()
        if self.way in (Way.DO_AND_FAIL, Way.DO_AND_STOP):
            do()
        if self.way in (Way.STOP, Way.DO_AND_STOP):
            raise Stopped
        raise StoreError(f"the store cannot be used: {operation} of {key} failed: mend this")


class FaultyStore:
    """A local store with one operation that fails, as a plan says."""

    def __init__(self, location: str, plan: Plan) -> None:
        self.location = location
        self._store = LocalStore(Path(location.partition("://")[2]))
        self._plan = plan

    def place(self, key: str) -> str:
        return self._store.place(key)

    def read(self, key: str) -> bytes:
        return cast(bytes, self._plan.meet("read", key, lambda: self._store.read(key)))

    def write(self, key: str, content: bytes) -> None:
        self._plan.meet("write", key, lambda: self._store.write(key, content))

    def create(self, key: str, content: bytes) -> bool:
        return bool(self._plan.meet("create", key, lambda: self._store.create(key, content)))

    def remove(self, key: str) -> None:
        self._plan.meet("remove", key, lambda: self._store.remove(key))

    def entries(self, prefix: str) -> Iterator[Entry]:
        found = self._plan.meet("entries", prefix, lambda: list(self._store.entries(prefix)))
        return iter(cast(list[Entry], found))

    def leftovers(self) -> Iterator[Entry]:
        return self._store.leftovers()


class JournalStore(LocalStore):
    """A local store that appends each write, begun and finished, to a file that a kill spares."""

    def __init__(self, location: str) -> None:
        self._location = location
        root = Path(location.partition("://")[2])
        super().__init__(root)
        self._journal = journal_of(root)

    @property
    def location(self) -> str:
        return self._location

    def write(self, key: str, content: bytes) -> None:
        self._note("begun", key)
        super().write(key, content)
        self._note("finished", key)

    def create(self, key: str, content: bytes) -> bool:
        self._note("begun", key)
        created = super().create(key, content)
        self._note("finished" if created else "refused", key)
        return created

    def _note(self, what: str, key: str) -> None:
        line = json.dumps([os.getpid(), what, key]).encode() + b"\n"
        journal = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(journal, line)
        finally:
            os.close(journal)


def journal_of(root: Path) -> Path:
    """The journal of a JournalStore in a directory; each line a process, what it did, and a key."""
    return root.with_suffix(".journal")


def open_as(scheme: str, opened: Callable[[str], Store]) -> str:
    """Open the locations of a scheme by a function, from now on; the scheme."""
    cast(MutableMapping[str, Callable[[str], Store]], SCHEMES)[scheme] = opened
    return scheme


def faulty(root: Path, plan: Plan) -> str:
    """The location of a local store that fails as planned, until the next one is laid."""
    scheme = open_as("faulty", lambda location: FaultyStore(location, plan))
    return f"{scheme}://{root}"


def contents(store: Store) -> Contents:
    """What every artifact of a store holds; a report's page, which states the time, left out."""
    found = {}
    for address in catalogue(store).artifacts:
        manifest = manifest_at(store, address)
        assert manifest is not None
        found[address] = {
            file.label: file.sha256 for file in manifest.files if file.label != ReportRecipe.PAGE
        }
    return found
