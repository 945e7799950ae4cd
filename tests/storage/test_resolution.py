"""From a study on disk to its recipes: the same wherever its files and its store lie."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from calibration.errors import ModelError, StudyError, TextError
from calibration.lineage import Lineage
from calibration.recipes import Absent
from storage.local import LocalStore
from storage.resolution import resolved, resolved_as_run, wholly_resolved
from storage.roots import root_of, write_root
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
        wholly_resolved(read_study(copy / "study.yaml"), file="study.yaml")
    (copy / "m0/config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"m0/config\.json: a JSON object was expected"):
        study(copy)  # of the first, where none is left
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


def test_a_model_that_cannot_be_used_is_left_out_and_the_rest_is_as_without_it(
    here: Path, copy: Path
) -> None:
    (copy / "m1/model.safetensors").unlink()
    found = study(copy)
    assert [one.name for one in found.study.models] == ["m0"]
    assert found.absent == (
        Absent(
            model="m1",
            why="safetensors were expected in its directory, found no model.safetensors: copy it "
            "there, or convert the weights with `model.save_pretrained`",
        ),
    )
    write_study(copy, models=[model(0)])
    alone = set(addresses(study(copy)))
    assert set(addresses(found)) - alone == {found.report.address}  # which says who is left out
    assert alone - set(addresses(found)) == {study(copy).report.address}


def test_why_a_model_is_left_out_is_the_same_wherever_its_files_lie(copy: Path) -> None:
    (copy / "m1/model.safetensors").write_bytes(b"cut off")
    first = study(copy).report
    shutil.move(copy, copy.parent / "moved")
    write_study(copy.parent / "moved", models=[model(0), model(1)])
    moved = resolved(read_study(copy.parent / "moved/study.yaml"), file="elsewhere.yaml")
    assert moved.report == first
    (why,) = (one.why for one in moved.absent)
    assert why.startswith("weights were expected in its directory/model.safetensors, but")


UNFIT: dict[str, tuple[dict[str, int | None], dict[str, Any], str]] = {
    "a context that is too short": (
        {"max_position_embeddings": 20},
        {},
        "data set 'letters': `prompt` + `continuation` of at most 20 tokens was expected (the "
        "context of 'm1'), found 4 + 24: make one of them smaller",
    ),
    "no end of text": (
        {"eos_token_id": None},
        {"at_end": "natural"},
        "a model with an end-of-text token was expected under `at_end: natural`, found none in "
        "the configuration of 'm1': use `at_end: continue`",
    ),
}


WITH_CONTEXT = {
    "name": "answers",
    "source": {"kind": "files", "path": "texts.jsonl", "context": "cluster"},
    "prompt": 4,
    "continuation": 8,
    "examples": 9,
}
UNFIT["no chat template"] = (
    {},
    {"datasets": [WITH_CONTEXT]},
    "a chat template was expected with the tokenizer of 'm1', which is asked as a chat model on "
    "data set 'answers', found none: save one beside it as chat_template.jinja, or leave out "
    "`chat`",
)


@pytest.mark.parametrize("name", UNFIT)
def test_a_model_that_a_study_cannot_measure_as_asked_is_left_out(copy: Path, name: str) -> None:
    settings, changes, why = UNFIT[name]
    config = copy / "m1/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))
    write_study(copy, models=[model(0), model(1, chat=name == "no chat template")], **changes)
    assert study(copy).absent == (Absent(model="m1", why=why),)


def test_a_twin_is_left_out_by_its_place_in_the_file(copy: Path) -> None:
    entries = [model(0, name="gone", path="nowhere"), model(0), model(1), model(0, name="again")]
    write_study(copy, models=entries)
    gone, again = study(copy).absent
    assert (gone.model, again.model) == ("gone", "again")
    assert again.why.startswith("`models[4]`: each network was expected once in a family, found")
    assert "already in 'm0'" in again.why


def test_a_study_is_found_as_it_was_run(copy: Path) -> None:
    store = LocalStore(copy / "store")
    asked = read_study(copy / "study.yaml")
    failed = Absent(model="m1", why="of no number")
    as_run = resolved(asked, file="study.yaml", absent=[failed])
    assert as_run.absent == (failed,)
    assert resolved_as_run(asked, store, file="study.yaml") == study(copy)  # it was never run
    write_root(store, study(copy), study=asked)
    write_root(store, as_run, study=asked)
    assert resolved_as_run(asked, store, file="study.yaml") == as_run
    root = root_of(store, asked)
    assert root.absent == (failed,)
    assert root.of_kind("reports") == [as_run.report.address]
    # What was made of it before is hours of work.
    assert set(root.of_kind("samples")) == {one.samples.address for one in study(copy).measurements}
    write_root(store, study(copy), study=asked)
    assert root_of(store, asked).absent == ()
