"""How far artifacts have come, from a catalogue and a listing of what was begun."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from small_recipes import EXAMPLES, MODEL, SAMPLES, SCORES, TEXTS, changed

from calibration.recipes import Recipe
from storage.catalogue import catalogue
from storage.drafts import Draft
from storage.entries import Entry
from storage.local import LocalStore
from storage.manifests import begun_key, manifest_key
from storage.standing import Standing, standing

ROWS = 130  # three parts


class Listed(LocalStore):
    """A store that remembers what was listed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed: list[str] = []

    def entries(self, prefix: str) -> Iterator[Entry]:
        self.listed.append(prefix)
        return super().entries(prefix)


def rows(count: int, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame({"example": range(first, first + count)})


def put(store: LocalStore, recipe: Recipe, *, count: int = ROWS, first: int = 0) -> None:
    draft = Draft(store, recipe)
    draft.seal([draft.write_table(rows(count, first), table=recipe.KIND)], title=recipe.KIND)


@pytest.fixture
def store(tmp_path: Path) -> Listed:
    """Texts and the examples of them."""
    found = Listed(tmp_path)
    put(found, TEXTS)
    put(found, EXAMPLES)
    return found


def of(recipe: Recipe, store: LocalStore) -> Standing:
    return standing(recipe, catalogue(store), store)


def test_what_has_a_manifest_is_complete(store: Listed) -> None:
    put(store, SAMPLES)
    found = of(SAMPLES, store)
    assert (found.state, found.parts_made, found.parts, found.rows) == ("complete", 3, 3, 0)
    assert found.parents == (EXAMPLES.address,)


def test_what_is_not_there_lacks_every_row_of_its_examples(store: Listed) -> None:
    assert of(SAMPLES, store) == Standing("missing", 3, 0, ROWS)


def test_before_its_examples_are_there_it_lacks_as_many_as_are_asked(store: Listed) -> None:
    other = changed(SAMPLES, examples=changed(EXAMPLES, prompt=5))
    assert of(other, store).rows == TEXTS.examples


def test_parts_that_lie_there_count_once_each(store: Listed) -> None:
    draft = Draft(store, SAMPLES)
    draft.write_table(rows(64), table="samples", index=0)
    draft.write_table(rows(64, first=7), table="samples", index=0)  # of a run at the same time
    draft.write_table(rows(64), table="samples", index=1)
    draft.write_table(rows(5), table="replay")
    found = of(SAMPLES, store)
    assert (found.state, found.parts_made, found.parts, found.rows) == ("partial", 2, 3, 2)


def test_a_mark_without_parts_is_nothing_yet(store: Listed) -> None:
    store.create(begun_key(SAMPLES.address), b"")
    assert of(SAMPLES, store).state == "missing"


def test_what_is_made_in_one_piece_is_never_partial(store: Listed) -> None:
    other = changed(TEXTS, seed=1)
    Draft(store, other).write_table(rows(64), table="texts")
    assert of(other, store) == Standing("missing", 1, 0, 0)


def test_other_parents_than_it_was_made_from_make_it_missing(store: Listed) -> None:
    put(store, SAMPLES)
    store.remove(manifest_key(EXAMPLES.address))
    put(store, EXAMPLES, first=1)
    found = of(SAMPLES, store)
    assert (found.state, found.rows) == ("missing", ROWS)
    assert found.fault == "made from other examples than lie here"


def test_a_parent_that_is_gone_leaves_it_complete(store: Listed) -> None:
    put(store, SAMPLES)
    store.remove(manifest_key(EXAMPLES.address))
    assert of(SAMPLES, store).state == "complete"


def test_a_damaged_manifest_is_named(store: Listed) -> None:
    put(store, SAMPLES)
    store.write(manifest_key(SAMPLES.address), b"{}")
    found = of(SAMPLES, store)
    assert (found.state, found.fault) == ("missing", "its manifest is damaged")


def test_only_what_was_begun_is_listed(store: Listed) -> None:
    put(store, SAMPLES)
    Draft(store, SCORES).write_table(rows(64), table="scores")
    known = catalogue(store)
    store.listed.clear()
    other = changed(SAMPLES, model=changed(MODEL, weights="w1"))
    for recipe in (TEXTS, EXAMPLES, SAMPLES, SCORES, other):
        standing(recipe, known, store)
    assert store.listed == [SCORES.address]
