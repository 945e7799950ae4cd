"""What must be true of Summaries: cumulative sums per example, clustered moments per position.

The first measured step has the same prefix on both sides, the prompt; so there the entropy on own
text and on human text are one number, and drift is zero.
"""

from collections.abc import Sequence
from itertools import combinations

import polars as pl

from calibration.recipes import Precision
from calibration.statistics.consistency import FLOAT32_DIFFERENCE
from calibration.tables import SUMMARY_EXAMPLES, SUMMARY_POSITIONS
from expectations.rules import EXAMPLE, Rule, each_within, every_row, in_words, within
from expectations.sources import clusters_are_named, examples_differ

VERSION: int = 1

# Nats, of the mean over examples; in 16 bits the rounding of two passes leaves some thousandths.
MEAN_FIRST_STEP = {"float32": FLOAT32_DIFFERENCE, "bfloat16": 1e-2, "float16": 1e-2}
SUM_ROUNDING = 1e-6  # nats, and relative: float64 sums of up to 1e7 float32 values

SUMS = tuple(name for name, kind in SUMMARY_EXAMPLES.items() if kind == pl.List(pl.Float64))
COUNTED = ("tokens_generated", "tokens_human")
VALUES = ("entropy", "log_loss", "teacher_entropy")
SQUARES = {name: f"{name}_{name}" for name in (*VALUES, "count_generated", "count_human")}

_POSITION = in_words("position {}", pl.col("position"))


def summary_example_rules() -> tuple[Rule, ...]:
    """The rules of the cumulative sums, one row an example."""
    return (
        Rule("some-examples", "there is an example summed", pl.len(), low=1),
        examples_differ(),
        clusters_are_named(),
        *_horizons(),
        *(rule for name in SUMS for rule in _cumulative(name)),
        *(_counted_within_horizon(name) for name in COUNTED),
        _ended_once(),
    )


def summary_position_rules(
    summary_examples: pl.DataFrame, *, precision: Precision
) -> tuple[Rule, ...]:
    """The rules of the sums over examples at every step, beside the examples that were summed."""
    return (
        Rule("some-positions", "there is a step summed", pl.len(), low=1),
        *_positions(),
        *_counts(summary_examples.height),
        *_moments(),
        _no_drift_at_first_step(MEAN_FIRST_STEP[precision]),
        *(_same_total(name, summary_examples) for name in VALUES),
    )


def _horizons() -> tuple[Rule, ...]:
    horizons = pl.col("horizons")
    shown = horizons.cast(pl.List(pl.String)).list.join(", ")
    return (
        every_row(
            "same-horizons",
            "every row has the same horizons",
            holds=horizons == horizons.first(),
            words=in_words("{}: {}", EXAMPLE, shown),
        ),
        every_row(
            "horizons-increase",
            "horizons count steps from 1 on, each more than the one before",
            holds=(horizons.list.len() >= 1)
            & (horizons.list.first() >= 1)
            & _all_at_least(horizons, 1),
            words=in_words("{}: {}", EXAMPLE, shown),
        ),
    )


def _cumulative(name: str) -> tuple[Rule, ...]:
    words = name.replace("_", " ")
    sums = pl.col(name)
    return (
        every_row(
            f"{name}-summed".replace("_", "-"),
            f"the {words} has one finite sum a horizon",
            holds=(sums.list.len() == pl.col("horizons").list.len())
            & each_within(name, None, None),
            words=in_words("{}: {} sums", EXAMPLE, sums.list.len()),
        ),
        every_row(
            f"{name}-never-falls".replace("_", "-"),
            f"sums of the {words} start at 0 or above and never fall from one horizon to the next",
            holds=(sums.list.first() >= -SUM_ROUNDING) & _all_at_least(sums, -SUM_ROUNDING),
            words=in_words("{}: lowest step {}", EXAMPLE, sums.list.diff().list.min()),
        ),
    )


def _all_at_least(values: pl.Expr, least: float) -> pl.Expr:
    """Whether every element is at least so much above the one before it."""
    rise = values.list.diff(null_behavior="drop")
    enough = within(pl.element(), least, None).fill_null(value=False)
    return rise.list.eval(enough).list.all()


def _counted_within_horizon(name: str) -> Rule:
    words = name.replace("_", " ")
    horizons = pl.col("horizons").cast(pl.List(pl.Float64))
    # Lists of other lengths have a rule of their own, and subtracting them would be an error.
    both = pl.min_horizontal(pl.col(name).list.len(), horizons.list.len())
    beyond = pl.col(name).list.head(both) - horizons.list.head(both)
    return every_row(
        f"{name}-within-horizon".replace("_", "-"),
        f"{words} are at least 1 and at most the horizon",
        holds=(pl.col(name).list.first() >= 1) & beyond.list.eval(pl.element() <= 0).list.all(),
        words=in_words("{}: {} beyond", EXAMPLE, beyond.list.max()),
    )


