"""The small made-up study with fitted decodings beside its temperatures."""

from dataclasses import fields

import polars as pl
from made_up_study import DATASET, DECODINGS, Study, made_up_study

from calibration.calibrated_tables import CALIBRATED, DIAGNOSED, FITTED, PACE
from calibration.report.results import ReportTables

TAU = "temperature of EntCE 0"
STEP = "one step ahead"
FUTURE = "future entropy of 16 steps"
KINDS = {TAU: "temperature", STEP: "one_step", FUTURE: "future_entropy"}
GAIN = {TAU: 0.0, STEP: -0.002, FUTURE: -0.0004}  # of log loss at equal EntCE
HALF = 0.001  # of its interval
ERROR = 0.0005  # of the curve through the temperatures
SECONDS = {DECODINGS[0]: 2e-4, DECODINGS[1]: 2e-4, TAU: 2e-4, STEP: 6e-4, FUTURE: 3e-4}
EXTRA = ("calibrated", "fitted", "diagnosed", "pace")


def calibrated_study() -> Study:
    """Two temperatures, a fitted one, one step ahead and future entropy."""
    study = made_up_study()
    frames = {
        field.name: pl.concat([getattr(study.tables, field.name), *_added(study, field.name)])
        for field in fields(ReportTables)
        if field.name not in EXTRA
    }
    return study.with_tables(**frames, **_of_fitted(study))


def models() -> list[str]:
    return made_up_study().tables.ent_ce["model"].unique(maintain_order=True).to_list()


def _added(study: Study, name: str) -> list[pl.DataFrame]:
    frame: pl.DataFrame = getattr(study.tables, name)
    if "decoding" not in frame.columns or name == "readings":
        return []
    first = frame.filter(decoding=DECODINGS[0])
    return [_under(first, name, label) for label in KINDS]


def _under(first: pl.DataFrame, name: str, label: str) -> pl.DataFrame:
    """The rows of the first decoding as they would be under a fitted one, of EntCE 0."""
    told = first.with_columns(decoding=pl.lit(label))
    if name != "ent_ce":
        return told
    moved = ["ent_ce", "ent_ce_low", "ent_ce_high", "static", "static_low", "static_high"]
    return told.with_columns(
        *(pl.col(column) - pl.col("ent_ce") for column in moved),
        pl.col("entropy") - pl.col("ent_ce"),
        pl.col("log_loss") + GAIN[label],
        pl.lit(None, pl.Float64).alias("temperature"),
    ).select(first.columns)


def _of_fitted(study: Study) -> dict[str, pl.DataFrame]:
    losses = dict(
        study.tables.ent_ce.filter(decoding=DECODINGS[0]).select("model", "log_loss").iter_rows()
    )
    labels = [
        {"model": model, "dataset": DATASET, "decoding": decoding}
        for model in models()
        for decoding in KINDS
    ]
    return {
        "calibrated": pl.DataFrame(
            [one | _calibrated(one["decoding"], losses[one["model"]]) for one in labels],
            schema=CALIBRATED,
        ),
        "fitted": pl.DataFrame([one | _fitted(one["decoding"]) for one in labels], schema=FITTED),
        "diagnosed": pl.DataFrame(
            [one | {"name": "ent_ce", "at": "", "value": 0.01, "se": 0.02} for one in labels],
            schema=DIAGNOSED,
        ),
        "pace": pl.DataFrame(
            [
                {"model": model, "dataset": DATASET, "decoding": decoding, "seconds": seconds}
                | {"device": "a device"}
                for model in models()
                for decoding, seconds in SECONDS.items()
            ],
            schema=PACE,
        ),
    }


def _calibrated(decoding: str, loss: float) -> dict[str, object]:
    return {
        "unit": "tokens",
        "kind": KINDS[decoding],
        "log_loss": loss + GAIN[decoding],
        "log_loss_low": loss - 0.1,
        "log_loss_high": loss + 0.1,
        "temperatures": 3,
        "inside": True,
        "difference": GAIN[decoding],
        "difference_se": HALF / 2,
        "difference_low": GAIN[decoding] - HALF,
        "difference_high": GAIN[decoding] + HALF,
        "path_error": ERROR,
    }


def _fitted(decoding: str) -> dict[str, object]:
    if decoding == TAU:
        return {"name": "temperature", "block": None, "value": 0.953}
    return {"name": "alpha", "block": None, "value": 0.12}
