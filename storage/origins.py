"""Where each number of a study comes from: the artifacts behind every measurement, as a table."""

from collections.abc import Iterator
from functools import cache

import polars as pl

from calibration.errors import StoreError
from calibration.recipes import FitRecipe, Member, Recipe, StudyFitRecipe, canonical_json
from calibration.record_tables import ANCESTRY
from storage.manifests import Manifest, kind_of, manifest_of
from storage.store import Store


def ancestry(store: Store, study_fit: StudyFitRecipe) -> pl.DataFrame:
    """ANCESTRY of every measurement of a study, in its order, from its texts to its fits.

    Raises StoreError when an artifact is not there.
    """

    @cache
    def made(recipe: Recipe) -> dict[str, object]:
        return _how(_manifest(store, recipe))

    rows = [
        {"model": member.name, "dataset": fit.dataset, "decoding": fit.decoding.label} | made(one)
        for fit in study_fit.fits
        for member in fit.members
        for one in (*_behind(member, fit), study_fit)
    ]
    return pl.DataFrame(rows, schema=ANCESTRY)


def _behind(member: Member, fit: FitRecipe) -> Iterator[Recipe]:
    """What a measurement was made from, parents before children."""
    samples, scores = member.summary.samples, member.summary.scores
    yield from (samples.examples.texts, samples.examples)
    if samples.calibration is not None:
        on = samples.calibration.examples
        yield from (on.texts, on, samples.calibration)
    yield from (samples, scores, member.summary, fit)


def _manifest(store: Store, recipe: Recipe) -> Manifest:
    manifest = manifest_of(store, recipe)
    if manifest is None:
        raise StoreError(
            f"{recipe.address} was expected in {store.location} and is not there: run the study "
            "again"
        )
    return manifest


def _how(manifest: Manifest) -> dict[str, object]:
    return {
        "kind": kind_of(manifest.address),
        "address": manifest.address,
        "content": manifest.content,
        "made_at": manifest.made_at,
        "seconds": manifest.seconds,
        "device": manifest.device,
        "host": manifest.host,
        "code_commit": manifest.code_commit,
        "versions": ", ".join(f"{name} {one}" for name, one in manifest.versions.items()),
        "recipe": canonical_json(manifest.recipe),
    }
