"""Recipes come back out of the store as they went in, or not at all."""

import json
from pathlib import Path

import pytest
from made_up_store import member, put_study
from made_up_summaries import summary
from small_recipes import ALL, REPORT, SUMMARY

from calibration.errors import StoreError
from calibration.recipes import ReportRecipe, SummaryRecipe
from storage.ancestry import recipe_at
from storage.holdings import ORDER
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.roots import read_roots


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    found = LocalStore(tmp_path)
    put_study(found, [member("small", SUMMARY)], {SUMMARY: summary(["a"], entropy=[2.0])})
    return found


def test_a_recipe_comes_back_with_its_whole_ancestry(store: LocalStore) -> None:
    [address] = read_roots(store)[0].of_kind("reports")
    found = recipe_at(store, address)
    assert isinstance(found, ReportRecipe)
    assert found.study_fit.fits[0].members[0].summary == SUMMARY
    assert found.address == address


def test_what_is_not_there_is_a_sentence(store: LocalStore) -> None:
    with pytest.raises(StoreError, match="is not there: run the study again"):
        recipe_at(store, REPORT.address)


def test_an_ancestor_that_is_gone_is_named(store: LocalStore) -> None:
    store.remove(manifest_key(SUMMARY.samples.address))
    with pytest.raises(StoreError, match=SUMMARY.samples.address):
        recipe_at(store, SUMMARY.address)


def test_another_version_is_not_mistaken_for_this_one(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SummaryRecipe, "VERSION", SummaryRecipe.VERSION + 1)
    with pytest.raises(StoreError, match="of another version"):
        recipe_at(store, SUMMARY.address)


def test_a_damaged_manifest_is_not_believed(store: LocalStore) -> None:
    key = manifest_key(SUMMARY.address)
    fields = json.loads(store.read(key))
    fields["recipe"]["fields"]["samples"] = "nonsense"
    store.write(key, json.dumps(fields).encode())
    with pytest.raises(StoreError, match="damaged"):
        recipe_at(store, SUMMARY.address)


def test_every_kind_of_artifact_has_its_place_in_a_listing() -> None:
    assert set(ORDER) == {recipe.KIND for recipe in ALL}
