"""Prefect's records of what was made, as they lie beside artifacts: below a sha256.

It covers the key too, so that a record that lies where another should is damaged.
"""

import hashlib
from typing import Final

RECORD: Final = "prefect.json"


def stored_record(key: str, content: bytes) -> bytes:
    """The bytes that keep a record at a key of a store."""
    return _digest(key, content) + b"\n" + content


def parsed_record(key: str, stored: bytes) -> bytes:
    """The record that the bytes at a key keep. Raises ValueError where they are damaged."""
    digest, _, content = stored.partition(b"\n")
    if digest != _digest(key, content):
        raise ValueError(f"the record of {key}, matching its sha256, was expected")
    return content


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + content).hexdigest().encode()
