"""What must be true at every step of a continuation, whoever wrote it."""

import math

import polars as pl

from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within

ENTROPY_ROUNDING = 1e-3  # nats: float32 sums over a vocabulary of 150,000
LOG_ROUNDING = 1e-6  # nats, of a log probability that is 0
MASS_ROUNDING = 1e-6  # of a probability that is 1
# Of one probability that is another, relative: logits near 20 in float32, of 150,000 ids.
SHARE_ROUNDING = 1e-3


def entropies_in_range(column: str, vocabulary: int) -> Rule:
    """Every entropy lies between 0 and that of the uniform distribution, log V."""
    highest = math.log(vocabulary)
    return every_step(
        f"{column}-in-range",
        f"every {column} lies from 0 to log V = {highest:.4f} nats",
        column=column,
        holds=lambda entropy: within(entropy, 0, highest + ENTROPY_ROUNDING),
    )


END_PROBABILITY = every_step(
    "end-probability-in-range",
    "every end probability lies from 0 to 1",
    column="end_probability",
    holds=lambda mass: within(mass, 0, 1 + MASS_ROUNDING),
)


def end_among_ends(log_prob: pl.Expr, *, ended: pl.Expr) -> Rule:
    """The end of a text, its last token, is no likelier than all end ids together.

    `log_prob` is that of the last token. Probabilities of one step beside the end ids of another
    break this.
    """
    probability = log_prob.cast(pl.Float64).exp()
    share = pl.col("end_probability").list.last().cast(pl.Float64)
    beyond = probability - share * (1 + SHARE_ROUNDING)
    return every_row(
        "end-among-ends",
        "the end id that ends a text is no likelier than all end ids together",
        holds=~ended | within(beyond, None, MASS_ROUNDING),
        words=in_words("{}: {} of {}", EXAMPLE, probability, share),
    )


def same_length(name: str, columns: tuple[str, ...]) -> Rule:
    """All lists of a row have one value a step."""
    lengths = [pl.col(column).list.len() for column in columns]
    names = ", ".join(column.replace("_", " ") for column in columns)
    return every_row(
        name,
        f"{names} have one value each at every step",
        holds=pl.all_horizontal(lengths[0] == length for length in lengths),
        words=in_words("{}: " + ", ".join("{}" for _ in columns) + " values", EXAMPLE, *lengths),
    )
