"""From a study on disk to its recipes: the same wherever its files and its store lie."""

import shutil
from pathlib import Path

import pytest

from calibration.errors import ModelError, StudyError, TextError
from calibration.lineage import Lineage
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_models, write_study


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, texts and a study."""
    root = tmp_path_factory.mktemp("here")
    write_models(root, count=2)
    write_study(root, models=[model(0), model(1)])
    return root


@pytest.fixture
def copy(here: Path, tmp_path: Path) -> Path:
    """The same elsewhere."""
    shutil.copytree(here, tmp_path / "copy")
    write_study(tmp_path / "copy", models=[model(0), model(1)])
    return tmp_path / "copy"


def study(root: Path) -> Lineage:
    return resolved(read_study(root / "study.yaml"), file="study.yaml")


def addresses(lineage: Lineage) -> list[str]:
    return [recipe.address for recipe in lineage.recipes()]


def test_paths_and_root_never_change_an_address(here: Path, copy: Path) -> None:
    (copy / "deep").mkdir()
    (copy / "texts.jsonl").rename(copy / "deep/renamed.jsonl")
    (copy / "m0").rename(copy / "deep/moved")
    text = (copy / "study.yaml").read_text()
    moved = text.replace("texts.jsonl", "deep/*.jsonl").replace("path: m0", "path: deep/moved")
    (copy / "study.yaml").write_text(moved)
    assert addresses(study(copy)) == addresses(study(here))


def test_absolute_and_relative_paths_are_the_same(
    here: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy)
    path = copy / "study.yaml"
    absolute = path.read_text().replace("path: m0", f"path: {copy / 'm0'}")
    path.write_text(absolute.replace(f"root: {copy}", "root: ."))
    assert read_study(path).root == "."
    assert addresses(study(copy)) == addresses(study(here))


def test_a_changed_text_moves_everything(here: Path, copy: Path) -> None:
    with (copy / "texts.jsonl").open("a") as file:
        file.write('{"text": "abcabcabc", "cluster": "new"}\n')
    assert set(addresses(study(copy))).isdisjoint(addresses(study(here)))


def test_a_changed_model_leaves_texts_examples_and_the_other_model(here: Path, copy: Path) -> None:
    config = copy / "m0/config.json"
    config.write_text(config.read_text().replace('"use_cache": true', '"use_cache": false'))
    kept = set(addresses(study(copy))) & set(addresses(study(here)))
    kinds = sorted(address.partition("/")[0] for address in kept)
    measured = 2 * ["samples", "scores", "summaries"]
    assert kinds == sorted(["texts", "examples", "theories", *measured])


def test_a_data_set_under_another_name_moves_only_what_prints_it(here: Path, copy: Path) -> None:
    path = copy / "study.yaml"
    path.write_text(path.read_text().replace("name: letters", "name: others"))
    moved = set(addresses(study(copy))) - set(addresses(study(here)))
    assert {address.partition("/")[0] for address in moved} == {
        "fits",
        "study-fits",
        "theories",
        "reports",
    }


def test_what_cannot_be_used_is_met_before_anything_is_made(copy: Path) -> None:
    (copy / "m1/model.safetensors").unlink()
    with pytest.raises(ModelError, match="model 'm1': safetensors were expected in"):
        study(copy)
    (copy / "texts.jsonl").write_text("{broken")
    with pytest.raises(TextError, match=r"texts\.jsonl: a jsonl file was expected"):
        study(copy)
    (copy / "texts.jsonl").unlink()
    with pytest.raises(TextError, match="data set 'letters': files were expected at"):
        study(copy)
    assert {path.name for path in copy.iterdir()} == {"m0", "m1", "study.yaml"}


def test_a_window_beyond_the_context_names_the_file(copy: Path) -> None:
    path = copy / "study.yaml"
    path.write_text(path.read_text().replace("continuation: 24", "continuation: 509"))
    with pytest.raises(
        StudyError, match=r"^study\.yaml: data set 'letters': .* found 4 \+ 509: make"
    ):
        study(copy)
