"""Study files: YAML on disk to a validated study, and back into the store as a root."""

from pathlib import Path
from typing import Any

import yaml

from calibration.errors import StudyError
from calibration.study import Study, parsed_study


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


def read_study(path: Path) -> Study:
    """The study in a file. Raises StudyError: one sentence with file, key and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise StudyError(
            f"{path}: a study file was expected, but it cannot be read ({reason}): "
            "give the path of a YAML file such as studies/quickstart.yaml"
        ) from error
    try:
        content = yaml.load(text, UniqueKeys)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "it does not parse"
        raise StudyError(
            f"{path}: YAML was expected, found something else{where}: {problem}: "
            "mend that line, or see studies/quickstart.yaml for one to copy"
        ) from error
    return parsed_study(content, str(path))
