"""Texts that decodings are fitted on beside those that are measured: of no cluster of theirs."""

from typing import Final

import polars as pl

from calibration.clusters import kindred
from calibration.errors import TextError
from calibration.lineage import Lineage
from calibration.recipes import TextsRecipe
from calibration.study import DatasetEntry
from calibration.text import source_of_passage, text_digest
from storage.artifacts import read_table
from storage.store import Store

# What is fitted on fewer follows the few: as many as an interval of an exponent is trusted with.
FEWEST: Final = 20
REMEDY: Final = (
    "lower `examples` of the data set, so that it leaves some, or name other texts under its "
    "`calibration`, such as `source: {kind: speeches, split: stop}`"
)


def left_out(store: Store, recipe: TextsRecipe) -> frozenset[str]:
    """Clusters and digests of the texts that a recipe's are apart from, which must have been made.

    As `selected` leaves them out.
    """
    if recipe.apart is None:
        return frozenset()
    texts = read_table(store, recipe.apart, "texts")
    return frozenset(texts["cluster"]) | frozenset(map(text_digest, texts["text"]))


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
        # Passages that are apart from others may be of the same source texts.
        if fitted_on.apart != measured or measured.independent == "passages":
            _require_apart(measured, fitted_on, dataset, store)


def _require_apart(
    measured: TextsRecipe, fitted_on: TextsRecipe, dataset: DatasetEntry, store: Store
) -> None:
    own, others = (_texts(store, one) for one in (measured, fitted_on))
    both = sorted(_sources_of_both(own, others))
    if both:
        raise TextError(
            f"data set {dataset.name!r}: texts to fit decodings on were expected to be of none of "
            f"the source texts that are measured, found {len(both)} of both, such as {both[0]!r}: "
            "name other texts under `calibration`, or leave its `source` out"
        )


def _texts(store: Store, recipe: TextsRecipe) -> pl.DataFrame:
    """The texts of a recipe, each with its source text in place of its cluster."""
    texts = read_table(store, recipe, "texts")
    if recipe.independent != "passages":
        return texts
    return texts.with_columns(pl.col("cluster").map_elements(source_of_passage, pl.String))


def _sources_of_both(own: pl.DataFrame, others: pl.DataFrame) -> set[str]:
    """The source texts of others that are also measured, under their own name or another's."""
    # The name of a cluster is that of one of its texts, which the other selection may not have.
    pooled = pl.concat([own, others])
    kin = kindred(pooled["text"].to_list(), pooled["context"].to_list())
    near = set(kin[: len(own)])
    measured = set(own["cluster"])
    return {
        cluster
        for cluster, label in zip(others["cluster"], kin[len(own) :], strict=True)
        if cluster in measured or label in near
    }
