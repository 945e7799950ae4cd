"""The schema of every table; the one place that names columns and their types.

Lists hold one value a step of the continuation. Entropies and losses are in nats, lengths in
tokens or bytes as the name says. `generated` is the model's own text, `human` the reference.
"""

import polars as pl

STEPS_FLOAT: pl.DataType = pl.List(pl.Float32)
STEPS_INT: pl.DataType = pl.List(pl.Int32)
SUMS: pl.DataType = pl.List(pl.Float64)

MODEL_LABELS = {"model": pl.String(), "dataset": pl.String(), "decoding": pl.String()}
PARTS = {
    f"{quantity}{suffix}": pl.Float64()
    for quantity in ("ent_ce", "drift", "static")
    for suffix in ("", "_se", "_low", "_high")
}
DISTINCT = {
    f"distinct_{n}_{side}": pl.Float64() for side in ("generated", "human") for n in (1, 2, 3, 4)
}

TEXTS = pl.Schema(
    {
        "cluster": pl.String(),  # the source text: the unit of independence
        "example": pl.Int32(),  # rank in the order of selection
        "context": pl.String(),  # an instruction or problem; may be empty
        "text": pl.String(),
        "bytes": pl.Int32(),
        "year": pl.Int32(),  # when it was written; null where the source does not say
        "ends": pl.Boolean(),  # the source text ends where this span does
    }
)

EXAMPLES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "prompt_ids": STEPS_INT,
        "continuation_ids": STEPS_INT,
        "continuation_bytes": STEPS_INT,  # raw bytes of each token
        "window": pl.Int32(),  # steps measured, in the unit: tokens or bytes
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

# Generated texts read by other weights than those that made them, in the order of SAMPLES.
RESCORES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "entropy": STEPS_FLOAT,
        "log_prob": STEPS_FLOAT,  # -inf where a pure sampler of those weights forbids the token
        "end_probability": STEPS_FLOAT,
    }
)

SCORES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "log_loss": STEPS_FLOAT,  # infinite where a pure sampler does not allow the token
        "entropy": STEPS_FLOAT,
        "end_probability": STEPS_FLOAT,
        "inside": pl.List(pl.Boolean),  # the token is one that the decoding's truncations allow
    }
)

# A step is a token or a byte, as the unit of the examples says; a token's values are spread evenly
# over its bytes. Under `natural`, the steps after a text's end are there and hold zeros.

# Sums over the first `horizons[j]` steps of each example; the horizons are the same in every row.
# A pure sampler's `log_loss` is infinite from the first human token on that it does not allow.
SUMMARY_EXAMPLES = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "horizons": STEPS_INT,
        "entropy": SUMS,
        "log_loss": SUMS,
        "teacher_entropy": SUMS,
        "steps_generated": SUMS,
        "steps_human": SUMS,
        "tokens_generated": SUMS,
        "tokens_human": SUMS,
        "inside": SUMS,  # human tokens that the decoding's truncations allow
        "bytes_generated": SUMS,
        "bytes_human": SUMS,
        "ended": SUMS,  # 1 once the generation has ended within the horizon
    }
)

# Sums over examples at one step, and sums over clusters of products of cluster sums, from which
# every clustered standard error of a curve or of a difference of curves follows. Products with an
# infinite log loss (a pure sampler's) are no numbers, and null.
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

# One row an example: what tells a loop and a derailed text from the others. Means are nats a step,
# over the steps before a text's end.
SUMMARY_TEXTS = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "year": pl.Int32(),
        "entropy": pl.Float64(),  # own text
        "teacher_entropy": pl.Float64(),  # human text
        "log_loss": pl.Float64(),
        # distinct n-grams of tokens over n-grams of tokens; null where the text has none
        **DISTINCT,
    }
)

# One row: the statistics of the replay gate, nats.
SUMMARY_GATE = pl.Schema(
    {
        "texts": pl.Int64(),  # replayed
        "tokens": pl.Int64(),
        "edges": pl.Int64(),  # tokens at the edge of a truncation, left out of what follows
        "bias": pl.Float64(),  # mean of d = -log p - h on replayed values
        "z": pl.Float64(),
        "covariance_z": pl.Float64(),  # of d with h
        "detectable": pl.Float64(),  # the smallest bias that would be refused
        "largest_difference": pl.Float64(),  # of entropy or log probability, sampled - replayed
    }
)

