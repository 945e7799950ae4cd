"""`calibration add-model`: a line more in the file, the model looked at first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner, Result

from flows.announcing import as_workers_name
from flows.cli import app
from storage.studies import read_study
from studies import model, write_models, write_study


@pytest.fixture(autouse=True)
def no_server() -> Iterator[None]:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


def added(study: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["add-model", str(study), *options])


def test_a_model_is_added_and_the_comments_stay(tmp_path: Path) -> None:
    write_models(tmp_path, count=2)
    study = write_study(tmp_path, models=[model(0)])
    study.write_text(f"# mine\n{study.read_text()}")
    done = added(study, "m1", "--path", "m1", "--family", "chains", "--tokens", "7")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{study}: m1 added\nNext: calibration run {study}\n"
    assert study.read_text().startswith("# mine\n")
    entry = read_study(study).models[-1]
    assert (entry.name, entry.path, entry.family, entry.tokens) == ("m1", "m1", "chains", 7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("m1", "--path", "nowhere", "--family", "f"), "model 'm1': a directory with config.json"),
        (("m0", "--path", "m1", "--family", "f"), "every name under `models` was expected once"),
        (("m1", "--family", "f"), "exactly one of `path` and `hub` was expected, found neither"),
        (("m1", "--path", "m1", "--family", ""), "`family`: a name of one character or more"),
    ],
)
def test_what_cannot_be_added_is_a_sentence_and_the_file_stays(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    write_models(tmp_path, count=2)
    study = write_study(tmp_path, models=[model(0)])
    before = study.read_text()
    done = added(study, *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert study.read_text() == before


def test_workers_are_told_of_a_study_by_a_name_that_they_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "mine.yaml"
    (checkout / "studies").mkdir(parents=True)
    monkeypatch.chdir(checkout / "studies")
    assert as_workers_name(Path("mine.yaml"), checkout=checkout) == "studies/mine.yaml"
    monkeypatch.chdir(tmp_path)
    assert as_workers_name(Path("mine.yaml"), checkout=checkout) == str(elsewhere)
