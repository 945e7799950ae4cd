"""The theory's tables: the α of each text, and what the simplified theory makes of it.

Exponents have no unit; frequencies and masses are shares of tokens. `documents` are source texts.
"""

import polars as pl

SPLIT_HALF = "split half"  # the estimator that figures show

# The simplified theory beside the data: α of each text by each estimator, and what follows from it.
TEXT_LABELS = {
    "dataset": pl.String(),
    "tokenizer": pl.String(),  # a model that has it; null for words
    "unit": pl.String(),  # words, tokens, 2-grams or 3-grams of tokens
}
THEORY = pl.Schema(
    {
        **TEXT_LABELS,
        "estimator": pl.String(),
        "alpha": pl.Float64(),  # null where it cannot be estimated
        "low": pl.Float64(),
        "high": pl.Float64(),
        "documents": pl.Int64(),
        "tokens": pl.Int64(),  # m of the text
        "types": pl.Int64(),  # that the text shows
        "vocabulary": pl.Float64(),  # v at which a law of α shows as many types in m
        "singleton_mass": pl.Float64(),  # K_{m,1}/m of the text, as counted
        "local_exponent": pl.Float64(),  # of the singleton mass at m, as counted (Good and Turing)
        "karlin": pl.Float64(),  # K_{m,1}/K_m, which tends to 1/α
        "predicted": pl.Float64(),  # 1/α - 1; null where α ≤ 1
        "predicted_finite": pl.Float64(),  # the exponent of the law at (v, m)
        "steps": pl.Float64(),  # T; null for words, which are not what is generated
        "derailments": pl.Float64(),  # qT
        "derailed_share": pl.Float64(),
        "passed_on": pl.Float64(),  # d ln(EntCE) / d ln(q) over T steps
        "assumes": pl.String(),
        "warnings": pl.List(pl.String()),
    }
)

# Frequency by rank, for the figure: of the whole text, and across its halves.
RANKS = pl.Schema(
    {
        **TEXT_LABELS,
        "ranking": pl.String(),  # the whole text, or the half that the ranks are of
        "rank": pl.Float64(),
        "frequency": pl.Float64(),  # a share of the tokens
        "fitted": pl.Float64(),  # the line of the split-half α; null for the whole text
    }
)

# The singleton mass against m: of the text by rarefaction, and of the law of its split-half α.
SINGLETONS = pl.Schema(
    {
        **TEXT_LABELS,
        "tokens": pl.Int64(),  # m
        "singleton_mass": pl.Float64(),  # of the text; null beyond its tokens
        "local_exponent": pl.Float64(),
        "predicted_mass": pl.Float64(),  # of the law with v types; null without α
        "predicted_exponent": pl.Float64(),
        "asymptotic_exponent": pl.Float64(),  # 1/α - 1; null where α ≤ 1
    }
)

# By name, in the order of a report.
THEORY_TABLES = ("theory", "ranks", "singletons")
