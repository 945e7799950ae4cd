"""The time as the holder of a store has it, which stamps what lies there."""

import secrets
import time
from typing import Final

from calibration.errors import StoreError
from storage.store import Store

CLOCK: Final = "clock"


def store_time(store: Store) -> float:
    """Seconds since 1970 by the store's own clock; by this machine's where it takes no writes."""
    key = f"{CLOCK}/{secrets.token_hex(8)}"
    try:
        store.write(key, b"")
    except StoreError:
        return time.time()
    try:
        return max(entry.changed for entry in store.entries(CLOCK))
    finally:
        store.remove(key)
