"""Studies that are written: into the store, readable and where their content says, and to edit."""

from pathlib import Path

import pytest
from made_up_store import study_of

from calibration.errors import StudyError
from storage.local import LocalStore
from storage.store import names
from storage.studies import read_study, write_study, write_template


def test_a_written_study_is_read_as_it_was(tmp_path: Path) -> None:
    study = study_of("größer: #1", ["small", "large"])
    path = write_study(LocalStore(tmp_path), study, comments=["first", "second"])
    assert read_study(path) == study
    text = Path(path).read_text()
    assert text.startswith("# first\n# second\nname: ")
    assert "größer" in text
    assert "trained_until" not in text
    assert Path(path).parent == tmp_path / "studies"


def test_its_place_follows_from_its_content_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first = write_study(store, study_of("../../a", ["small"]), comments=[])
    assert write_study(store, study_of("../../a", ["small"]), comments=[]) == first
    assert write_study(store, study_of("../../a", ["large"]), comments=[]) != first
    assert len(names(store, "studies")) == 2


def test_a_study_to_begin_with_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_template(Path("mine.yaml"))
    study = read_study(Path("mine.yaml"))
    assert all((Path(str(model.path)) / "config.json").is_file() for model in study.models)


def test_in_the_checkout_its_paths_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    write_template(tmp_path / "mine.yaml")
    assert read_study(tmp_path / "mine.yaml").models[0].path == "models/ladder/60k"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("mine")
    with pytest.raises(StudyError, match=r"study\.yaml: a new file was expected, found one"):
        write_template(path)
    assert path.read_text() == "mine"


def test_a_directory_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot be \(No such file or directory\): give a path"):
        write_template(tmp_path / "none" / "study.yaml")
