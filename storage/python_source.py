"""The modules of Python's standard library: code that every machine has, the default for it.

Tests are left out, and so are packages that were installed into the library's folder. A module is
a text and a cluster of its own; code keeps its lines.
"""

import hashlib
import sysconfig
import tokenize
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from calibration.text import SourceText

# idle_test: the tests of idlelib
LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


@cache
def module_files() -> Mapping[str, Path]:
    """The file of every module, by its dotted name, sorted."""
    root = Path(sysconfig.get_path("stdlib"))
    places = {path.relative_to(root): path for path in root.rglob("*.py")}
    kept = {place: path for place, path in places.items() if LEFT_OUT.isdisjoint(place.parts)}
    named = {".".join(place.with_suffix("").parts): path for place, path in kept.items()}
    return MappingProxyType(dict(sorted(named.items())))


def modules_digest() -> str:
    """The sha256 of every module's name and bytes."""
    digest = hashlib.sha256()
    for name, path in module_files().items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def module_texts() -> list[SourceText]:
    """Every module that is not empty, by name, decoded as Python itself decodes it."""
    texts = {}
    for name, path in module_files().items():
        with tokenize.open(path) as file:
            texts[name] = file.read()
    return [SourceText(name, "", text) for name, text in texts.items() if text.strip()]
