"""Texts that decodings are fitted on beside those that are measured: of no cluster of theirs."""

from typing import Final

import polars as pl

from calibration.errors import TextError
from calibration.lineage import Lineage
from calibration.recipes import TextsRecipe
from calibration.study import DatasetEntry
from storage.artifacts import read_table
from storage.store import Store

# What is fitted on fewer follows the few: as many as an interval of an exponent is trusted with.
FEWEST: Final = 20
REMEDY: Final = (
    "lower `examples` of the data set, so that it leaves some, or name other texts under its "
    "`calibration`, such as `source: {kind: speeches, split: stop}`"
)


def clusters_left_out(store: Store, recipe: TextsRecipe) -> frozenset[str]:
    """The clusters of the texts that a recipe's are apart from, which must have been made."""
    if recipe.apart is None:
        return frozenset()
    return frozenset(read_table(store, recipe.apart, "texts")["cluster"])


def require_some_left(texts: pl.DataFrame, recipe: TextsRecipe, *, name: str) -> None:
    """Raises TextError where what is measured leaves too little to fit on."""
    found = texts["cluster"].n_unique()
    if recipe.apart is not None and found < FEWEST:
        raise TextError(
            f"data set {name!r}: {FEWEST} source texts or more were expected that are not "
            f"measured, to fit decodings on, found {found}: {REMEDY}"
        )


def require_apart(lineage: Lineage, store: Store) -> None:
    """Raises TextError where decodings are fitted on source texts that are measured.

    The texts must have been made.
    """
    asked = {
        (one.examples.texts, one.calibration.examples.texts): one.dataset
        for one in lineage.measurements
        if one.calibration is not None
    }
    for (measured, fitted_on), dataset in asked.items():
        if fitted_on.apart != measured:
            _require_apart(measured, fitted_on, dataset, store)


def _require_apart(
    measured: TextsRecipe, fitted_on: TextsRecipe, dataset: DatasetEntry, store: Store
) -> None:
    own, others = (set(read_table(store, one, "texts")["cluster"]) for one in (measured, fitted_on))
    both = sorted(own & others)
    if both:
        raise TextError(
            f"data set {dataset.name!r}: texts to fit decodings on were expected to be of none of "
            f"the source texts that are measured, found {len(both)} of both, such as {both[0]!r}: "
            "name other texts under `calibration`, or leave its `source` out"
        )
