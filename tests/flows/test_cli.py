"""The command line as a person meets it; these need no server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group
from typer.testing import CliRunner

from calibration.conventions import AtEnd, Unit
from calibration.recipes import Precision
from flows.cli import app
from flows.measure_command import measure
from studies import model, write_models, write_study

ROOT = Path(__file__).parents[2]


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


# A plan tells of them, and says what the models cost all the same.
TOLD_BY_A_PLAN = ("missing texts", "a column that is not there")


@pytest.mark.parametrize(
    ("command", "name"),
    [("run", name) for name in BAD]
    + [("plan", name) for name in BAD if name not in TOLD_BY_A_PLAN],
)
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


def test_init_writes_a_study_that_a_plan_accepts(tmp_path: Path) -> None:
    file, store = str(tmp_path / "mine.yaml"), str(tmp_path / "store")
    result = CliRunner().invoke(app, ["init", file])
    assert (result.exit_code, "edit it" in result.stdout) == (0, True)
    planned = CliRunner().invoke(app, ["plan", file, "--store", store])
    assert planned.exit_code == 0, planned.output
    assert "speeches at temperature 1: standard error of EntCE about 0.0" in planned.stdout
    assert "64 examples from 48 source texts" in planned.stdout
    again = CliRunner().invoke(app, ["init", file])
    assert (again.exit_code, "a new file was expected" in again.stderr) == (2, True)


def test_a_comparison_that_cannot_be_written_is_not_made(root: Path, tmp_path: Path) -> None:
    study, store = str(root / "study.yaml"), str(tmp_path / "store")
    for words, sentence in (
        ((study, study), "run it first"),
        ((study, study, "--out", "a.xlsx"), "--out a.xlsx"),
        ((study, str(tmp_path)), "run it first"),
        (("nowhere", study), "nowhere: a study file was expected"),
    ):
        result = CliRunner().invoke(app, ["compare", *words, "--store", store])
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert sentence in result.stderr
        assert "\n" not in result.stderr.strip()


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """Every command by the words it is called with."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands(get_group(app)))


def test_these_are_the_commands() -> None:
    assert set(COMMANDS) == {
        *("add-model", "bridge", "compare", "deploy", "export", "fit", "init", "measure", "plan"),
        *("report", "run", "serve", "theory"),
        *(f"store {name}" for name in ("copy", "ls", "prune", "show", "verify")),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_one_screen_of_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) < 40
    assert f"Example: calibration {name} " in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_every_command(name: str) -> None:
    assert f"`calibration {name}" in (ROOT / "README.md").read_text()


def test_the_choices_of_measure_are_those_of_a_study() -> None:
    choices = get_type_hints(measure)
    for name, known in (("unit", Unit), ("at_end", AtEnd), ("precision", Precision)):
        assert choices[name] == known


def test_help_answers_without_what_takes_seconds_to_import() -> None:
    code = "import sys, flows.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert {"torch", "prefect", "polars", "pydantic", "great_expectations"}.isdisjoint(loaded)
