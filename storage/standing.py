"""How far an artifact has come, told by a catalogue: no file of it is read.

Whether its files are whole is for `verify`, or for the run that reads them, to see.
"""

from collections.abc import Mapping
from typing import NamedTuple

from calibration.cost import rows_of
from calibration.planned import State
from calibration.recipes import Recipe, SamplesRecipe, ScoresRecipe
from calibration.report.wording import listed
from storage.catalogue import Catalogue
from storage.manifests import manifest_key
from storage.parts import PART_ROWS, part_count
from storage.reach import parents_of
from storage.store import Store, names


class Standing(NamedTuple):
    """The state of one artifact; only Samples and Scores are made in parts that a run keeps."""

    state: State
    parts: int
    parts_made: int
    rows: int  # that are to be made yet, at most; 0 of what is not made in parts
    fault: str | None = None  # why what lies there does not count
    parents: tuple[str, ...] = ()  # the addresses that a complete one was made from


def standing(recipe: Recipe, known: Catalogue, store: Store) -> Standing:
    """How far one artifact has come; a listing for one that was begun, and nothing for others."""
    rows = _rows(recipe, known)
    parts = part_count(rows) if rows else 1
    found = known.artifacts.get(recipe.address)
    if found is not None:
        made_from = parents_of(found)
        others = _changed(made_from, known)
        if others:
            fault = f"made from other {listed(others)} than lie here"
            return Standing("missing", parts, 0, rows, fault)
        return Standing("complete", parts, parts, 0, None, tuple(made_from))
    made = _parts_made(recipe, store) if rows and recipe.address in known.begun else 0
    if made:
        made = min(made, parts)
        return Standing("partial", parts, made, max(0, rows - made * PART_ROWS))
    damaged = manifest_key(recipe.address) in known.damaged
    return Standing("missing", parts, 0, rows, "its manifest is damaged" if damaged else None)


def _rows(recipe: Recipe, known: Catalogue) -> int:
    """The rows of a table that is made in parts: those of its examples, or as many as asked."""
    if not isinstance(recipe, SamplesRecipe | ScoresRecipe):
        return 0
    examples = known.artifacts.get(recipe.examples.address)
    if examples is None:
        return rows_of(recipe)
    draws = recipe.draws or 1 if isinstance(recipe, SamplesRecipe) else 1
    return examples.rows * draws


def _changed(made_from: Mapping[str, str], known: Catalogue) -> list[str]:
    """The kinds of those parents that hold something else than an artifact was made from."""
    here = ((known.artifacts.get(address), content) for address, content in made_from.items())
    changed = (one.kind for one, content in here if one is not None and one.content != content)
    return list(dict.fromkeys(changed))


def _parts_made(recipe: Recipe, store: Store) -> int:
    """How many parts lie at an address; what is damaged or foreign is seen when it is read."""
    files = (name for name in names(store, recipe.address) if name.endswith(".parquet"))
    begun = {name.rpartition("-")[0] for name in files}  # two runs may both have written a part
    return sum(name.startswith(f"{recipe.KIND}-") for name in begun)