# Quantiles over texts of the mean entropy between two positions: the bands behind the mean curves.
SUMMARY_SPREAD = pl.Schema(
    {
        "side": pl.String(),  # generated: own text; human: the same model on human text
        "first": pl.Int32(),  # the first position of the bin
        "last": pl.Int32(),
        **{f"q{percent:02d}": pl.Float64() for percent in (5, 25, 50, 75, 95)},  # nats a step
    }
)

# A few examples to read, own and human; texts are cut into one piece a token.
SUMMARY_READINGS = pl.Schema(
    {
        "chosen_as": pl.String(),  # typical, most derailed, most looping
        "cluster": pl.String(),
        "example": pl.Int32(),
        "prompt": pl.String(),
        "generated": pl.List(pl.String()),
        "generated_entropy": STEPS_FLOAT,
        "human": pl.List(pl.String()),
        "human_entropy": STEPS_FLOAT,
        "human_log_loss": STEPS_FLOAT,
    }
)

# One row a model of a series: what `export` writes as ent_ce.
ENT_CE = pl.Schema(
    {
        "model": pl.String(),
        "family": pl.String(),  # of chat models "FAMILY chat": a series of their own
        "chat": pl.Boolean(),
        "base": pl.String(),  # the model that a chat model was made of; null where not stated
        "distilled": pl.Boolean(),  # taught by another model
        "parameters": pl.Int64(),
        "non_embedding_parameters": pl.Int64(),
        "training_tokens": pl.Int64(),  # null where not stated
        "dataset": pl.String(),
        "decoding": pl.String(),
        "temperature": pl.Float64(),  # null where the decoding is fitted
        "truncation": pl.String(),  # such as "top-p 0.95"; null where every token is possible
        "mixture": pl.Float64(),  # the share of the distribution before the truncation; null, too
        "unit": pl.String(),  # tokens or bytes: every quantity but `ent_ce_per_byte` is nats a unit
        "at_end": pl.String(),
        "examples": pl.Int64(),
        "clusters": pl.Int64(),
        "tokens": pl.Int64(),  # generated
        "entropy": pl.Float64(),  # own text
        # Human text; where a pure sampler leaves a token outside infinite, EntCE and static null.
        "log_loss": pl.Float64(),
        "teacher_entropy": pl.Float64(),  # human prefixes
        **PARTS,
        "ent_ce_per_byte": pl.Float64(),
        "bytes_per_token_generated": pl.Float64(),
        "bytes_per_token_human": pl.Float64(),
        "coverage": pl.Float64(),  # share of human tokens the decoding allows
        "ended_share": pl.Float64(),
        "end_probability": pl.Float64(),  # mean mass on the end ids a step, before any mask
        # Shares of own texts whose mean entropy lies below the 5th, above the 95th percentile of
        # the same model's entropies on the human texts: 0.05 each where the spreads are alike.
        "looping_share": pl.Float64(),
        "derailed_share": pl.Float64(),
        # Means over texts; 1 - distinct_4 is the share of repeated 4-grams.
        **DISTINCT,
    }
)

