"""Names that people gave, as names that files and pages accept: lower case, digits and dashes."""

import hashlib
import re
import unicodedata

LONGEST = 60  # characters: below every file system's limit, with room for a number and a suffix


def slug(name: str) -> str:
    """The letters and digits of a name, words joined by dashes; `unnamed` where it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-") or "unnamed"


def distinct_slug(name: str) -> str:
    """A slug that ends in a digest of the name, so that no two names share it."""
    return f"{slug(name)}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
