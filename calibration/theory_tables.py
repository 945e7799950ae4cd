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

# The exponents of the fits beside what the simplified theory predicts for the text: two rows a fit.
AGAINST_THEORY = pl.Schema(
    {
        "family": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "quantity": pl.String(),
        "x": pl.String(),
        "exponent": pl.Float64(),
        "tokenizer": pl.String(),  # of the tokens that α is of, by a model that has it
        "alpha": pl.Float64(),
        "prediction": pl.String(),  # 1/α - 1, or that of the law at the text's (v, m)
        "predicted": pl.Float64(),  # null where nothing is predicted, and so is all that follows
        "predicted_low": pl.Float64(),
        "predicted_high": pl.Float64(),
        "p_predicted": pl.Float64(),  # of the exponent being the predicted one, α taken as known
        "difference": pl.Float64(),  # exponent - predicted
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "p_difference": pl.Float64(),  # with the uncertainty of α
        "margin": pl.Float64(),  # the smallest at which the two would pass as equal
        "assumes": pl.String(),
    }
)

# By name, in the order of a report.
THEORY_TABLES = ("theory", "ranks", "singletons")
