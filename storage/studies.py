"""Study files: YAML on disk to a validated study, a study into the store, and one to begin with."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import StudyError
from calibration.extending import extended
from calibration.study import Study, parsed_study
from calibration.template import template
from storage.store import Store, open_store

STUDIES = "studies"
EXTENDS = "extends"
LADDER = Path("models/ladder")  # from the checkout's root
# Of a study, each alias counted as all that it stands for: a hundred times the largest known.
MOST_VALUES = 100_000
NEVER_WRAPPED = 10_000  # columns: a long path stays on its line


class StudyLoader(yaml.SafeLoader):
    """YAML of values alone in which no key stands twice; plain YAML lets the last win in silence.

    A few aliases of aliases can stand for more than a memory holds, and are refused.
    """

    def get_single_node(self) -> yaml.Node | None:
        root: yaml.Node | None = super().get_single_node()
        if root is not None and _values(root, {}) > MOST_VALUES:
            problem = f"more than {MOST_VALUES:,} values, each alias counted as what it stands for"
            raise yaml.composer.ComposerError(None, None, problem, root.start_mark)
        return root

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in known:
                problem = f"the key {key.value!r} twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            known.add(key.value)
        return super().construct_mapping(node, deep)


def read_study(place: Path | str) -> Study:
    """The study in a file, or in a bucket (s3://bucket/key), with what it extends.

    Raises StudyError: one sentence with file, key and remedy.
    """
    return study_of(_text(str(place)), str(place))


def study_of(text: str, place: str) -> Study:
    """The study that a file at `place` would hold if this were its text. Raises StudyError."""
    return parsed_study(_content(text, place, ()), place)


def _content(text: str, place: str, extending: tuple[str, ...]) -> object:
    """What a file says, and the file that it extends; `extending` are those that led here."""
    content = _yaml(text, place)
    if not isinstance(content, dict) or EXTENDS not in content:
        return content
    other = content.pop(EXTENDS)
    if not isinstance(other, str) or not other:
        raise StudyError(
            f"{place}: `{EXTENDS}`: the path of a study file was expected, found {other!r}: write "
            f"one there, relative to this file, such as `{EXTENDS}: paper.yaml`"
        )
    beside = _beside(place, other)
    if beside in (*extending, place):
        raise StudyError(
            f"{place}: `{EXTENDS}`: another study file was expected, found {other}, which extends "
            "this one: leave it out of one of the two"
        )
    known: Any = _content(_text(beside), beside, (*extending, place))
    if not isinstance(known, dict):
        parsed_study(known, beside)  # says what it is instead of a study
    return extended(known, content)


def _beside(place: str, other: str) -> str:
    """Where a path lies that is relative to a file."""
    if "://" in place:
        return other if "://" in other else f"{place.rpartition('/')[0]}/{other}"
    return os.path.normpath(Path(place).parent / other)


def _yaml(text: str, place: str) -> object:
    try:
        return yaml.load(text, StudyLoader)
    # ValueError: a date such as 2024-13-45
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "it does not parse"
        raise StudyError(
            f"{place}: YAML was expected, found something else{where}: {problem}: "
            "mend that line, or see studies/quickstart.yaml for one to copy"
        ) from error


def _values(node: yaml.Node, counted: dict[int, int]) -> int:
    """How many values a node holds; one that holds itself holds too many."""
    if id(node) not in counted:
        counted[id(node)] = MOST_VALUES  # while it is being counted
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        parts = (one for part in inside for one in (part if isinstance(part, tuple) else (part,)))
        counted[id(node)] = 1 + sum(_values(part, counted) for part in parts)
    return counted[id(node)]


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
