"""What a person names at the command line: a path that is there, a pattern, or an id of the hub.

Gives the entries of a study, with absolute paths, so that the study can be run from anywhere.
"""

import glob
import re
from pathlib import Path
from typing import Final, NamedTuple

from calibration.errors import ModelError, TextError

HUB_ID: Final = re.compile(r"(?P<hub>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
TEXT_SUFFIXES: Final = (".txt", ".jsonl", ".csv", ".parquet")


class ModelPlace(NamedTuple):
    """A model as it was named, what to call it, and the keys of its entry in a study."""

    given: str
    name: str
    keys: dict[str, str]


class TextPlace(NamedTuple):
    """Texts as they were named, what to call them, and the pattern that finds them."""

    given: str
    name: str
    pattern: str


def model_place(given: str) -> ModelPlace:
    """A directory or file that is there, else an id of the hub. Raises ModelError for neither."""
    path = Path(given)
    if path.suffix in TEXT_SUFFIXES:
        raise ModelError(
            f"{given}: a model was expected, found a file of texts: give texts with --text, and "
            "put a pattern in quotes, as in --text 'texts/*.txt'"
        )
    if path.exists():
        place = path.resolve()
        name = place.stem if place.suffix == ".gguf" else place.name
        return ModelPlace(given, name, {"path": str(place)})
    found = HUB_ID.fullmatch(given)
    if found is None or path.suffix == ".gguf" or given.startswith((".", "/", "~")):
        raise ModelError(
            f"{given}: a directory with a model, a .gguf file or an id of the hub such as "
            "Qwen/Qwen2.5-0.5B was expected, found nothing at that path: mend it"
        )
    keys = {name: value for name, value in found.groupdict().items() if value}
    return ModelPlace(given, given.partition("/")[2], keys)


def text_place(given: str) -> TextPlace:
    """A file, all .txt files below a folder, or a pattern. Raises TextError for none of them."""
    path = Path(given)
    if path.is_file():
        return TextPlace(given, path.stem, glob.escape(str(path.resolve())))
    if path.is_dir():
        place = path.resolve()
        return TextPlace(given, place.name, f"{glob.escape(str(place))}/**/*.txt")
    if not glob.has_magic(given):
        raise TextError(
            f"{given}: texts were expected there, found no such file or folder: give a .txt, "
            ".jsonl, .csv or .parquet file, a folder, or a pattern in quotes"
        )
    start = "" if path.is_absolute() else f"{glob.escape(str(Path.cwd()))}/"
    return TextPlace(given, _pattern_name(path), f"{start}{given}")


def _pattern_name(pattern: Path) -> str:
    plain = [part for part in pattern.parts if not glob.has_magic(part) and part not in ("/", ".")]
    return plain[-1] if plain else "texts"
