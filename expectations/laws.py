"""What must be true of what stands behind and beside a law: its points, and what else it states.

Scatter, pooled exponents and adjusted p-values of FITS; POINTS, LEAVE_ONE_OUT, HORIZONS, OVERALL;
and TUNING, where no law is fitted.
"""

import polars as pl

from calibration.statistics.overall import FAMILIES_NEEDED
from calibration.statistics.scaling import MODELS_NEEDED
from calibration.tables import SERIES_LABELS
from expectations.rules import Rule, every_row, in_words, within

ROUNDING = 1e-9  # relative: float64 sums in another order
LABELS = tuple(SERIES_LABELS)
CHANCES = ("p_holm", "p_heterogeneity", "i_squared")

_LAW = in_words("{} of {} on {} at {}", *(pl.col(name) for name in ("quantity", *LABELS[:3])))
_POINT = in_words("{}, {}", _LAW, pl.col("model"))
_WITHOUT = in_words("{} without {}", _LAW, pl.col("left_out"))
_LENGTH = in_words("{}, {} steps", _LAW, pl.col("steps"))
_PAIR = in_words(
    "{} of {} less {} on {} at {}",
    *(pl.col(name) for name in ("quantity", "chat", "base", "dataset", "decoding")),
)
_OVERALL = in_words(
    "{} on {} at {}", *(pl.col(name) for name in ("quantity", "dataset", "decoding"))
)


def stated_rules() -> tuple[Rule, ...]:
    """The rules of what FITS states besides the exponent and its interval."""
    scatter, low, high = (pl.col(f"scatter{end}") for end in ("", "_low", "_high"))
    clusters, effective = pl.col("clusters"), pl.col("effective_clusters")
    holm, alone = pl.col("p_holm"), pl.col("p_zero")
    return (
        _inside_or_none("pooled-exponent-within-interval", "pooled_", words=_LAW),
        every_row(
            "scatter-within-interval",
            "the scatter lies in its interval, which begins at 0 or above and may have no end",
            holds=low.is_null() | (within(low, 0, None) & scatter.is_between(low, _or_end(high))),
            words=in_words("{}: {}, from {} to {}", _LAW, scatter, low, high),
        ),
        *(_chance(name) for name in CHANCES),
        every_row(
            "adjusted-p-not-smaller",
            "no p-value falls when it is adjusted for the other series",
            holds=holm.is_null() | (holm >= alone * (1 - ROUNDING)),
            words=in_words("{}: {} from {}", _LAW, holm, alone),
        ),
        every_row(
            "heterogeneity-not-negative",
            "Cochran's Q is finite and not negative, or not known",
            holds=pl.col("heterogeneity").is_null() | within(pl.col("heterogeneity"), 0, None),
            words=in_words("{}: {}", _LAW, pl.col("heterogeneity")),
        ),
        every_row(
            "effective-clusters-no-more",
            "uneven source texts count for no more than their number",
            holds=effective.is_null() | within(effective / clusters, 0, 1 + ROUNDING),
            words=in_words("{}: {} of {}", _LAW, effective, clusters),
        ),
        every_row(
            "halving-above-one",
            "what halves a quantity that falls is a factor above 1, none where it does not fall",
            holds=pl.when(pl.col("exponent") < 0)
            .then(pl.col("halving").is_null() | (pl.col("halving") > 1))
            .otherwise(pl.col("halving").is_null()),
            words=in_words("{}: {}", _LAW, pl.col("halving")),
        ),
    )


def point_rules() -> tuple[Rule, ...]:
    """The rules of POINTS."""
    value, low, high = pl.col("value"), pl.col("low"), pl.col("high")
    known = low.is_not_null() & high.is_not_null()
    return (
        every_row(
            "one-point-a-model",
            "a law is fitted to one value of each model",
            holds=pl.struct(*LABELS, "model").is_unique(),
            words=_POINT,
        ),
        every_row(
            "point-within-interval",
            "every value lies in its interval, or has none",
            holds=~known | value.is_between(low, high),
            words=in_words("{}: {}, from {} to {}", _POINT, value, low, high),
        ),
        every_row(
            "covariance-with-every-model",
            "every value has a covariance with each value of its series",
            holds=pl.col("covariance").list.len() == pl.len().over(LABELS),
            words=in_words("{}: {}", _POINT, pl.col("covariance").list.len()),
        ),
    )


