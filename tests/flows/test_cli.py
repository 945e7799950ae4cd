"""The command line as a person meets it; these need no server."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from studies import model, write_models, write_study


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad")
    write_models(path, count=1)
    write_study(path, models=[model(0)])
    return path


def broken(root: Path, tmp_path: Path, change: Any) -> Path:  # noqa: ANN401
    """A study file with one thing wrong: text to write, or a function that spoils the mapping."""
    path = tmp_path / "study.yaml"
    if isinstance(change, str):
        path.write_text(change)
        return path
    study = yaml.safe_load((root / "study.yaml").read_text())
    change(study)
    path.write_text(yaml.safe_dump(study))
    return path


def put(*keys: str | int, value: object) -> Any:  # noqa: ANN401
    def change(study: Any) -> None:  # noqa: ANN401
        for key in keys[:-1]:
            study = study[key]
        study[keys[-1]] = value

    return change


BAD = {
    "misspelt key": (put("models", 0, "familly", value="x"), "`models[1].familly`", "`family`"),
    "missing model": (put("models", 0, "path", value="nowhere"), "model 'm0'", "`path`"),
    "missing texts": (
        put("datasets", 0, "source", "path", value="no/*.txt"),
        "'letters'",
        "source.path",
    ),
    "prompt beyond the context": (put("datasets", 0, "prompt", value=500), "letters", "smaller"),
    "temperature of zero": (put("decodings", 0, "temperature", value=0), "decodings[1]", "above 0"),
    "zero examples": (
        put("datasets", 0, "examples", value=0),
        "datasets[1].examples",
        "above 0",
    ),
    "no models": (put("models", value=[]), "`models`", "add one"),
    "no decodings": (put("decodings", value=[]), "`decodings`", "add one"),
    "not YAML": ("name: [unclosed", "study.yaml", "mend"),
    "a list": ("- 1\n- 2\n", "study.yaml", "mapping"),
    "a column that is not there": (
        put("datasets", 0, "source", "column", value="words"),
        "texts.jsonl",
        "source.column",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_bad_input_is_one_sentence_and_exit_code_two(
    root: Path, tmp_path: Path, name: str, command: str
) -> None:
    change, *words = BAD[name]
    study = broken(root, tmp_path, change)
    store = tmp_path / "store"
    result = CliRunner().invoke(app, [command, str(study), "--store", str(store)])
    assert result.exit_code == 2
    assert result.stdout == ""
    sentence = result.stderr.strip()
    assert "\n" not in sentence
    assert sentence.startswith("calibration: ")
    assert all(word in sentence for word in words), sentence
    assert not store.exists()


def test_a_missing_study_file_is_a_sentence() -> None:
    result = CliRunner().invoke(app, ["run", "nowhere.yaml"])
    assert result.exit_code == 2
    assert "nowhere.yaml: a study file was expected" in result.stderr


def test_plan_lists_everything_as_missing_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    study = str(root / "study.yaml")
    result = CliRunner().invoke(app, ["plan", study, "--store", str(store)])
    assert result.exit_code == 0
    assert "samples" in result.stdout
    assert "2 missing" in result.stdout
    assert not store.exists()


def test_a_report_that_was_never_made_says_what_to_do(root: Path, tmp_path: Path) -> None:
    study = str(root / "study.yaml")
    for command in (["report", study], ["export", study, "--out", str(tmp_path / "out")]):
        result = CliRunner().invoke(app, [*command, "--store", str(tmp_path / "store")])
        assert result.exit_code == 2
        assert "run it first" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "plan", "export", "report", "store", "store verify"])
def test_every_command_has_one_screen_of_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) < 40
    assert "Example:" in result.stdout or command == "store"
