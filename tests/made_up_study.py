"""A small study whose tables are made up from formulas: five models, two decodings, 224 steps.

EntCE falls with size as a power of -0.2 and drift grows over steps from 0, so that figures and
pages have something true to show.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from calibration import tables
from calibration.report import Provenance

DATASET = "speeches"
DECODINGS = ("temperature 1.0", "temperature 0.9")
SIZES = {"ladder-60k": 61_440, "ladder-200k": 204_800, "ladder-700k": 712_704}
SIZES |= {"ladder-2m": 2_113_536, "ladder-6m": 6_389_760}
STEPS = 224
EXAMPLES = 512


@dataclass(frozen=True)
class Study:
    ent_ce: pl.DataFrame
    curves: pl.DataFrame
    fits: pl.DataFrame
    bands: pl.DataFrame
    provenance: Provenance

    def renamed(self, old: str, new: str) -> "Study":
        """The same study with one model under another name."""
        return replace(
            self,
            ent_ce=self.ent_ce.with_columns(pl.col("model").replace(old, new)),
            curves=self.curves.with_columns(pl.col("model").replace(old, new)),
        )

    def unidentified(self) -> "Study":
        """The same study where no fit can tell its quantity from 0."""
        return replace(self, fits=self.fits.with_columns(identified=pl.lit(False)))


def made_up_study() -> Study:
    """The tables of all models and decodings of one data set, as a report reads them."""
    rows = [(name, size, decoding) for decoding in DECODINGS for name, size in SIZES.items()]
    return Study(
        ent_ce=pl.DataFrame([_measured(*row) for row in rows], schema=tables.ENT_CE),
        curves=pl.concat(_curve(*row) for row in rows),
        fits=pl.DataFrame(
            [_fit(quantity, decoding) for decoding in DECODINGS for quantity in _QUANTITIES],
            schema=tables.FITS,
        ),
        bands=pl.DataFrame(
            [
                point
                for decoding in DECODINGS
                for quantity in ("ent_ce", "drift")
                for point in _band(quantity, decoding)
            ],
            schema=tables.BANDS,
        ),
        provenance=Provenance(
            study="quickstart",
            made_at="2026-03-14 15:09 UTC",
            versions={"calibration": "0.1.0", "torch": "2.13.0"},
            commit="0123abc",
            seed=0,
            at_end="continue",
            addresses=[("fit of ladder on speeches", "fits/ab/abcdef0123456789")],
            differences=["224 steps are measured; the paper measures 1,000."],
            notes=["The models were trained on the training split of the same speeches."],
        ),
    )


_QUANTITIES = {"ent_ce": -0.2, "drift": -0.24, "drift_slope": -0.31}


def _level(size: int, decoding: str, quantity: str) -> float:
    cooler = 0.0 if decoding == DECODINGS[0] else 0.21
    largest = {"ent_ce": 0.16, "drift": 0.11, "drift_slope": 0.001}[quantity]
    return largest * float((size / 6e6) ** _QUANTITIES[quantity]) - cooler


def _log_loss(size: int, decoding: str) -> float:
    hotter = 0.0 if decoding == DECODINGS[0] else 0.034
    return 2.9 + 1.3 * float((size / 6e4) ** -0.21) + hotter


def _measured(name: str, size: int, decoding: str) -> dict[str, object]:
    ent_ce, drift = (_level(size, decoding, quantity) for quantity in ("ent_ce", "drift"))
    log_loss = _log_loss(size, decoding)
    values = {"ent_ce": ent_ce, "drift": drift, "static": ent_ce - drift}
    errors = {"ent_ce": 0.021, "drift": 0.017, "static": 0.009}
    return {
        "model": name,
        "family": "ladder",
        "parameters": size,
        "non_embedding_parameters": size // 2,
        "dataset": DATASET,
        "decoding": decoding,
        "examples": EXAMPLES,
        "clusters": 43,
        "tokens": EXAMPLES * STEPS,
        "entropy": log_loss + ent_ce,
        "log_loss": log_loss,
        "teacher_entropy": log_loss + ent_ce - drift,
        **values,
        **{f"{quantity}_se": error for quantity, error in errors.items()},
        **{f"{quantity}_low": values[quantity] - 2.02 * errors[quantity] for quantity in values},
        **{f"{quantity}_high": values[quantity] + 2.02 * errors[quantity] for quantity in values},
        "ent_ce_per_byte": ent_ce / 3.9,
        "bytes_per_token_generated": 3.87,
        "bytes_per_token_human": 3.94,
        "coverage": 1.0,
        "ended_share": 0.0,
        "end_probability": 0.0007,
    }


def _curve(name: str, size: int, decoding: str) -> pl.DataFrame:
    random = np.random.default_rng([size, len(decoding), DECODINGS.index(decoding)])
    position = np.arange(1, STEPS + 1)
    drift = _level(size, decoding, "drift") * 1.5 * (1 - np.exp(-(position - 1) / 60))
    log_loss = _log_loss(size, decoding) + 0.2 * np.exp(-position / 30)
    log_loss = log_loss + random.normal(0, 0.06, STEPS)
    static = _level(size, decoding, "ent_ce") - _level(size, decoding, "drift")
    human = log_loss + static + random.normal(0, 0.02, STEPS)
    noise = np.where(position == 1, 0.0, random.normal(0, 0.04, STEPS))
    return pl.DataFrame(
        {
            "model": [name] * STEPS,
            "dataset": [DATASET] * STEPS,
            "decoding": [decoding] * STEPS,
            "position": position,
            "entropy": human + drift + noise,
            "log_loss": log_loss,
            "teacher_entropy": human,
            "count": np.full(STEPS, EXAMPLES),
            "count_human": np.full(STEPS, EXAMPLES),
            "entropy_se": np.full(STEPS, 0.07),
            "log_loss_se": np.full(STEPS, 0.09),
            "teacher_entropy_se": np.full(STEPS, 0.06),
            "drift_se": np.full(STEPS, 0.05),
        },
        schema_overrides=tables.CURVES,
    )


def _fit(quantity: str, decoding: str) -> dict[str, object]:
    plain = decoding == DECODINGS[0]
    exponent = _QUANTITIES[quantity]
    half = {"ent_ce": 0.09, "drift": 0.12, "drift_slope": 0.44}[quantity]
    return {
        "family": "ladder",
        "dataset": DATASET,
        "decoding": decoding,
        "quantity": quantity,
        "x": "parameters",
        "law": "power",
        "models": len(SIZES),
        "exponent": exponent,
        "low": exponent - half,
        "high": exponent + half,
        "scatter": 0.083,
        "p_zero": 0.0131,
        "identified": plain,
        "amplitude": _level(1_000_000, decoding, quantity),
        "reference_size": 1_000_000.0,
        "measurement_low": exponent - half / 2,
        "measurement_high": exponent + half / 2,
        "method": "raw-scale generalised least squares, REML scatter",
        "warnings": [] if plain else ["2 of 5 values are at or below 0"],
    }


def _band(quantity: str, decoding: str) -> list[dict[str, object]]:
    return [
        {
            "family": "ladder",
            "dataset": DATASET,
            "decoding": decoding,
            "quantity": quantity,
            "size": size,
            "fitted": _level(int(size), decoding, quantity),
            "low": _level(int(size), decoding, quantity) - 0.02,
            "high": _level(int(size), decoding, quantity) + 0.02,
        }
        for size in np.geomspace(4e4, 9e6, 40)
    ]
