"""Root files: by which study an artifact is wanted."""

import json
from pathlib import Path

import pytest

from calibration.lineage import Lineage
from storage.resolution import resolved
from storage.roots import write_root
from storage.store import Store
from storage.studies import read_study
from studies import model, write_models, write_study


@pytest.fixture
def lineage(tmp_path: Path) -> Lineage:
    write_models(tmp_path, count=1)
    path = write_study(tmp_path, models=[model(0)])
    return resolved(read_study(path), file=str(path))


def test_a_root_names_the_study_and_every_address(lineage: Lineage, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    key = write_root(store, lineage)
    content = json.loads(store.read(key))
    assert content["study"] == lineage.study.model_dump(mode="json")
    assert content["addresses"] == [recipe.address for recipe in lineage.recipes()]
    assert store.names("roots") == [key.removeprefix("roots/")]


def test_a_root_lies_where_its_study_says_whatever_its_models_hold(
    lineage: Lineage, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    first = write_root(store, lineage)
    assert write_root(store, lineage._replace(measurements=())) == first
    renamed = lineage.study.model_copy(update={"name": "other"})
    assert write_root(store, lineage._replace(study=renamed)) != first
