"""What must be true of Summaries: sums over the first steps of each example.

A step is a token or a byte. A token's entropy is at most log V, but a byte's can be more where
tokens of no bytes count with it; so sums of entropies are held against sums of tokens. The log
loss of a pure sampler (a mixture of 0) is infinite once a human token is outside what it allows.
"""

import math

import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from calibration.tables import SUMMARY_EXAMPLES
from expectations.rules import EXAMPLE, Rule, each_within, every_row, in_words, within
from expectations.sources import clusters_are_named, examples_differ
from expectations.steps import ENTROPY_ROUNDING

VERSION: int = 3

SUM_ROUNDING = 1e-6  # nats, and relative: float64 sums of up to 1e7 float32 values

SUMS = tuple(name for name, kind in SUMMARY_EXAMPLES.items() if kind == pl.List(pl.Float64))
LOG_LOSS = "log_loss"
SIDES = ("generated", "human")
ENTROPIES = {"generated": "entropy", "human": "teacher_entropy"}


def sum_rules(
    *,
    unit: Unit,
    at_end: AtEnd,
    vocabulary: int | None,
    decoding: Decoding,
    draws: int | None = None,
) -> tuple[Rule, ...]:
    """The rules of the cumulative sums, one row a generated text.

    `vocabulary` is the number of ids; None where it is not known. `draws` is how often each example
    was continued, None for once.
    """
    may_end = {"generated": at_end != "continue", "human": at_end == "natural"}
    return (
        Rule("some-examples", "there is an example summed", pl.len(), low=1),
        examples_differ(draws=draws),
        clusters_are_named(),
        *_horizons(),
        *(
            rule
            for name in SUMS
            if not (decoding.is_pure and name == LOG_LOSS)
            for rule in _cumulative(name)
        ),
        *([_infinite_once_outside()] if decoding.is_pure else []),
        _inside_of_tokens() if decoding.truncations else _all_inside(),
        *(_steps_within_horizon(side) for side in SIDES),
        *(_begins_with_a_token(side) for side in SIDES),
        *(_counted(side, unit, may_end=may_end[side]) for side in SIDES),
        *([] if vocabulary is None else [_entropy_within(side, vocabulary) for side in SIDES]),
        _ended_once() if may_end["generated"] else _never_ended(),
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


def _infinite_once_outside() -> Rule:
    loss, outside = pl.col(LOG_LOSS), _less(pl.col("tokens_human"), pl.col("inside"))
    finite = outside.list.eval(pl.element() <= SUM_ROUNDING)
    rise = loss.list.eval(pl.element().filter(pl.element().is_finite())).list.diff()
    return every_row(
        "infinite-once-outside",
        "the log loss has one sum a horizon, which is not negative, never falls, and is infinite "
        "from the first human token on that is outside what is allowed",
        holds=(loss.list.len() == pl.col("horizons").list.len())
        & loss.list.eval((pl.element() == math.inf) | within(pl.element(), -SUM_ROUNDING, None))
        .list.eval(pl.element().fill_null(value=False))
        .list.all()
        & (loss.list.eval(pl.element().is_finite()) == finite)
        & (rise.list.min().fill_null(0.0) >= -SUM_ROUNDING),
        words=in_words("{}: from {} to {}", EXAMPLE, loss.list.first(), loss.list.last()),
    )


def _inside_of_tokens() -> Rule:
    beyond = _less(pl.col("inside"), pl.col("tokens_human"))
    return every_row(
        "inside-are-tokens",
        "no more human tokens are inside what the decoding allows than there are",
        holds=_all_within(beyond, None, SUM_ROUNDING),
        words=in_words("{}: {} beyond", EXAMPLE, beyond.list.max()),
    )


def _all_inside() -> Rule:
    rest = _less(pl.col("tokens_human"), pl.col("inside"))
    return every_row(
        "all-inside",
        "a decoding that truncates nothing allows every human token",
        holds=_all_within(rest, -SUM_ROUNDING, SUM_ROUNDING),
        words=in_words("{}: up to {} outside", EXAMPLE, rest.list.max()),
    )


def _all_at_least(values: pl.Expr, least: float) -> pl.Expr:
    """Whether every element is at least so much above the one before it."""
    rise = values.list.diff(null_behavior="drop")
    enough = within(pl.element(), least, None).fill_null(value=False)
    return rise.list.eval(enough).list.all()


def _less(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The differences of two lists of sums, as far as both go."""
    # Lists of other lengths have a rule of their own, and subtracting them would be an error.
    both = pl.min_horizontal(one.list.len(), other.list.len())
    return one.list.head(both) - other.list.head(both)


def _all_within(differences: pl.Expr, low: float | None, high: float) -> pl.Expr:
    inside = within(pl.element(), low, high).fill_null(value=False)
    return differences.list.eval(inside).list.all()


def _steps_within_horizon(side: str) -> Rule:
    steps = pl.col(f"steps_{side}")
    beyond = _less(steps, pl.col("horizons").cast(pl.List(pl.Float64)))
    return every_row(
        f"steps-{side}-within-horizon",
        f"steps {side} are at least 1 and at most the horizon",
        holds=(steps.list.first() >= 1) & _all_within(beyond, None, 0),
        words=in_words("{}: {} beyond", EXAMPLE, beyond.list.max()),
    )


def _begins_with_a_token(side: str) -> Rule:
    return every_row(
        f"first-step-{side}-is-of-a-token",
        f"the first step of a text ({side}) belongs to a token",
        holds=within(pl.col(f"tokens_{side}").list.first(), 0, None)
        & (pl.col(f"tokens_{side}").list.first() > 0),
        words=in_words("{}: {} tokens", EXAMPLE, pl.col(f"tokens_{side}").list.first()),
    )


def _counted(side: str, unit: Unit, *, may_end: bool) -> Rule:
    """What fills the steps: one of the unit each, and nothing after a text's end."""
    rest = _less(pl.col(f"steps_{side}"), pl.col(f"{unit}_{side}"))
    one = unit.removesuffix("s")
    but_the_end = ", or, after the text's end, none" if may_end else ""
    lowest, highest = -SUM_ROUNDING, math.inf if may_end else SUM_ROUNDING
    return every_row(
        f"one-{one}-a-step-{side}",
        f"every step of a text ({side}) has one {one}{but_the_end}",
        holds=rest.list.eval(pl.element().is_between(lowest, highest)).list.all(),
        words=in_words("{}: up to {} steps without", EXAMPLE, rest.list.max()),
    )


def _entropy_within(side: str, vocabulary: int) -> Rule:
    entropy, highest = ENTROPIES[side], math.log(vocabulary)
    tokens = pl.col(f"tokens_{side}")
    beyond = _less(pl.col(entropy), tokens * (highest + ENTROPY_ROUNDING))
    return every_row(
        f"{entropy}-within-log-v".replace("_", "-"),
        f"the {entropy.replace('_', ' ')} is at most log V = {highest:.4f} nats a token",
        holds=_all_within(beyond, None, SUM_ROUNDING),
        words=in_words("{}: {} nats beyond", EXAMPLE, beyond.list.max()),
    )


def _never_ended() -> Rule:
    return every_row(
        "never-ended",
        "no text has ended",
        holds=pl.col("ended").list.eval(pl.element() == 0).list.all(),
        words=in_words("{}: up to {}", EXAMPLE, pl.col("ended").list.max()),
    )


def _ended_once() -> Rule:
    return every_row(
        "ended-once",
        "a text has ended, 1, or it has not, 0",
        holds=pl.col("ended").list.eval((pl.element() == 0) | (pl.element() == 1)).list.all(),
        words=in_words("{}: up to {}", EXAMPLE, pl.col("ended").list.max()),
    )
