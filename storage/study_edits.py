"""A study file with one model more, and everything else in it as it was, comments and all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from calibration.errors import StudyError
from calibration.study import ModelEntry
from storage.studies import NEVER_WRAPPED, study_of

MODELS = "models"


def add_model(path: Path, entry: ModelEntry) -> None:
    """Add a model to the list of a study file, which stays as it is in every other byte.

    Raises StudyError, and changes nothing, where the study with the model would be none.
    """
    before = _read(path)
    after = with_model(before, entry.model_dump(exclude_unset=True), file=str(path))
    study_of(after, str(path))
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(after, encoding="utf-8", newline="")
    aside.chmod(path.stat().st_mode)
    aside.replace(path)


def with_model(text: str, entry: Mapping[str, Any], *, file: str) -> str:
    """The text of a study with a line after its last model. Raises StudyError."""
    models = _models(text, file)
    line = _last_line(models.value[-1])
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[line].endswith("\n"):
        lines[line] += ending
    said = yaml.safe_dump(
        dict(entry), default_flow_style=True, sort_keys=False, allow_unicode=True,
        width=NEVER_WRAPPED,
    )  # fmt: skip
    lines.insert(line + 1, f"{' ' * models.start_mark.column}- {said.strip()}{ending}")
    return "".join(lines)


def _models(text: str, file: str) -> yaml.SequenceNode:
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        study_of(text, file)  # says where it does not parse
        raise
    keys = root.value if isinstance(root, yaml.MappingNode) else []
    found = next((value for key, value in keys if key.value == MODELS), None)
    if not isinstance(found, yaml.SequenceNode) or found.flow_style or not found.value:
        raise StudyError(
            f"{file}: a list `{MODELS}` with a line for each model was expected in this file, "
            "found none: write the models there, each after a dash on a line of its own"
        )
    return found


def _last_line(node: yaml.Node) -> int:
    """The last line on which a node stands, from 0."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    mark = node.end_mark
    # A text of several lines ends where the next line begins.
    return int(mark.line if mark.column else mark.line - 1)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{path}: a study file on this machine was expected, but it cannot be read ({error}): "
            "give the path of a YAML file such as studies/quickstart.yaml"
        ) from error
