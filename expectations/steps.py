"""What must be true at every step of a continuation, whoever wrote it."""

import math

import polars as pl

from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within

ENTROPY_ROUNDING = 1e-3  # nats: float32 sums over a vocabulary of 150,000
LOG_ROUNDING = 1e-6  # nats, of a log probability that is 0
MASS_ROUNDING = 1e-6  # of a probability that is 1


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
