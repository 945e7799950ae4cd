"""What must be true of the theory beside a study's texts, and of what its figures show."""

from collections.abc import Sequence

import polars as pl

from calibration.theory_tables import TEXT_LABELS
from expectations.rules import Rule, every_row, in_words, within

VERSION = 1

ROUNDING = 1e-9  # relative: float64 sums in another order
LABELS = tuple(TEXT_LABELS)
PREDICTIONS = ("predicted", "predicted_finite", "local_exponent")
SHARES = ("singleton_mass", "karlin")
SHARES_OF_STEPS = ("derailed_share", "passed_on")
MASSES = ("singleton_mass", "predicted_mass")  # of SINGLETONS
DRAWN = ("ranks", "singletons")

_TEXT = in_words("{} of {} on {}", *map(pl.col, ("unit", "tokenizer", "dataset")))
_ESTIMATE = in_words("{}, {}", _TEXT, pl.col("estimator"))
_LENGTH = in_words("{} at m = {}", _TEXT, pl.col("tokens"))
_RANK = in_words("{}, {}, rank {}", _TEXT, pl.col("ranking"), pl.col("rank"))


def counted(theory: pl.DataFrame, datasets: Sequence[str]) -> pl.DataFrame:
    """A row for each data set with its number of rows in THEORY."""
    rows = theory.group_by("dataset").len("rows")
    named = pl.DataFrame({"dataset": datasets}, schema={"dataset": pl.String})
    return named.join(rows, on="dataset", how="left").with_columns(pl.col("rows").fill_null(0))


def counted_rules() -> tuple[Rule, ...]:
    """The rules of the data sets that were to be `counted`."""
    return (
        every_row(
            "every-data-set-counted",
            "every data set has a text that is long enough to be counted",
            holds=pl.col("rows") > 0,
            words=in_words("{}", pl.col("dataset")),
            severity="warn",  # a study of a few short texts may be measured all the same
        ),
    )


def presence(theory: pl.DataFrame, **tables: pl.DataFrame) -> pl.DataFrame:
    """A row for each text that has a row in any table, with a column `in_` each of them."""
    found = theory.select(LABELS).unique(maintain_order=True).with_columns(in_theory=True)
    for name, table in tables.items():
        there = table.select(LABELS).unique(maintain_order=True)
        there = there.with_columns(pl.lit(value=True).alias(f"in_{name}"))
        found = found.join(there, on=LABELS, how="full", coalesce=True, nulls_equal=True)
    return found.with_columns(pl.col("^in_.*$").fill_null(value=False))


def presence_rules() -> tuple[Rule, ...]:
    """The rules of a `presence`."""
    return (
        every_row(
            "every-table-has-every-text",
            f"the texts of the theory are those of its {' and '.join(DRAWN)}",
            holds=pl.all_horizontal(pl.col("in_theory"), *(pl.col(f"in_{name}") for name in DRAWN)),
            words=_TEXT,
        ),
    )


def theory_rules() -> tuple[Rule, ...]:
    """The rules of THEORY."""
    amounts = [pl.col(name) for name in ("documents", "tokens", "types")]
    return (
        every_row(
            "estimated-once",
            "a text has one row an estimator",
            holds=pl.struct(*LABELS, "estimator").is_unique(),
            words=_ESTIMATE,
        ),
        every_row(
            "amounts-of-text-positive",
            "a text has source texts, tokens and types, and no more types than tokens",
            holds=pl.all_horizontal(amount > 0 for amount in amounts)
            & (pl.col("types") <= pl.col("tokens")),
            words=in_words("{}: {} source texts, {} tokens, {} types", _ESTIMATE, *amounts),
        ),
        _alpha_in_its_interval(),
        *(_not_positive(name) for name in PREDICTIONS),
        *(_share(name) for name in SHARES),
        *(_share_if_known(name) for name in SHARES_OF_STEPS),
    )


def rank_rules() -> tuple[Rule, ...]:
    """The rules of RANKS."""
    return (
        every_row(
            "rank-at-least-one",
            "ranks count from 1",
            holds=within(pl.col("rank"), 1, None),
            words=_RANK,
        ),
        every_row(
            "frequency-is-a-share",
            "a frequency is above 0 and at most 1",
            holds=within(pl.col("frequency"), 0, 1) & (pl.col("frequency") > 0),
            words=in_words("{}: {}", _RANK, pl.col("frequency")),
        ),
    )


def singleton_rules() -> tuple[Rule, ...]:
    """The rules of SINGLETONS."""
    tokens = pl.col("tokens")
    before = tokens.shift().over(LABELS)
    return (
        every_row(
            "lengths-grow",
            "the lengths of a text are above 0 and each is longer than the one before",
            holds=(tokens > 0) & (before.is_null() | (tokens > before)),
            words=_LENGTH,
        ),
        *(_falling_share(name) for name in MASSES),
    )


def _alpha_in_its_interval() -> Rule:
    value, low, high = (pl.col(name) for name in ("alpha", "low", "high"))
    unknown = low.is_null() & high.is_null()
    inside = within(low, None, None) & within(high, None, None) & value.is_between(low, high)
    known = within(value, None, None) & (unknown | inside)
    return every_row(
        "alpha-within-interval",
        "α is a number inside its interval, or has no interval, or is not known",
        holds=pl.when(value.is_null()).then(unknown).otherwise(known),
        words=in_words("{}: {}, from {} to {}", _ESTIMATE, value, low, high),
    )


def _not_positive(name: str) -> Rule:
    value = pl.col(name)
    return every_row(
        f"{name}-not-positive".replace("_", "-"),
        f"no {name.replace('_', ' ')} is above 0: what occurs once never grows with more text",
        holds=value.is_null() | within(value, None, 0),
        words=in_words("{}: {}", _ESTIMATE, value),
    )


def _share(name: str) -> Rule:
    value = pl.col(name)
    return every_row(
        f"{name}-is-a-share".replace("_", "-"),
        f"{name.replace('_', ' ')} lies from 0 to 1",
        holds=within(value, 0, 1),
        words=in_words("{}: {}", _ESTIMATE, value),
    )


def _share_if_known(name: str) -> Rule:
    value = pl.col(name)
    return every_row(
        f"{name}-is-a-share".replace("_", "-"),
        f"{name.replace('_', ' ')} lies from 0 to 1, or is not known",
        holds=value.is_null() | within(value, 0, 1),
        words=in_words("{}: {}", _ESTIMATE, value),
    )


def _falling_share(name: str) -> Rule:
    value = pl.col(name)
    before = value.shift().over(LABELS)
    falls = before.is_null() | (value <= before * (1 + ROUNDING))
    return every_row(
        f"{name}-falls-with-length".replace("_", "-"),
        f"the {name.replace('_', ' ')} lies from 0 to 1, no higher at a greater length, or is "
        "not known",
        holds=value.is_null() | (within(value, 0, 1) & falls),
        words=in_words("{}: {} after {}", _LENGTH, value, before),
    )
