"""The tables that only fitted decodings have: what was fitted, and what it is worth.

A calibration holds the first three, a study's fit CALIBRATED; a report reads the others.
"""

import polars as pl

from calibration.tables import MODEL_LABELS

CALIBRATION = pl.Schema(
    {
        "name": pl.String(),  # temperature, or alpha
        "block": pl.Int32(),  # of positions; null where there is one value
        "value": pl.Float64(),
    }
)

DIAGNOSTICS = pl.Schema(
    {
        "name": pl.String(),
        "at": pl.String(),  # what was varied: a temperature, a K and R, a round; may be empty
        "value": pl.Float64(),
        "se": pl.Float64(),  # over clusters; null where there is none
    }
)

HEAD = pl.Schema(  # the predictor of future entropy
    {"name": pl.String(), "shape": pl.List(pl.Int64), "values": pl.List(pl.Float32)}
)

# A fitted decoding against the temperatures of its study, at its own EntCE: nats a step.
CALIBRATED = pl.Schema(
    {
        **MODEL_LABELS,
        "unit": pl.String(),
        "kind": pl.String(),  # of its method: temperature, one_step or future_entropy
        "log_loss": pl.Float64(),
        "log_loss_low": pl.Float64(),
        "log_loss_high": pl.Float64(),
        "temperatures": pl.Int64(),  # apart in EntCE, that the curve is laid through
        "inside": pl.Boolean(),  # its EntCE lies between theirs; null where there are too few
        "difference": pl.Float64(),  # of log loss: its own less theirs; null where too few
        "difference_se": pl.Float64(),
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "path_error": pl.Float64(),  # the most by which their curve misses one that is left out
    }
)

# What a report reads beside: what was fitted for each decoding, and how long a token took.
FITTED = pl.Schema({**MODEL_LABELS, **CALIBRATION})
DIAGNOSED = pl.Schema({**MODEL_LABELS, **DIAGNOSTICS})
PACE = pl.Schema(
    {
        **MODEL_LABELS,
        "seconds": pl.Float64(),  # of own text, a token
        "device": pl.String(),
    }
)