def _ended_once() -> Rule:
    return every_row(
        "ended-once",
        "a text has ended, 1, or it has not, 0",
        holds=pl.col("ended").list.eval((pl.element() == 0) | (pl.element() == 1)).list.all(),
        words=in_words("{}: up to {}", EXAMPLE, pl.col("ended").list.max()),
    )


def _positions() -> tuple[Rule, ...]:
    numbers = [name for name in SUMMARY_POSITIONS if name != "position"]
    finite = [within(pl.col(name), None, None).fill_null(value=False) for name in numbers]
    lacking = pl.concat_list(
        pl.when(~good).then(pl.lit(name)) for name, good in zip(numbers, finite, strict=True)
    )
    return (
        every_row(
            "positions-contiguous",
            "positions count from 1 without a gap",
            holds=pl.col("position") == pl.int_range(1, pl.len() + 1),
            words=in_words("{} in row {}", _POSITION, pl.int_range(pl.len())),
        ),
        every_row(
            "positions-finite",
            "every sum and moment is a finite number",
            holds=pl.all_horizontal(finite),
            words=in_words("{}: {}", _POSITION, lacking.list.drop_nulls().list.join(", ")),
        ),
    )


def _counts(examples: int) -> tuple[Rule, ...]:
    generated, human = pl.col("count_generated"), pl.col("count_human")
    shown = in_words("{}: {} generated, {} human", _POSITION, generated, human)
    falls = [count.shift(1).is_null() | (count <= count.shift(1)) for count in (generated, human)]
    at_first = pl.col("position") != 1
    return (
        every_row(
            "counts-positive",
            "every position has an example, and no count is negative",
            holds=(generated >= 0) & (human >= 0) & (generated + human >= 1),
            words=shown,
        ),
        every_row(
            "all-start",
            f"all {examples} examples have a first step on both sides",
            holds=at_first | ((generated == examples) & (human == examples)),
            words=shown,
        ),
        every_row(
            "counts-never-rise",
            "no position has more examples than the one before it",
            holds=pl.all_horizontal(falls),
            words=shown,
        ),
        every_row(
            "clusters-within-counts",
            "every position has a cluster, and no more of them than examples",
            holds=within(pl.col("clusters"), 1, None) & (pl.col("clusters") <= generated + human),
            words=in_words("{}: {} clusters", _POSITION, pl.col("clusters")),
        ),
        every_row(
            "ended-within-counts",
            "no more texts end at a position than have a step there",
            holds=within(pl.col("ended"), 0, None) & (pl.col("ended") <= generated),
            words=in_words("{}: {} of {} ended", _POSITION, pl.col("ended"), generated),
        ),
    )


def _moments() -> tuple[Rule, ...]:
    return (
        every_row(
            "sums-not-negative",
            "no sum of entropies, losses or squares is negative",
            holds=pl.all_horizontal(
                within(pl.col(name), -SUM_ROUNDING, None) for name in (*VALUES, *SQUARES.values())
            ),
            words=_POSITION,
        ),
        every_row(
            "products-within-squares",
            "no sum of products exceeds what the sums of squares allow (Cauchy-Schwarz)",
            holds=pl.all_horizontal(_within_squares(*pair) for pair in _products()),
            words=_POSITION,
        ),
    )


def _products() -> Sequence[tuple[str, str]]:
    return [pair for pair in combinations(SQUARES, 2) if "_".join(pair) in SUMMARY_POSITIONS]


def _within_squares(one: str, other: str) -> pl.Expr:
    allowed = pl.col(SQUARES[one]).abs() * pl.col(SQUARES[other]).abs()
    return pl.col(f"{one}_{other}").pow(2) <= allowed * (1 + SUM_ROUNDING) + SUM_ROUNDING


def _no_drift_at_first_step(tolerance: float) -> Rule:
    drift = pl.col("entropy") / pl.col("count_generated") - pl.col("teacher_entropy") / pl.col(
        "count_human"
    )
    return Rule(
        "no-drift-at-first-step",
        "the first step has the same prefix on both sides, so its drift is zero, in nats",
        drift.filter(pl.col("position") == 1).first().abs(),
        high=tolerance,
    )


def _same_total(name: str, summary_examples: pl.DataFrame) -> Rule:
    total, horizon = summary_examples.select(
        pl.col(name).list.last().sum(), pl.col("horizons").list.last().max()
    ).row(0)
    found = pl.col(name).filter(pl.col("position") <= pl.lit(horizon, dtype=pl.Int32)).sum()
    return Rule(
        f"{name}-adds-up".replace("_", "-"),
        f"the {name.replace('_', ' ')} is the same summed over examples and over positions; "
        "difference, relative",
        (found - pl.lit(total, dtype=pl.Float64)).abs()
        / pl.max_horizontal(pl.lit(total, dtype=pl.Float64).abs(), pl.lit(1.0)),
        high=SUM_ROUNDING,
    )
