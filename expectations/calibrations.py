"""What must be true of a Calibration: the numbers that a method fitted, and what they rest on."""

import polars as pl

from calibration.methods import FittedTemperature, FutureEntropy, Method
from expectations.rules import Rule, every_row, in_words, within

VERSION: int = 1

HOTTEST = 10.0  # a temperature; a network that wants more is wrong in other ways
STRONGEST = 20.0  # |α|: on the ladder .01 to .1, of exact futures up to 1

_SUBJECT = in_words("{} at {}", pl.col("name"), pl.col("at"))
_AGAINST = pl.col("at").str.contains("rollouts, within a place", literal=True)


def calibration_rules(method: Method) -> tuple[Rule, ...]:
    """The rules of the fitted numbers of a method."""
    if isinstance(method, FittedTemperature):
        return (
            Rule("one-temperature", "there is one number", pl.len(), low=1, high=1),
            _named("temperature"),
            _fitted(0.0, HOTTEST, "a temperature above 0"),
        )
    blocks = pl.int_range(pl.len(), dtype=pl.Int32)
    alone = (pl.len() == 1) & pl.col("block").is_null()
    return (
        Rule("some-alpha", "there is a number for a block of positions", pl.len(), low=1),
        _named("alpha"),
        every_row(
            "every-block-once",
            "there is one α, or one for each block in order",
            holds=alone if method.block is None else pl.col("block") == blocks,
            words=in_words("block {}", pl.col("block")),
        ),
        _fitted(-STRONGEST, STRONGEST, "an α"),
    )


def diagnostic_rules(method: Method) -> tuple[Rule, ...]:
    """The rules of what a method tells of its fit."""
    return (
        Rule("some-diagnostics", "the fit tells what it rests on", pl.len(), low=1),
        every_row(
            "diagnostics-finite",
            "every number is finite, and its error not negative where there is one",
            holds=within(pl.col("value"), None, None)
            & (pl.col("se").is_null() | within(pl.col("se"), 0, None)),
            words=in_words("{}: {}, error {}", _SUBJECT, pl.col("value"), pl.col("se")),
        ),
        *_of_method(method),
    )


def head_rules(*, vocabulary: int) -> tuple[Rule, ...]:
    """The rules of a predictor of what follows each of so many tokens."""
    size = pl.col("shape").list.eval(pl.element().product()).list.first()
    outputs = pl.col("shape").filter(pl.col("name") == "outer").list.first()
    return (
        Rule(
            "one-output-a-token",
            f"the predictor has one output for each of {vocabulary} tokens: outputs",
            outputs.first(),
            low=vocabulary,
            high=vocabulary,
        ),
        every_row(
            "arrays-whole",
            "every array of the predictor has as many numbers as its shape says, all finite",
            holds=(pl.col("values").list.len() == size)
            & pl.col("values").list.eval(pl.element().is_finite()).list.all(),
            words=in_words("{}: {} of {}", pl.col("name"), pl.col("values").list.len(), size),
        ),
    )


def _of_method(method: Method) -> tuple[Rule, ...]:
    if isinstance(method, FittedTemperature) and method.fit == "ent_ce":
        return (_both_sides(),)
    if isinstance(method, FutureEntropy):
        return (_no_worse(), _tells_tokens_apart())
    return (_no_worse(),)


def _named(name: str) -> Rule:
    return every_row(
        "named-for-what-it-is",
        f"every number is named {name}",
        holds=pl.col("name") == name,
        words=pl.col("name"),
    )


def _fitted(low: float, high: float, what: str) -> Rule:
    value = pl.col("value")
    inside = within(value, low, high) & (value > low)
    return every_row(
        "in-range",
        f"every number is {what}, and at most {high:g}",
        holds=inside,
        words=in_words("{} {}", pl.col("name"), value),
    )


def _both_sides() -> Rule:
    measured = pl.col("value").filter(pl.col("name") == "ent_ce")
    return Rule(
        "ent-ce-on-both-sides",
        "EntCE was measured at temperatures where it is below 0 and where it is above: signs found",
        measured.sign().n_unique(),
        low=2,
    )


def _no_worse() -> Rule:
    """α = 0 is the network itself, so that human text is no less likely than under it."""
    rounding = 1e-5
    return every_row(
        "log-loss-no-worse",
        "human text that a number was fitted on is no less likely than under the network itself",
        holds=(pl.col("name") != "log_loss_change") | within(pl.col("value"), None, rounding),
        words=in_words("{}: {} nats", _SUBJECT, pl.col("value")),
    )


def _tells_tokens_apart() -> Rule:
    """A warning: what is left of EntCE is bounded by what the predictor is wrong by."""
    of = {
        name: pl.col("value").filter((pl.col("name") == name) & _AGAINST).last()
        for name in ("predictor_error", "labels_spread")
    }
    return Rule(
        "predictor-tells-tokens-apart",
        "on texts kept out the predictor is closer to rollouts, within a place, than a constant: "
        "its error over their spread",
        of["predictor_error"] / of["labels_spread"],
        high=1.0,
        severity="warn",
    )
