"""What must be true of Summaries over positions: sums at every step, and clustered moments.

In tokens, the first measured step has the same prefix on both sides, the prompt; so there the
entropy on own text and on human text are one number, and drift is zero. In bytes it is not: the
first byte carries the first token's entropy over that token's bytes, which differ between the two.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from calibration.recipes import WeightPrecision
from calibration.statistics.consistency import FLOAT32_DIFFERENCE
from calibration.tables import SUMMARY_POSITIONS
from expectations.rules import Rule, every_row, in_words, within
from expectations.summaries import LOG_LOSS, SIDES, SUM_ROUNDING

# Nats, of the mean over examples; in 16 bits the rounding of two passes leaves some thousandths.
MEAN_FIRST_STEP: dict[WeightPrecision, float] = {
    "float32": FLOAT32_DIFFERENCE,
    "bfloat16": 1e-2,
    "float16": 1e-2,
    "four-bit": 1e-2,  # which computes in 16 bits
}

VALUES = ("entropy", "log_loss", "teacher_entropy")
SQUARES = {name: f"{name}_{name}" for name in (*VALUES, "count_generated", "count_human")}

_POSITION = in_words("position {}", pl.col("position"))


def position_rules(
    summary_examples: pl.DataFrame,
    *,
    unit: Unit,
    at_end: AtEnd,
    precision: WeightPrecision,
    decoding: Decoding,
    losses: Literal["slipped"] | None = None,
) -> tuple[Rule, ...]:
    """The rules of the sums over examples at every step, beside the examples that were summed.

    A pure sampler's log loss may be infinite at a step, where its moments are missing. Losses that
    are `slipped` have no last step.
    """
    in_tokens = unit == "tokens"
    totals = {name: name for name in (*VALUES, "ended")}
    totals |= {f"steps_{side}": f"count_{side}" for side in SIDES}
    return (
        Rule("some-positions", "there is a step summed", pl.len(), low=1),
        _contiguous(),
        *_finite(decoding),
        *_counts(summary_examples.height),
        *([] if losses == "slipped" else [_weights(unit, at_end)]),
        *_moments(decoding),
        *([_no_drift_at_first_step(MEAN_FIRST_STEP[precision])] if in_tokens else []),
        *(
            _same_total(of, name, summary_examples)
            for of, name in totals.items()
            if not (decoding.is_pure and name == LOG_LOSS)
        ),
    )


def _contiguous() -> Rule:
    return every_row(
        "positions-contiguous",
        "positions count from 1 without a gap",
        holds=pl.col("position") == pl.int_range(1, pl.len() + 1),
        words=in_words("{} in row {}", _POSITION, pl.int_range(pl.len())),
    )


def _finite(decoding: Decoding) -> tuple[Rule, ...]:
    """Every number is one; where a pure sampler's log loss is infinite, what is of it apart."""
    numbers = [name for name in SUMMARY_POSITIONS if name != "position"]
    of_loss = [name for name in numbers if LOG_LOSS in name] if decoding.is_pure else []
    rest = [name for name in numbers if name not in of_loss]
    every = every_row(
        "positions-finite",
        "every sum and moment is a finite number"
        + (", those of the log loss apart" if of_loss else ""),
        holds=pl.all_horizontal(_is_number(name) for name in rest),
        words=in_words("{}: {}", _POSITION, _lacking(rest)),
    )
    if not of_loss:
        return (every,)
    moments = [pl.col(name).is_null() for name in of_loss if name != LOG_LOSS]
    infinite = (pl.col(LOG_LOSS) == float("inf")) & pl.all_horizontal(moments)
    finite = pl.all_horizontal(_is_number(name) for name in of_loss)
    return (
        every,
        every_row(
            "log-loss-finite-or-infinite",
            "the log loss at a step is infinite and has no moments, or all are finite numbers",
            holds=infinite.fill_null(value=False) | finite,
            words=in_words("{}: {}, without {}", _POSITION, pl.col(LOG_LOSS), _lacking(of_loss)),
        ),
    )


def _is_number(name: str) -> pl.Expr:
    return within(pl.col(name), None, None).fill_null(value=False)


def _lacking(names: Sequence[str]) -> pl.Expr:
    """Which of some columns hold no finite number, in words."""
    found = pl.concat_list(pl.when(~_is_number(name)).then(pl.lit(name)) for name in names)
    return found.list.drop_nulls().list.join(", ")


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


def _weights(unit: Unit, at_end: AtEnd) -> Rule:
    # Both sides have every step of a window, unless a text ends or is cut short before it.
    return _equal_weights() if unit == "tokens" and at_end != "stop" else _no_more_generated()


def _equal_weights() -> Rule:
    generated, human = pl.col("count_generated"), pl.col("count_human")
    return every_row(
        "equal-weights",
        "every position has as many examples generated as human",
        holds=generated == human,
        words=in_words("{}: {} generated, {} human", _POSITION, generated, human),
    )


def _no_more_generated() -> Rule:
    generated, human = pl.col("count_generated"), pl.col("count_human")
    return every_row(
        "no-more-generated",
        "no position has more examples generated than human",
        holds=generated <= human,
        words=in_words("{}: {} generated, {} human", _POSITION, generated, human),
    )


def _moments(decoding: Decoding) -> tuple[Rule, ...]:
    unknown = pl.lit(value=decoding.is_pure) & (pl.col(LOG_LOSS) == float("inf"))
    return (
        every_row(
            "sums-not-negative",
            "no sum of entropies, losses, end probabilities or squares is negative",
            holds=pl.all_horizontal(
                within(pl.col(name), -SUM_ROUNDING, None) | (unknown & (LOG_LOSS in name))
                for name in (*VALUES, "end_probability", *SQUARES.values())
            ),
            words=_POSITION,
        ),
        every_row(
            "products-within-squares",
            "no sum of products exceeds what the sums of squares allow (Cauchy-Schwarz)",
            holds=pl.all_horizontal(
                _within_squares(*pair) | (unknown & (LOG_LOSS in pair)) for pair in _products()
            ),
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


def _same_total(of_examples: str, name: str, summary_examples: pl.DataFrame) -> Rule:
    total, horizon = summary_examples.select(
        pl.col(of_examples).list.last().sum(), pl.col("horizons").list.last().max()
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
