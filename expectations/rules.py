"""A rule: one thing that must be true of a table, as one number of it between two bounds.

Bounds are inclusive. A number that is missing, NaN or infinite is within no bounds, so a rule can
only pass on evidence. This file knows polars and words; it does not know who compares a number
with its bounds, nor what any particular table means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["fail", "warn"]
Holds = Callable[[pl.Expr], pl.Expr]

SHOWN = 3  # offending rows put into words: enough to see a pattern, short enough for one sentence


@dataclass(frozen=True, eq=False)  # expressions do not compare to a truth value
class Offenders:
    """The rows that break a rule, and one such row in words."""

    where: pl.Expr
    words: pl.Expr


@dataclass(frozen=True, eq=False)
class Rule:
    """A claim about a table: `aggregate`, one number of it, lies in [low, high]."""

    name: str
    statement: str  # the claim in the words of the domain, without a full stop
    aggregate: pl.Expr
    low: float | None = None
    high: float | None = None
    severity: Severity = "fail"
    offenders: Offenders | None = None
    reads: str = "{value:.6g}"  # the number in words, where `rows` is the length of the table

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError(f"rule {self.name} needs a bound: without one it cannot fail")

    @property
    def expected(self) -> str:
        """The claim with its bounds in words."""
        counts_breaks = self.low == self.high == 0
        return self.statement if counts_breaks else f"{self.statement}, {self._bounds}"

    @property
    def _bounds(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, eq=False)
class Case:
    """A table and the rules that it is judged by."""

    table: pl.DataFrame
    rules: tuple[Rule, ...]

    @property
    def facts(self) -> pl.DataFrame:
        """One row: the number that each rule speaks of, in a column of the rule's name."""
        facts = self.table.select(
            rule.aggregate.cast(pl.Float64).alias(rule.name) for rule in self.rules
        )
        if facts.height != 1:
            raise RuntimeError(
                f"facts are one row, found {facts.height}: a rule does not aggregate"
            )
        return facts


def every_row(
    name: str, statement: str, *, holds: pl.Expr, words: pl.Expr, severity: Severity = "fail"
) -> Rule:
    """The rule that `holds` is true of every row; unknown (null) is not true."""
    breaks = ~holds.fill_null(value=False)
    return Rule(
        name,
        statement,
        aggregate=breaks.sum(),
        low=0,
        high=0,
        severity=severity,
        offenders=Offenders(breaks, words),
        reads="{value:.0f} of {rows} rows",
    )


def every_step(
    name: str, statement: str, *, column: str, holds: Holds, severity: Severity = "fail"
) -> Rule:
    """The rule that `holds` is true of every element of a list column; offenders name the step."""
    breaks = pl.col(column).list.eval(~holds(pl.element()).fill_null(value=False))
    first = breaks.cast(pl.List(pl.Int8)).list.arg_max()
    value = pl.col(column).list.get(first, null_on_oob=True)
    what = f"{column.replace('_', ' ')} {{}} at step {{}}"
    return every_row(
        name,
        statement,
        holds=~breaks.list.any(),
        words=in_words(f"{{}}: {what}", EXAMPLE, value, first + 1),
        severity=severity,
    )


def within(value: pl.Expr, low: float | None, high: float | None) -> pl.Expr:
    """Whether a value is a finite number in [low, high]; None is no bound on that side."""
    # NaN compares above every number in polars, so a lower bound alone would let it through.
    inside = value.is_finite()
    if low is not None:
        inside = inside & (value >= low)
    if high is not None:
        inside = inside & (value <= high)
    return inside


def each_within(column: str, low: float | None, high: float | None) -> pl.Expr:
    """Whether every element of a list column is a finite number in [low, high]."""
    inside = within(pl.element(), low, high).fill_null(value=False)
    return pl.col(column).list.eval(inside).list.all()


def in_words(template: str, *values: pl.Expr) -> pl.Expr:
    """The template with each `{}` filled from a row; what is missing reads `nothing`."""
    return pl.format(template, *(value.cast(pl.String).fill_null("nothing") for value in values))


EXAMPLE = in_words("example {} of {}", pl.col("example"), pl.col("cluster"))
