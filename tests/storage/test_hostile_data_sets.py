"""Data sets as a stranger could upload them: no code of theirs runs, and no other file is read."""

from pathlib import Path

import datasets
import pytest

from calibration.errors import TextError
from calibration.study import DatasetEntry
from storage.texts import check_source

SECRET = "what nobody may read in a report"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """What is there once something ran that must not."""
    return tmp_path / "ran"


def uploaded(root: Path, card: str, **files: str) -> Path:
    """A directory laid out as a data set of the hub."""
    directory = root / "there/set"
    directory.mkdir(parents=True)
    (root / "secret.txt").write_text(SECRET)
    for name, content in {"README.md": card, "train.txt": "a line", **files}.items():
        (directory / name).write_text(content)
    return directory


def refusal(root: Path, name: str = "there/set") -> str:
    source = {"kind": "hub", "dataset": name}
    fields = {"name": "d", "source": source, "prompt": 1, "continuation": 1, "examples": 9}
    with pytest.raises(TextError) as caught:
        check_source(DatasetEntry.model_validate(fields), root)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def card(path: object) -> str:
    """A card whose one split is read from a path."""
    files = f"data_files: [{{split: train, path: {path}}}]"
    return f"---\nconfigs:\n- {{config_name: default, {files}}}\n---\n"


@pytest.mark.parametrize("path", ["../../secret.txt", "{root}/secret.txt", "file://{root}/*.txt"])
def test_a_data_set_cannot_name_other_files_of_this_machine(tmp_path: Path, path: str) -> None:
    uploaded(tmp_path, card(path.format(root=tmp_path)))
    said = refusal(tmp_path)
    assert "data set 'd': files of its own were expected in there/set, found that its" in said
    assert "secret.txt: take that out" in said


def test_a_directory_beside_it_is_not_its_own_for_having_a_longer_name(tmp_path: Path) -> None:
    directory = uploaded(tmp_path, card("../settled/secret.txt"))
    (directory.parent / "settled").mkdir()
    (directory.parent / "settled/secret.txt").write_text(SECRET)
    assert "files of its own were expected" in refusal(tmp_path)


def test_an_address_is_not_asked(tmp_path: Path) -> None:
    uploaded(tmp_path, card("http://127.0.0.1:9/train.txt"))
    assert "rows were expected in there/set, but it cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["set.py", "there.py"])
def test_a_script_beside_the_rows_is_not_run(tmp_path: Path, mark: Path, name: str) -> None:
    uploaded(tmp_path, "", **{name: f"open({str(mark)!r}, 'w')\n"})
    source = {"kind": "hub", "dataset": "there/set"}
    fields = {"name": "d", "source": source, "prompt": 1, "continuation": 1, "examples": 9}
    if name == "set.py":
        assert "scripts are no longer supported" in refusal(tmp_path)
    else:
        check_source(DatasetEntry.model_validate(fields), tmp_path)
    assert not mark.exists()


def test_a_card_calls_nothing(tmp_path: Path, mark: Path) -> None:
    call = f"!!python/object/apply:os.system ['touch {mark}']"
    uploaded(tmp_path, f"---\nconfigs: {call}\n---\n")
    refusal(tmp_path)
    assert not mark.exists()


def test_pickled_rows_are_not_rows(tmp_path: Path) -> None:
    directory = uploaded(tmp_path, "")
    (directory / "train.txt").unlink()
    for name in ("train.pkl", "train.pickle", "train.npy"):
        (directory / name).write_bytes(b"\x80\x04.")
    assert "it cannot be read" in refusal(tmp_path)
