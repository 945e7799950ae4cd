"""Study files: YAML on disk to a validated study, a study into the store, and one to begin with."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import StudyError
from calibration.study import Study, parsed_study
from calibration.template import template
from storage.store import Store, open_store

STUDIES = "studies"
LADDER = Path("models/ladder")  # from the checkout's root
NEVER_WRAPPED = 10_000  # columns: a long path stays on its line


class UniqueKeys(yaml.SafeLoader):
    """YAML in which no key stands twice; plain YAML would let the last one win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in known:
                problem = f"the key {key.value!r} twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            known.add(key.value)
        return super().construct_mapping(node, deep)


def read_study(place: Path | str) -> Study:
    """The study in a file, or in a bucket (s3://bucket/key).

    Raises StudyError: one sentence with file, key and remedy.
    """
    text = _text(str(place))
    try:
        content = yaml.load(text, UniqueKeys)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "it does not parse"
        raise StudyError(
            f"{place}: YAML was expected, found something else{where}: {problem}: "
            "mend that line, or see studies/quickstart.yaml for one to copy"
        ) from error
    return parsed_study(content, str(place))


def _text(place: str) -> str:
    try:
        if "://" in place:
            folder, _, name = place.rpartition("/")
            return open_store(folder).read(name).decode()
        return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise StudyError(
            f"{place}: a study file was expected, but it cannot be read ({_reason(error)}): "
            "give the path of a YAML file such as studies/quickstart.yaml"
        ) from error


def _reason(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or str(error)
        case KeyError():
            return "nothing is there"
        case _:
            return "not UTF-8 text"


def write_study(store: Store, study: Study, *, comments: Sequence[str]) -> str:
    """Put a study into the store as a file to read, copy and run; its place.

    It holds the keys that were set, below `comments`, a line each; its place depends on what it
    says alone.
    """
    content = study.model_dump(mode="json", exclude_unset=True)
    lines = [f"# {one}" for one in comments]
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=NEVER_WRAPPED)
    text = "\n".join([*lines, body]).encode()
    key = f"{STUDIES}/{hashlib.sha256(text).hexdigest()}.yaml"
    store.write(key, text)
    return store.place(key)


def write_template(path: Path) -> None:
    """Write a study to begin with. Raises StudyError when a file is there, or none can be."""
    # Relative where the checkout is the working directory, so that the file reads well.
    ladder = LADDER if LADDER.is_dir() else Path(__file__).parents[1] / LADDER
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template(file=str(path), ladder=str(ladder)))
    except FileExistsError:
        raise StudyError(
            f"{path}: a new file was expected, found one that is there already: give another "
            "name, such as `calibration init mine.yaml`"
        ) from None
    except OSError as error:
        raise StudyError(
            f"{path}: a file was to be written there, but it cannot be ({error.strerror}): give "
            "a path in a directory that is there"
        ) from None
