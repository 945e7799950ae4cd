"""What a report tells of fitted decodings besides their measurements: out of the store."""

import math

import polars as pl

from calibration.calibrated_tables import DIAGNOSED, FITTED, PACE
from calibration.recipes import CalibrationRecipe, StudyFitRecipe, SummaryRecipe
from calibration.tables import MODEL_LABELS
from storage.manifests import manifest_of
from storage.store import Store
from storage.verdicts import read_judged


def fitted_tables(store: Store, recipe: StudyFitRecipe, *, suite: int) -> dict[str, pl.DataFrame]:
    """FITTED and DIAGNOSED of every fitted decoding of a study, and PACE of every decoding.

    Calibrations are read through the verdict of a suite.
    """
    fitted, diagnosed = [FITTED.to_frame()], [DIAGNOSED.to_frame()]
    pace = [PACE.to_frame()]
    for names, summary in recipe.summaries().items():
        labels = dict(zip(MODEL_LABELS, names, strict=True))
        pace.append(_pace(store, summary, labels))
        found = summary.samples.calibration
        if found is not None:
            fitted.append(_labelled(store, found, suite, labels, table="calibration"))
            diagnosed.append(_labelled(store, found, suite, labels, table="diagnostics"))
    return {
        "fitted": pl.concat(fitted),
        "diagnosed": pl.concat(diagnosed),
        "pace": pl.concat(pace),
    }


def _labelled(
    store: Store, recipe: CalibrationRecipe, suite: int, labels: dict[str, str], *, table: str
) -> pl.DataFrame:
    frame = read_judged(store, recipe, suite, table=table)
    return frame.select(*(pl.lit(value).alias(name) for name, value in labels.items()), pl.all())


def _pace(store: Store, summary: SummaryRecipe, labels: dict[str, str]) -> pl.DataFrame:
    """How long a token took, as the manifest of the samples has it."""
    manifest = manifest_of(store, summary.samples)
    rate = manifest.tokens_per_second if manifest else None
    row = {
        **labels,
        "seconds": 1 / rate if rate else math.nan,
        "device": manifest.device if manifest else "",
    }
    return pl.DataFrame([row], schema=PACE).with_columns(pl.col("seconds").fill_nan(None))
