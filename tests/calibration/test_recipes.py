"""Addresses: what moves them, what does not, and that they are today what they were."""

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from pydantic import ValidationError
from small_recipes import ALL, FIT, REPORT, SAMPLES, SOURCE, SUMMARY, TEXTS, changed, variants

from calibration.recipes import ModelIdentity, Recipe, TextsRecipe, canonical_json

GOLDEN = Path(__file__).with_name("golden_addresses.json")
ROOT = Path(__file__).parents[2]


def addresses() -> dict[str, str]:
    return {name: recipe.address for name, recipe in variants().items()}


def test_addresses_are_those_of_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert len(golden) >= 20
    assert {name.partition(".")[0] for name in golden} == {recipe.KIND for recipe in ALL}
    assert addresses() == golden


def test_no_two_recipes_that_differ_in_a_field_share_an_address() -> None:
    for (name, address), (other, another) in combinations(addresses().items(), 2):
        assert address != another, f"{name} and {other}"


def test_equal_recipes_share_an_address_and_compare_equal() -> None:
    for recipe in ALL:
        again = changed(recipe)
        assert again is not recipe
        assert again.address == recipe.address
        assert again == recipe
        assert hash(again) == hash(recipe)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_computes_the_same_addresses(seed: str) -> None:
    program = (
        "import json, small_recipes as s;"
        "print(json.dumps({name: one.address for name, one in s.variants().items()}))"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert json.loads(found.stdout) == addresses()


def test_an_address_is_its_kind_and_its_digest() -> None:
    for recipe in ALL:
        kind, shelf, digest = recipe.address.split("/")
        assert (kind, shelf, digest) == (recipe.KIND, recipe.digest[:2], recipe.digest)
        assert len(digest) == 64


def test_unset_options_are_left_out_so_that_a_new_one_moves_nothing() -> None:
    class WithOption(TextsRecipe):
        languages: str | None = None

    fields = {name: getattr(TEXTS, name) for name in type(TEXTS).model_fields}
    assert WithOption(**fields).address == TEXTS.address
    assert WithOption(**fields, languages="en").address != TEXTS.address
    unset = changed(TEXTS, source=changed(SOURCE, split=None, column=None, cluster=None))
    assert unset.canonical["fields"] == {
        "source": {"kind": "files", "content": "c0"},
        "span_bytes": 96,
        "examples": 16,
        "seed": 0,
    }


def test_a_version_is_part_of_the_address() -> None:
    class Later(TextsRecipe):
        VERSION = TextsRecipe.VERSION + 1

    later = Later(**{name: getattr(TEXTS, name) for name in type(TEXTS).model_fields})
    assert later.address != TEXTS.address


def test_what_a_recipe_comes_from_moves_it() -> None:
    other = changed(TEXTS, seed=1)
    examples = changed(SAMPLES.examples, texts=other)
    samples = changed(SAMPLES, examples=examples)
    assert samples.address != SAMPLES.address
    assert changed(SUMMARY, samples=samples).address != SUMMARY.address


def test_parents_are_the_recipes_of_the_fields_in_order() -> None:
    assert TEXTS.parents == ()
    assert SUMMARY.parents == (SUMMARY.samples, SUMMARY.scores)
    assert FIT.parents == (SUMMARY,)
    assert REPORT.parents == (REPORT.study_fit,)


def test_what_has_no_stable_form_is_refused() -> None:
    class Odd(Recipe):
        KIND = "odd"
        VERSION = 1
        value: object

    for value in ({"a": 1}, object(), len, float("nan"), float("inf"), [1], b"x"):
        with pytest.raises(TypeError, match="has no stable form"):
            _ = Odd(value=value).address


def test_a_misspelt_field_and_a_late_change_are_errors() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        changed(TEXTS, sede=1)
    with pytest.raises(ValidationError, match="frozen"):
        TEXTS.seed = 1  # type: ignore[misc]


def test_a_source_is_named_by_its_content_and_how_it_is_read() -> None:
    read_otherwise = [changed(SOURCE, **{name: "x"}) for name in ("content", "column", "cluster")]
    digests = {one.digest for one in (SOURCE, *read_otherwise)}
    assert len(digests) == 4


def test_canonical_json_has_one_text_for_a_value() -> None:
    assert canonical_json({"b": 1, "a": ["é", 0.1]}) == '{"a":["\\u00e9",0.1],"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_precision_is_identity_and_labels_are_not_fields_of_what_is_measured() -> None:
    assert set(ModelIdentity.model_fields) == {"weights", "precision"}
    labels = {"name", "family", "parameters", "path", "root", "device", "batch"}
    for recipe in (TEXTS, SAMPLES.examples, SAMPLES, SUMMARY.scores, SUMMARY):
        assert labels.isdisjoint(type(recipe).model_fields)
