"""The tables that say of other tables how they were judged and where they come from."""

import polars as pl

from calibration.tables import MODEL_LABELS

VERDICT = pl.Schema(
    {
        "rule": pl.String(),
        "severity": pl.String(),  # fail, or warn
        "passed": pl.Boolean(),
        "observed": pl.String(),
        "expected": pl.String(),
        "count": pl.Int64(),  # rows that break the rule
        "examples": pl.List(pl.String()),  # three of them, in words
    }
)

# Models that a study asks for and that could not be measured.
LEFT_OUT = pl.Schema({"model": pl.String(), "why": pl.String()})

# The artifacts behind each measurement, one row each, from its texts to the fits it entered.
ANCESTRY = pl.Schema(
    {
        **MODEL_LABELS,
        "kind": pl.String(),
        "address": pl.String(),
        "content": pl.String(),  # sha256 over its files
        "made_at": pl.String(),
        "seconds": pl.Float64(),
        "device": pl.String(),
        "host": pl.String(),
        "code_commit": pl.String(),
        "versions": pl.String(),
        "recipe": pl.String(),  # canonical JSON, its parents by their addresses
    }
)
