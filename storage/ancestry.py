"""Recipes out of the store: what an artifact is, rebuilt from its manifest and its ancestors'.

So a study can be read where neither its models nor its texts are any more.
"""

from collections.abc import Mapping
from typing import Final

from calibration.errors import StoreError
from calibration.recipes import (
    ADDRESS,
    CalibrationRecipe,
    ExamplesRecipe,
    FitRecipe,
    Recipe,
    ReportRecipe,
    RescoresRecipe,
    SamplesRecipe,
    ScoresRecipe,
    StudyFitRecipe,
    SummaryRecipe,
    TextsRecipe,
    TheoryRecipe,
)
from storage.manifests import kind_of, manifest_key, parsed_manifest
from storage.store import Store

KINDS: Final[Mapping[str, type[Recipe]]] = {
    kind.KIND: kind
    for kind in (
        TextsRecipe,
        ExamplesRecipe,
        CalibrationRecipe,
        SamplesRecipe,
        RescoresRecipe,
        ScoresRecipe,
        SummaryRecipe,
        FitRecipe,
        StudyFitRecipe,
        TheoryRecipe,
        ReportRecipe,
    )
}


def recipe_at(store: Store, address: str) -> Recipe:
    """The recipe of the artifact at an address.

    Raises StoreError where it or an ancestor is not there, or another version made it.
    """
    try:
        return _recipe(store, address, {})
    except KeyError as error:
        raise StoreError(
            f"{error.args[0]} was expected in {store.location} and is not there: run the study "
            "again"
        ) from None
    except ValueError:
        raise StoreError(
            f"an artifact of this version was expected at {store.place(address)}, found one that "
            "is damaged or of another version: run the study again"
        ) from None


def _recipe(store: Store, address: str, known: dict[str, Recipe]) -> Recipe:
    """KeyError where something is not there, ValueError where it is not what it should be."""
    if address not in known:
        kind = KINDS[kind_of(address)]
        written = parsed_manifest(store.read(manifest_key(address))).recipe
        recipe = kind.model_validate(_revived(written.get("fields"), store, known))
        # Its VERSION may be another, or a field may have changed its meaning.
        if recipe.address != address:
            raise ValueError(f"{address} describes {recipe.address}")
        known[address] = recipe
    return known[address]


def _revived(value: object, store: Store, known: dict[str, Recipe]) -> object:
    if isinstance(value, str) and ADDRESS.fullmatch(value):
        return _recipe(store, value, known)
    if isinstance(value, dict):
        return {name: _revived(item, store, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_revived(item, store, known) for item in value]
    return value
