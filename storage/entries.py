"""What a listing of a store shows of each key."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One key of a store, as a listing shows it; nothing is read for it."""

    key: str
    size: int  # bytes
    stamp: str  # another one when other bytes were written
    changed: float  # seconds since 1970, by the clock of whatever holds the store
