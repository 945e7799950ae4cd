"""How many ids a tokenizer gives, read from its own file without loading it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def ids_in(path: Path) -> int:
    """One more than the largest id in a tokenizer.json; 0 where it cannot be told from the file."""
    found = path.stat()
    return _ids_in(path.absolute(), found.st_size, found.st_mtime_ns)


@cache
def _ids_in(path: Path, size: int, changed: int) -> int:
    try:
        content = json.loads(path.read_bytes())
        vocabulary, added = content["model"]["vocab"], content.get("added_tokens", [])
        # A list spells its ids by their order.
        named = vocabulary.values() if isinstance(vocabulary, Mapping) else range(len(vocabulary))
        return 1 + max([*named, *(token["id"] for token in added)], default=-1)
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0  # what is wrong with it is told where it is loaded