def leave_one_out_rules() -> tuple[Rule, ...]:
    """The rules of LEAVE_ONE_OUT."""
    shift = pl.col("shift")
    return (
        every_row(
            "left-out-once",
            "every model is left out of a law once",
            holds=pl.struct(*LABELS, "left_out").is_unique(),
            words=_WITHOUT,
        ),
        _inside_or_none("left-out-within-interval", "", words=_WITHOUT),
        every_row(
            "models-left",
            f"an exponent without some models is given only of {MODELS_NEEDED} or more",
            holds=(pl.col("models") >= 1)
            & (pl.col("exponent").is_null() | (pl.col("models") >= MODELS_NEEDED)),
            words=in_words("{}: {} models", _WITHOUT, pl.col("models")),
        ),
        every_row(
            "flag-has-a-shift",
            "a model is flagged or not where the exponent without it is known, and only there",
            holds=pl.col("flagged").is_not_null() == shift.is_not_null(),
            words=in_words("{}: moved by {}", _WITHOUT, shift),
        ),
    )


def horizon_rules() -> tuple[Rule, ...]:
    """The rules of HORIZONS."""
    return (
        every_row(
            "length-once",
            "no length of a quantity stands twice, and each has a step",
            holds=pl.struct(*LABELS, "steps").is_unique() & (pl.col("steps") >= 1),
            words=_LENGTH,
        ),
        _inside_or_none("length-within-interval", "", words=_LENGTH),
        every_row(
            "length-identified",
            "an exponent of some length is given only where it is identified",
            holds=pl.col("exponent").is_null() | pl.col("identified"),
            words=_LENGTH,
        ),
    )


def overall_rules() -> tuple[Rule, ...]:
    """The rules of OVERALL."""
    families, differ = pl.col("families"), pl.col("tokenizers_differ")
    return (
        _inside_or_none("overall-within-interval", "", words=_OVERALL),
        every_row(
            "enough-families",
            f"an exponent over families is given of {FAMILIES_NEEDED} or more that are measured on "
            "the same spans, and none of others",
            holds=pl.col("exponent").is_null() == ((families < FAMILIES_NEEDED) | differ),
            words=in_words("{}: {} families, tokenizers differ: {}", _OVERALL, families, differ),
        ),
    )


def tuning_rules() -> tuple[Rule, ...]:
    """The rules of TUNING."""
    low, difference, high = (pl.col(name) for name in ("low", "difference", "high"))
    rest = difference - (pl.col("of_chat") - pl.col("of_base"))
    return (
        every_row(
            "pair-once",
            "a chat model is compared with its base model once, in each quantity",
            holds=pl.struct("chat", "base", "dataset", "decoding", "quantity").is_unique(),
            words=_PAIR,
        ),
        every_row(
            "difference-is-chat-less-base",
            "what instruction tuning changed is the chat model's value less the base model's",
            holds=difference.is_null() | within(rest, -ROUNDING, ROUNDING),
            words=in_words("{}: off by {}", _PAIR, rest),
        ),
        every_row(
            "difference-within-interval",
            "the difference lies in its interval, or has none",
            holds=(low.is_null() & high.is_null()) | difference.is_between(low, high),
            words=in_words("{}: {}, from {} to {}", _PAIR, difference, low, high),
        ),
    )


def _inside_or_none(name: str, prefix: str, *, words: pl.Expr) -> Rule:
    value, low, high = (pl.col(f"{prefix}{one}") for one in ("exponent", "low", "high"))
    none = value.is_null() & low.is_null() & high.is_null()
    finite = within(low, None, None) & within(high, None, None)
    inside = (finite & value.is_between(low, high)).fill_null(value=False)
    what = f"{prefix}exponent".replace("_", " ")
    return every_row(
        name,
        f"the {what} is a number inside its interval, or neither is known",
        holds=none | inside,
        words=in_words("{}: {}, from {} to {}", words, value, low, high),
    )


def _chance(name: str) -> Rule:
    value = pl.col(name)
    return every_row(
        f"{name}-is-a-share".replace("_", "-"),
        f"{name.replace('_', ' ')} lies from 0 to 1, or is not known",
        holds=value.is_null() | within(value, 0, 1),
        words=in_words("{}: {}", _LAW, value),
    )


def _or_end(high: pl.Expr) -> pl.Expr:
    return high.fill_null(float("inf"))