CURVES = pl.Schema(
    {
        **MODEL_LABELS,
        "unit": pl.String(),
        "position": pl.Int32(),
        "entropy": pl.Float64(),
        "log_loss": pl.Float64(),
        "teacher_entropy": pl.Float64(),
        "count": pl.Int64(),  # generations that have this step
        "count_human": pl.Int64(),
        "ended": pl.Float64(),  # share of generations that have ended by this step
        "end_probability": pl.Float64(),  # mean mass on the end ids, before any mask
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
        "clusters": pl.Int64(),  # source texts of the model that has the fewest
        "effective_clusters": pl.Float64(),  # as many of equal length say as much
        "df": pl.Int64(),  # models - 2; null where nothing could be fitted
        "exponent": pl.Float64(),  # null where no interval can be given
        "low": pl.Float64(),
        "high": pl.Float64(),
        "p_zero": pl.Float64(),
        # Adjusted over the series of base models in the study; null in one series alone.
        "p_holm": pl.Float64(),
        "identified": pl.Boolean(),
        "scatter": pl.Float64(),  # τ, between models, in units of log quantity
        "scatter_low": pl.Float64(),
        "scatter_high": pl.Float64(),  # null where the interval has no end
        "heterogeneity": pl.Float64(),  # Cochran's Q
        "p_heterogeneity": pl.Float64(),
        "i_squared": pl.Float64(),
        # With τ common to the series of base models in the study; null in one series alone.
        "pooled_exponent": pl.Float64(),
        "pooled_low": pl.Float64(),
        "pooled_high": pl.Float64(),
        "pooled_scatter": pl.Float64(),
        "pooled_df": pl.Float64(),
        "pooled_series": pl.Int64(),
        "measurement_low": pl.Float64(),  # for exactly these models
        "measurement_high": pl.Float64(),
        "amplitude": pl.Float64(),  # the fitted quantity at the geometric mean size
        "reference_size": pl.Float64(),
        "halving": pl.Float64(),  # the factor of size that halves the quantity; null where none
        "halving_low": pl.Float64(),
        "halving_high": pl.Float64(),
        "method": pl.String(),
        "warnings": pl.List(pl.String()),
    }
)

SERIES_LABELS = {name: pl.String() for name in ("family", "dataset", "decoding", "quantity")}

# The fitted line with its pointwise interval, and with that of a further model.
BANDS = pl.Schema(
    {
        **SERIES_LABELS,
        "size": pl.Float64(),
        "fitted": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "prediction_low": pl.Float64(),
        "prediction_high": pl.Float64(),
        "form_dependent": pl.Boolean(),  # so far beyond the largest size that the law decides
    }
)

# What the laws were fitted to, a row a model.
POINTS = pl.Schema(
    {
        **SERIES_LABELS,
        "model": pl.String(),
        "size": pl.Float64(),  # in what the fit calls x; null where not known
        "value": pl.Float64(),
        "standard_error": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "covariance": SUMS,  # with every model of the series, in the order of the rows
    }
)

# The law without one of its models, and without all that are distilled.
LEAVE_ONE_OUT = pl.Schema(
    {
        **SERIES_LABELS,
        "left_out": pl.String(),  # a model, or the words for all distilled ones
        "models": pl.Int64(),  # that are left
        "exponent": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "shift": pl.Float64(),  # from the exponent of all models
        "flagged": pl.Boolean(),  # by more than half of the interval of all; null without one
    }
)

# The law of what was measured on the first steps alone.
HORIZONS = pl.Schema(
    {
        **SERIES_LABELS,
        "steps": pl.Int64(),
        "exponent": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "identified": pl.Boolean(),
    }
)

SPREAD = pl.Schema({**MODEL_LABELS, "unit": pl.String(), **SUMMARY_SPREAD})

# Results on texts a model cannot have seen, and on those it may have, where years are known.
SEEN = pl.Schema(
    {
        **MODEL_LABELS,
        "unit": pl.String(),
        "texts": pl.String(),  # "all", "up to YEAR" (may have been seen), "after YEAR" (unseen)
        "trained_until": pl.Int32(),
        "examples": pl.Int64(),
        "clusters": pl.Int64(),
        "log_loss": pl.Float64(),
        **PARTS,
    }
)

# The replay gate of each measurement.
GATE = pl.Schema({**MODEL_LABELS, **SUMMARY_GATE})

# What a fit holds, of one series and of a whole study: by name.
SERIES_TABLES = (
    "ent_ce",
    "curves",
    "fits",
    "bands",
    "points",
    "leave_one_out",
    "horizons",
    "spread",
    "seen",
    "gate",
)
# What the fit of a study holds besides: `across_tables`.
ACROSS_SERIES = ("overall", "tuning")
STUDY_TABLES = (*SERIES_TABLES, *ACROSS_SERIES)
