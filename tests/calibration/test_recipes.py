"""Addresses: what moves them, what does not, and that they are today what they were."""

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from one_field import changed_here, changed_in_one_field
from pydantic import ValidationError
from small_recipes import (
    ALL,
    EXAMPLES,
    FIT,
    REPORT,
    SAMPLES,
    SOURCE,
    SUMMARY,
    TEXTS,
    THEORY,
    changed,
    variants,
)

from calibration.engine.decoding import Decoding
from calibration.recipes import ModelIdentity, Recipe, TextsRecipe, canonical_json

GOLDEN = Path(__file__).with_name("golden_addresses.json")
ROOT = Path(__file__).parents[2]


def recipes() -> dict[str, Recipe]:
    """Those named one by one, and every recipe with each of its fields changed."""
    each = {
        f"each {recipe.KIND}.{place}": changed_recipe
        for recipe in ALL
        for place, changed_recipe in changed_here(recipe)
    }
    return variants() | each


def addresses() -> dict[str, str]:
    return {name: recipe.address for name, recipe in recipes().items()}


def test_addresses_are_those_of_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert len(golden) >= 100
    kinds = {name.removeprefix("each ").partition(".")[0] for name in golden}
    assert kinds == {recipe.KIND for recipe in ALL}
    assert addresses() == golden


def test_every_kind_of_recipe_is_tried() -> None:
    assert {type(recipe) for recipe in ALL} == set(kinds_of(Recipe))


def kinds_of(base: type[Recipe]) -> list[type[Recipe]]:
    """Every class of the recipes' own module that has a kind."""
    below = [kind for one in base.__subclasses__() for kind in kinds_of(one)]
    own = base.__module__ == Recipe.__module__ and hasattr(base, "KIND")
    return [base, *below] if own else below


def test_no_two_recipes_that_differ_in_a_field_share_an_address() -> None:
    named = {name: recipe.address for name, recipe in variants().items()}
    for (name, address), (other, another) in combinations(named.items(), 2):
        assert address != another, f"{name} and {other}"


def test_each_field_of_a_recipe_and_of_all_it_comes_from_moves_its_address() -> None:
    found = {recipe.address: recipe.KIND for recipe in ALL}
    for recipe in ALL:
        for place, other in changed_in_one_field(recipe):
            name = f"{recipe.KIND}.{place}"
            assert other.address not in found, f"{name} and {found.get(other.address)}"
            found[other.address] = name
    assert len(found) > 300


def test_equal_recipes_share_an_address_and_compare_equal() -> None:
    for recipe in ALL:
        again = changed(recipe)
        assert again is not recipe
        assert again.address == recipe.address
        assert again == recipe
        assert hash(again) == hash(recipe)


def test_a_whole_number_and_the_same_number_are_one_decoding() -> None:
    whole = changed(SAMPLES, decoding=Decoding(temperature=1))
    assert whole == SAMPLES
    assert whole.address == SAMPLES.address


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_computes_the_same_addresses(seed: str) -> None:
    program = "import json, test_recipes;print(json.dumps(test_recipes.addresses()))"
    places = (ROOT, ROOT / "tests", Path(__file__).parent)
    environment = os.environ | {
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join(str(place) for place in places),
    }
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert json.loads(found.stdout) == addresses()


def other_pythons() -> list[str]:
    """Interpreters of other versions, on PATH or installed beside this one."""
    beside = Path(sys.base_prefix).parent.glob("*/bin/python3.*[0-9]")
    named = (shutil.which(f"python3.{minor}") for minor in range(9, 20))
    found = {str(place) for place in (*beside, *named) if place is not None and runs(place)}
    return sorted(found)


def runs(python: Path | str) -> bool:
    """Whether that is another version than this one, and one that this code may meet."""
    program = "import sys; print(*sys.version_info[:2])"
    found = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    version = tuple(int(part) for part in found.stdout.split())
    return found.returncode == 0 and version >= (3, 9) and version != sys.version_info[:2]


def source_of_canonical_json() -> str:
    """The function and what it names, out of a module that needs more than the standard library."""
    statements = ast.parse(Path(str(inspect.getsourcefile(canonical_json))).read_text()).body
    named = {"CANONICAL", "canonical_json"}
    found = [
        ast.unparse(one)
        for one in statements
        if (isinstance(one, ast.AnnAssign) and ast.unparse(one.target) in named)
        or (isinstance(one, ast.FunctionDef) and one.name in named)
    ]
    return "\n".join(found)


@pytest.mark.skipif(not other_pythons(), reason="no other version of Python is installed")
def test_another_version_of_python_computes_the_same_addresses() -> None:
    # With the standard library alone, which is all that canonical JSON and its digest need.
    program = (
        f"import hashlib, json, sys\nfrom typing import Final\n{source_of_canonical_json()}\n"
        "for line in sys.stdin:\n"
        "    digest = hashlib.sha256(canonical_json(json.loads(line)).encode()).hexdigest()\n"
        "    print(digest)\n"
    )
    described = "\n".join(json.dumps(recipe.canonical) for recipe in recipes().values())
    for python in other_pythons():
        found = subprocess.run(
            [python, "-c", program], input=described, capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == [recipe.digest for recipe in recipes().values()], python


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
    assert THEORY.parents == (EXAMPLES, EXAMPLES)
    assert REPORT.parents == (REPORT.study_fit, THEORY)


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
