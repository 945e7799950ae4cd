"""Adding a model to a study file: one line more, and not a byte less."""

from pathlib import Path

import pytest
import yaml

from calibration.errors import StudyError
from calibration.study import ModelEntry
from storage.studies import read_study
from storage.study_edits import add_model, with_model

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.yaml"))
NEW = ModelEntry(name="new: one", path="models/new", family="a", chat=True)
LINE = "- {name: 'new: one', family: a, path: models/new, chat: true}\n"
REST = """datasets:
  - name: letters
    source: {kind: files, path: t.txt}   # a comment
    prompt: 4
    continuation: 8
    examples: 16
"""


def written(tmp_path: Path, models: str) -> Path:
    path = tmp_path / "s.yaml"
    path.write_bytes(f"# first\nname: mine\n{models}{REST}".encode())
    return path


@pytest.mark.parametrize(
    ("models", "after"),
    [
        ("models:\n  - {name: m, path: m, family: a}  # it\n", "  "),
        ("models:\n- {name: m, path: m, family: a}\n# next\n\n", ""),
        ("models:\n    - name: m\n      family: a\n      path: m   # there\n\n", "    "),
        ("models:\n  - {name: m, path: m,\n     family: a}\n", "  "),
        ("models:\n  - name: m\n    path: m\n    family: >-\n      a\n", "  "),
        ("models:\n  - name: m\n    path: m\n    family: a\n    decodings:\n    - {}\n", "  "),
    ],
)
def test_a_line_is_added_after_the_last_model_and_nothing_else_changes(
    tmp_path: Path, models: str, after: str
) -> None:
    path = written(tmp_path, models)
    before = path.read_text()
    add_model(path, NEW)
    found = path.read_text()
    assert found.replace(f"{after}{LINE}", "", 1) == before
    assert [one.name for one in read_study(path).models] == ["m", "new: one"]


@pytest.mark.parametrize("study", STUDIES, ids=lambda one: one.name)
def test_so_it_is_with_every_study_of_the_project_that_lists_models(study: Path) -> None:
    text = study.read_text()
    if "\nmodels:" not in text:
        with pytest.raises(StudyError, match="a list `models` with a line for each model was"):
            with_model(text, {"name": "new"}, file=str(study))
        return
    found = with_model(text, {"name": "new", "path": "p", "family": "f"}, file=str(study))
    before, after = yaml.safe_load(text), yaml.safe_load(found)
    assert after.pop("models") == [
        *before.pop("models"),
        {"name": "new", "path": "p", "family": "f"},
    ]
    assert after == before
    lines = found.splitlines(keepends=True)
    lines.remove("  - {name: new, path: p, family: f}\n")
    assert "".join(lines) == text


def test_the_ends_of_lines_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    text = f"name: mine\n{REST}models:\n  - {{name: m, path: m, family: a}}"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    add_model(path, NEW)
    assert path.read_bytes() == f"{text}\n  {LINE}".replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("models", "entry", "said"),
    [
        ("models: [{name: m, path: m, family: a}]\n", NEW, "a list `models` with a line for each"),
        ("models: []\n", NEW, "a list `models` with a line for each model was expected"),
        ("models:\n  - {name: 'new: one', path: m, family: a}\n", NEW, "was expected once"),
        ("modles:\n  - {name: m, path: m, family: a}\n", NEW, "a list `models` with a line"),
    ],
)
def test_what_cannot_be_added_is_a_sentence_and_the_file_stays(
    tmp_path: Path, models: str, entry: ModelEntry, said: str
) -> None:
    path = written(tmp_path, models)
    before = path.read_bytes()
    with pytest.raises(StudyError, match=said):
        add_model(path, entry)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["s.yaml"]


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="a study file on this machine was expected"):
        add_model(tmp_path / "none.yaml", NEW)


def test_yaml_that_does_not_parse_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: [1, 2")
    with pytest.raises(StudyError, match="YAML was expected, found something else"):
        add_model(path, NEW)
