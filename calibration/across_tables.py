"""The tables that only the series of a study together have: what families and pairs of models say.

A study's fit holds them beside the tables of its series, under the names of `ACROSS_SERIES`.
"""

import polars as pl

# The exponent over families: through their base models, where the study has any.
OVERALL = pl.Schema(
    {
        # "all" that count, averaged within a family: in tokens, data sets whose families have one
        # tokenizer.
        "dataset": pl.String(),
        "decoding": pl.String(),
        "quantity": pl.String(),
        "x": pl.String(),
        "families": pl.Int64(),
        "series": pl.Int64(),
        "df": pl.Int64(),
        "exponent": pl.Float64(),  # null with fewer than two families, or without one tokenizer
        "low": pl.Float64(),
        "high": pl.Float64(),
        "scatter": pl.Float64(),  # between families, in units of the exponent
        "method": pl.String(),
        "tokenizers_differ": pl.Boolean(),  # in tokens: families then measured different spans
    }
)

# What instruction tuning changed, chat - base over the texts that both have: nats a step.
TUNING = pl.Schema(
    {
        "family": pl.String(),  # of the base model
        "base": pl.String(),
        "chat": pl.String(),  # the model that was made of it
        "dataset": pl.String(),
        "decoding": pl.String(),
        "unit": pl.String(),
        "quantity": pl.String(),  # ent_ce, drift, static, log_loss
        "shared": pl.Int64(),  # source texts
        "paired": pl.Boolean(),  # over shared texts; with few of them, the two errors add
        "of_base": pl.Float64(),
        "of_chat": pl.Float64(),
        "difference": pl.Float64(),
        "standard_error": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
