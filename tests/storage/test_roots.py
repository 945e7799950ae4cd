"""Root files: by which study an artifact is wanted."""

import json
from pathlib import Path

import pytest

from calibration.errors import StoreError
from calibration.lineage import Lineage
from storage.local import LocalStore
from storage.resolution import resolved
from storage.roots import ROOTS, read_roots, root_of, write_root
from storage.store import names
from storage.studies import read_study
from studies import model, write_models, write_study


@pytest.fixture
def lineage(tmp_path: Path) -> Lineage:
    write_models(tmp_path, count=1)
    path = write_study(tmp_path, models=[model(0)])
    return resolved(read_study(path), file=str(path))


def test_a_root_names_the_study_and_every_address(lineage: Lineage, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    key = write_root(store, lineage)
    content = json.loads(store.read(key))
    assert content["study"] == lineage.study.model_dump(mode="json")
    assert content["addresses"] == [recipe.address for recipe in lineage.recipes()]
    assert names(store, ROOTS) == [key.removeprefix(f"{ROOTS}/")]


def test_a_root_lies_where_its_study_says_whatever_its_models_hold(
    lineage: Lineage, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "store")
    first = write_root(store, lineage)
    assert write_root(store, lineage._replace(measurements=())) == first
    renamed = lineage.study.model_copy(update={"name": "other"})
    assert write_root(store, lineage._replace(study=renamed)) != first


def test_the_study_run_last_comes_first(lineage: Lineage, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    other = lineage._replace(study=lineage.study.model_copy(update={"name": "other"}))
    for one in (lineage, other, lineage):
        write_root(store, one)
    assert [root.study for root in read_roots(store)] == ["chains", "other"]
    assert read_roots(LocalStore(tmp_path / "empty")) == []


def test_a_root_is_found_by_its_study(lineage: Lineage, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    key = write_root(store, lineage)
    root = root_of(store, lineage.study)
    assert (root.key, root.study) == (key, "chains")
    assert root.of_kind("reports") == [lineage.report.address]
    assert len(root.of_kind("summaries")) == 2


def test_a_study_that_was_never_run_is_a_sentence(lineage: Lineage, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"'chains', as its file is now, .* run it first"):
        root_of(LocalStore(tmp_path), lineage.study)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"study": {}}', b'{"sha256": "0"}'])
def test_a_damaged_root_is_named(tmp_path: Path, content: bytes) -> None:
    store = LocalStore(tmp_path)
    store.write(f"{ROOTS}/one.json", content)
    with pytest.raises(StoreError, match=r"roots/one\.json was expected to name a study"):
        read_roots(store)
