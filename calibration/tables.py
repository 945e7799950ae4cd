"""The schema of every table; the one place that names columns and their types.

Lists hold one value a step of the continuation. Entropies and losses are in nats, lengths in
tokens or bytes as the name says. `generated` is the model's own text, `human` the reference.
"""

import polars as pl

STEPS_FLOAT: pl.DataType = pl.List(pl.Float32)
STEPS_INT: pl.DataType = pl.List(pl.Int32)
SUMS: pl.DataType = pl.List(pl.Float64)

TEXTS = pl.Schema(
    {
        "cluster": pl.String(),  # the source text: the unit of independence
        "example": pl.Int32(),  # rank in the order of selection
        "context": pl.String(),  # an instruction or problem; may be empty
        "text": pl.String(),
        "bytes": pl.Int32(),
    }
)

EXAMPLES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "prompt_ids": STEPS_INT,
        "continuation_ids": STEPS_INT,
        "continuation_bytes": STEPS_INT,  # raw bytes of each token
    }
)

SAMPLES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "tokens": STEPS_INT,
        "entropy": STEPS_FLOAT,  # of the measured distribution at each step
        "log_prob": STEPS_FLOAT,  # of the sampled token under the same distribution
        "end_probability": STEPS_FLOAT,  # of the end ids before any mask
        "bytes": STEPS_INT,
        "ended": pl.Boolean(),  # the last token is an end id
    }
)

REPLAY = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "entropy": STEPS_FLOAT,  # as sampled
        "log_prob": STEPS_FLOAT,
        "replayed_entropy": STEPS_FLOAT,  # the same tokens, teacher forced
        "replayed_log_prob": STEPS_FLOAT,
    }
)

SCORES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "log_loss": STEPS_FLOAT,
        "entropy": STEPS_FLOAT,
        "end_probability": STEPS_FLOAT,
    }
)

# Sums over the first `horizons[j]` steps of each example; the horizons are the same in every row.
SUMMARY_EXAMPLES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "horizons": STEPS_INT,
        "entropy": SUMS,
        "log_loss": SUMS,
        "teacher_entropy": SUMS,
        "tokens_generated": SUMS,
        "tokens_human": SUMS,
        "bytes_generated": SUMS,
        "bytes_human": SUMS,
        "ended": SUMS,  # 1 once the generation has ended within the horizon
    }
)

# Sums over examples at one step, and sums over clusters of products of cluster sums, from which
# every clustered standard error of a curve or of a difference of curves follows.
SUMMARY_POSITIONS = pl.Schema(
    {
        "position": pl.Int32(),  # 1 is the first measured step
        "clusters": pl.Int32(),
        "count_generated": pl.Int32(),
        "count_human": pl.Int32(),
        "entropy": pl.Float64(),
        "log_loss": pl.Float64(),
        "teacher_entropy": pl.Float64(),
        "end_probability": pl.Float64(),  # over generated steps, before the mask
        "ended": pl.Float64(),  # generations that drew an end id at this step
        "entropy_entropy": pl.Float64(),
        "log_loss_log_loss": pl.Float64(),
        "teacher_entropy_teacher_entropy": pl.Float64(),
        "entropy_log_loss": pl.Float64(),
        "entropy_teacher_entropy": pl.Float64(),
        "log_loss_teacher_entropy": pl.Float64(),
        "entropy_count_generated": pl.Float64(),
        "entropy_count_human": pl.Float64(),
        "log_loss_count_generated": pl.Float64(),
        "log_loss_count_human": pl.Float64(),
        "teacher_entropy_count_generated": pl.Float64(),
        "teacher_entropy_count_human": pl.Float64(),
        "count_generated_count_generated": pl.Float64(),
        "count_generated_count_human": pl.Float64(),
        "count_human_count_human": pl.Float64(),
    }
)

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

# One row a model of a series: what `export` writes as ent_ce.
ENT_CE = pl.Schema(
    {
        "model": pl.String(),
        "family": pl.String(),
        "parameters": pl.Int64(),
        "non_embedding_parameters": pl.Int64(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "examples": pl.Int64(),
        "clusters": pl.Int64(),
        "tokens": pl.Int64(),  # generated
        "entropy": pl.Float64(),  # nats a token, own text
        "log_loss": pl.Float64(),  # nats a token, human text
        "teacher_entropy": pl.Float64(),  # nats a token, human prefixes
        **{
            f"{quantity}{suffix}": pl.Float64()
            for quantity in ("ent_ce", "drift", "static")
            for suffix in ("", "_se", "_low", "_high")
        },
        "ent_ce_per_byte": pl.Float64(),
        "bytes_per_token_generated": pl.Float64(),
        "bytes_per_token_human": pl.Float64(),
        "coverage": pl.Float64(),  # share of human tokens the decoding allows
        "ended_share": pl.Float64(),
        "end_probability": pl.Float64(),  # mean mass on the end ids a step, before any mask
    }
)

CURVES = pl.Schema(
    {
        "model": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "position": pl.Int32(),
        "entropy": pl.Float64(),
        "log_loss": pl.Float64(),
        "teacher_entropy": pl.Float64(),
        "count": pl.Int64(),  # generations that have this step
        "count_human": pl.Int64(),
        "entropy_se": pl.Float64(),
        "log_loss_se": pl.Float64(),
        "teacher_entropy_se": pl.Float64(),
        "drift_se": pl.Float64(),
    }
)

FITS = pl.Schema(
    {
        "family": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "quantity": pl.String(),  # ent_ce, drift, drift_slope
        "x": pl.String(),
        "law": pl.String(),
        "models": pl.Int64(),
        "exponent": pl.Float64(),  # null where no interval can be given
        "low": pl.Float64(),
        "high": pl.Float64(),
        "scatter": pl.Float64(),  # between models, in units of log quantity
        "p_zero": pl.Float64(),
        "identified": pl.Boolean(),
        "amplitude": pl.Float64(),  # the fitted quantity at the geometric mean size
        "reference_size": pl.Float64(),
        "measurement_low": pl.Float64(),
        "measurement_high": pl.Float64(),
        "method": pl.String(),
        "warnings": pl.List(pl.String()),
    }
)

# What a fit holds, of one series and of a whole study: by name.
SERIES_TABLES = ("ent_ce", "curves", "fits", "bands")

# The fitted line with its pointwise interval, for the figures.
BANDS = pl.Schema(
    {
        "family": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "quantity": pl.String(),
        "size": pl.Float64(),
        "fitted": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
