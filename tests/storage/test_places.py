"""What is named at the command line: a path wins, then the hub; anything else is a sentence."""

from pathlib import Path

import pytest

from calibration.errors import ModelError, TextError
from calibration.study import DatasetEntry
from storage.places import model_place, text_place
from storage.texts import source_identity


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str = "words") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found_by(pattern: str) -> str:
    """The content of the files that a study would find by a pattern."""
    source = {"kind": "files", "path": pattern}
    data = {"name": "d", "source": source, "prompt": 1, "continuation": 1, "examples": 1}
    return source_identity(DatasetEntry.model_validate(data), Path("/nowhere")).content


def test_a_directory_is_a_model_by_its_absolute_path(folder: Path) -> None:
    (folder / "models" / "60k").mkdir(parents=True)
    assert model_place("models/60k/")[1:] == ("60k", {"path": str(folder / "models/60k")})


def test_a_gguf_file_is_called_by_its_stem(folder: Path) -> None:
    write(folder / "smol.Q4.gguf")
    assert model_place("smol.Q4.gguf")[1:] == ("smol.Q4", {"path": str(folder / "smol.Q4.gguf")})


def test_what_is_no_path_is_an_id_of_the_hub() -> None:
    assert model_place("Qwen/Qwen2.5-0.5B")[1:] == ("Qwen2.5-0.5B", {"hub": "Qwen/Qwen2.5-0.5B"})
    found = model_place("Qwen/Qwen2.5-0.5B@refs/pr/3")
    assert found.name == "Qwen2.5-0.5B@refs/pr/3"
    assert found.keys == {"hub": "Qwen/Qwen2.5-0.5B", "revision": "refs/pr/3"}


def test_a_path_wins_over_the_hub(folder: Path) -> None:
    (folder / "Qwen" / "Qwen2.5-0.5B").mkdir(parents=True)
    assert "path" in model_place("Qwen/Qwen2.5-0.5B").keys


@pytest.mark.parametrize("given", ["gpt2", "a/b/c", "./models/none", "/none", "a/b.gguf", "a b/c"])
def test_what_is_neither_is_a_sentence(given: str) -> None:
    with pytest.raises(ModelError, match=f"{given}: a directory with a model, a .gguf file or"):
        model_place(given)


def test_a_pattern_that_the_shell_expanded_is_noticed() -> None:
    with pytest.raises(ModelError, match=r"b\.txt: a model was expected, found a file of texts"):
        model_place("b.txt")


def test_a_file_is_found_whatever_its_name_holds(folder: Path) -> None:
    file = write(folder / "[draft] *.txt")
    write(folder / "d of other.txt", "others")
    place = text_place("[draft] *.txt")
    assert place.name == "[draft] *"
    assert found_by(place.pattern) == found_by(str(file.rename(folder / "plain.txt")))


def test_a_folder_is_every_text_file_below_it(folder: Path) -> None:
    write(folder / "texts" / "a.txt", "first")
    write(folder / "texts" / "deep" / "b.txt", "second")
    write(folder / "texts" / "c.md", "third")
    place = text_place("texts")
    assert place.name == "texts"
    both = found_by(place.pattern)
    (folder / "texts" / "c.md").unlink()
    assert found_by(f"{folder}/texts/**/*") == both


def test_a_pattern_is_made_absolute(folder: Path) -> None:
    write(folder / "texts" / "a.txt")
    for given in ("texts/*.txt", f"{folder}/texts/*.txt"):
        place = text_place(given)
        assert (place.name, place.pattern) == ("texts", f"{folder}/texts/*.txt")
    assert text_place("*.txt").name == "texts"


def test_texts_that_are_not_there_are_a_sentence() -> None:
    with pytest.raises(TextError, match=r"none\.txt: texts were expected there, found no such"):
        text_place("none.txt")
