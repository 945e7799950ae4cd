"""What must be true of fits: EntCE with its parts and intervals, and the law over a series."""

import math
from typing import get_args

import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.statistics.intervals import FEW_CLUSTERS
from calibration.statistics.scaling import MODELS_NEEDED
from calibration.tables import ENT_CE
from expectations.laws import stated_rules
from expectations.rules import Rule, every_row, in_words, within
from expectations.steps import MASS_ROUNDING

VERSION: int = 5

IDENTITY_ROUNDING = 1e-9  # nats: float64 differences of three numbers
QUANTITIES = ("ent_ce", "drift", "drift_slope")
SERIES = ("family", "dataset", "decoding")
UNITS, POLICIES = get_args(Unit), get_args(AtEnd)
DISTINCT = tuple(name for name in ENT_CE if name.startswith("distinct_"))
SHARES = ("coverage", "ended_share", "looping_share", "derailed_share")
PARTS = {
    "ent_ce": ("entropy", "log_loss"),
    "drift": ("entropy", "teacher_entropy"),
    "static": ("teacher_entropy", "log_loss"),
}

_MODEL = in_words("{} on {} at {}", pl.col("model"), pl.col("dataset"), pl.col("decoding"))
# A pure sampler (a mixture of 0) that leaves a human token outside has an infinite log loss, and so
# neither EntCE nor static.
_NO_LOSS = ((pl.col("mixture") == 0) & (pl.col("coverage") < 1)).fill_null(value=False)
OF_LOSS = ("ent_ce", "static")
_FIT = in_words(
    "{} of {} on {} at {}",
    *(pl.col(name) for name in ("quantity", *SERIES)),
)


def ent_ce_rules() -> tuple[Rule, ...]:
    """The rules of a table with one row a model of a series (ENT_CE)."""
    return (
        Rule("some-models", "there is a model measured", pl.len(), low=1),
        every_row(
            "one-row-a-model",
            "no model stands twice in a series",
            holds=pl.struct("model", *SERIES).is_unique(),
            words=_MODEL,
        ),
        *_known(),
        *_sizes(),
        *_means(),
        _adds_up(),
        *(_difference(name) for name in PARTS),
        *(interval_rule(name, words=_MODEL) for name in PARTS),
        _per_byte(),
        *_shares(),
        _end_probability(),
        _distinct(),
    )


def fits_rules() -> tuple[Rule, ...]:
    """The rules of fits beside the number of models measured of their series (`beside_series`)."""
    return (
        every_row(
            "one-fit-a-quantity",
            "no quantity of a series is fitted twice by the same law",
            holds=pl.struct(*SERIES, "quantity", "x", "law").is_unique(),
            words=_FIT,
        ),
        every_row(
            "quantity-known",
            f"every fit is of one of {', '.join(QUANTITIES)}",
            holds=pl.col("quantity").is_in(QUANTITIES),
            words=_FIT,
        ),
        *_exponents(),
        *_spread(),
        *stated_rules(),
    )


def beside_series(fits: pl.DataFrame, ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The fits with `measured`, how many models of their series have a row; 0 if none has."""
    measured = ent_ce.group_by(SERIES).agg(measured=pl.len().cast(pl.Int64))
    joined = fits.join(measured, on=SERIES, how="left", maintain_order="left")
    return joined.with_columns(pl.col("measured").fill_null(0))


def _known() -> tuple[Rule, ...]:
    unit, at_end = pl.col("unit"), pl.col("at_end")
    return (
        every_row(
            "chat-models-apart",
            "it is known of every model whether it is a chat model, and whether it is distilled; "
            "a series is of chat models or of base models",
            holds=pl.col("chat").is_not_null()
            & pl.col("distilled").is_not_null()
            & (pl.col("chat").n_unique().over(SERIES) == 1),
            words=in_words(
                "{}: chat {}, distilled {}", _MODEL, pl.col("chat"), pl.col("distilled")
            ),
        ),
        every_row(
            "unit-known",
            f"every model is measured in one of {', '.join(UNITS)}",
            holds=unit.is_in(UNITS),
            words=in_words("{}: {}", _MODEL, unit),
        ),
        every_row(
            "end-policy-known",
            f"texts end by one of {', '.join(POLICIES)}",
            holds=at_end.is_in(POLICIES),
            words=in_words("{}: {}", _MODEL, at_end),
        ),
    )


def _sizes() -> tuple[Rule, ...]:
    total, rest = pl.col("parameters"), pl.col("non_embedding_parameters")
    training = pl.col("training_tokens")
    # A token that reaches out of a window of bytes counts by its share.
    fewest = pl.when(pl.col("unit") == "bytes").then(1).otherwise(pl.col("examples"))
    return (
        every_row(
            "parameters-counted",
            "every model has a parameter",
            holds=(total >= 1) & within(rest, 0, None),
            words=in_words("{}: {}, {} outside the embeddings", _MODEL, total, rest),
        ),
        every_row(
            "parameters-agree",
            "no model has more parameters outside the embeddings than its study states in all",
            holds=rest <= total,
            words=in_words("{}: {}, {} outside the embeddings", _MODEL, total, rest),
            severity="warn",
        ),
        every_row(
            "training-counted",
            "every model was trained on a token, or it is not known",
            holds=training.is_null() | (training >= 1),
            words=in_words("{}: {}", _MODEL, training),
        ),
        every_row(
            "amounts-positive",
            "every model has clusters, no fewer examples, and has generated tokens: in tokens, no "
            "fewer than examples",
            holds=(pl.col("clusters") >= 1)
            & (pl.col("examples") >= pl.col("clusters"))
            & (pl.col("tokens") >= fewest),
            words=_MODEL,
        ),
        every_row(
            "enough-clusters",
            f"every model is measured on {FEW_CLUSTERS} source texts or more, for narrow intervals",
            holds=pl.col("clusters") >= FEW_CLUSTERS,
            words=in_words("{}: {} clusters", _MODEL, pl.col("clusters")),
            severity="warn",
        ),
    )


def _means() -> tuple[Rule, ...]:
    return (
        *(
            every_row(
                f"{name}-in-range".replace("_", "-"),
                f"the {name.replace('_', ' ')} a step is finite and not negative",
                holds=within(pl.col(name), 0, None),
                words=in_words("{}: {}", _MODEL, pl.col(name)),
            )
            for name in ("entropy", "teacher_entropy")
        ),
        every_row(
            "log-loss-in-range",
            "the log loss a step is not negative, and finite if and only if no pure sampler leaves "
            "a human token outside",
            holds=pl.when(_NO_LOSS)
            .then(pl.col("log_loss") == math.inf)
            .otherwise(within(pl.col("log_loss"), 0, None)),
            words=in_words("{}: {} at coverage {}", _MODEL, pl.col("log_loss"), pl.col("coverage")),
        ),
        *_decodings(),
    )


def _decodings() -> tuple[Rule, ...]:
    mixture, coverage = pl.col("mixture"), pl.col("coverage")
    plain = pl.col("truncation").is_null()
    return (
        every_row(
            "mixture-beside-truncation",
            "a mixture, from 0 to below 1, stands beside a truncation and nowhere else",
            holds=(plain & mixture.is_null()) | (~plain & within(mixture, 0, 1) & (mixture < 1)),
            words=in_words("{}: mixture {}", _MODEL, mixture),
        ),
        every_row(
            "plain-covers-all",
            "every human token is covered where nothing is truncated",
            holds=~plain | (coverage - 1).abs().is_between(0, MASS_ROUNDING),
            words=in_words("{}: {}", _MODEL, coverage),
        ),
        every_row(
            "no-ent-ce-without-loss",
            "there is no EntCE and no static where the log loss is infinite",
            holds=~_NO_LOSS | pl.all_horizontal(_absent(name) for name in OF_LOSS),
            words=in_words("{}: {}", _MODEL, pl.col("ent_ce")),
        ),
    )


def _absent(name: str) -> pl.Expr:
    return pl.all_horizontal(
        pl.col(f"{name}{end}").is_null() for end in ("", "_se", "_low", "_high")
    )


def _adds_up() -> Rule:
    rest = pl.col("ent_ce") - pl.col("drift") - pl.col("static")
    return every_row(
        "ent-ce-adds-up",
        "EntCE is drift plus static",
        holds=_NO_LOSS | within(rest, -IDENTITY_ROUNDING, IDENTITY_ROUNDING),
        words=in_words("{}: off by {}", _MODEL, rest),
    )


def _difference(name: str) -> Rule:
    minuend, subtrahend = PARTS[name]
    rest = pl.col(name) - (pl.col(minuend) - pl.col(subtrahend))
    minuend, subtrahend = minuend.replace("_", " "), subtrahend.replace("_", " ")
    return every_row(
        f"{name}-is-a-difference".replace("_", "-"),
        f"{name} is {minuend} less {subtrahend}",
        holds=(_NO_LOSS & (name in OF_LOSS)) | within(rest, -IDENTITY_ROUNDING, IDENTITY_ROUNDING),
        words=in_words("{}: off by {}", _MODEL, rest),
    )


def interval_rule(name: str, *, words: pl.Expr, prefix: str = "") -> Rule:
    """A quantity lies in its interval, with an error of 0 or more; or has neither."""
    error, low, high = (pl.col(f"{name}_{end}") for end in ("se", "low", "high"))
    unknown = error.is_null() & low.is_null() & high.is_null()
    around = (
        within(error, 0, None)
        & within(low, None, None)
        & within(high, None, None)
        & pl.col(name).is_between(low, high)
    )
    return every_row(
        f"{prefix}{name}-within-interval".replace("_", "-"),
        f"{name} lies in its interval and has an error of 0 or more, or has neither",
        holds=unknown | around.fill_null(value=False),
        words=in_words("{}: {}, from {} to {}, error {}", words, pl.col(name), low, high, error),
    )


def _per_byte() -> Rule:
    per_byte, rest = pl.col("ent_ce_per_byte"), pl.col("ent_ce_per_byte") - pl.col("ent_ce")
    # Where texts end, some steps of their windows hold no byte.
    alike = (pl.col("unit") == "bytes") & (pl.col("at_end") == "continue")
    return every_row(
        "per-byte-in-bytes",
        "EntCE a byte is EntCE where steps are bytes and texts do not end",
        holds=~alike | _NO_LOSS | within(rest, -IDENTITY_ROUNDING, IDENTITY_ROUNDING),
        words=in_words("{}: {} a byte, {} a step", _MODEL, per_byte, pl.col("ent_ce")),
    )


def _shares() -> tuple[Rule, ...]:
    return tuple(
        every_row(
            f"{name}-is-a-share".replace("_", "-"),
            f"the {name.replace('_', ' ')} lies from 0 to 1, or is not known",
            holds=pl.col(name).is_null() | within(pl.col(name), 0, 1),
            words=in_words("{}: {}", _MODEL, pl.col(name)),
        )
        for name in SHARES
    )


def _end_probability() -> Rule:
    mass = pl.col("end_probability")
    # In bytes, tokens of no bytes add their end probability to the byte after them.
    bounded = (pl.col("unit") == "bytes") | within(mass, None, 1 + MASS_ROUNDING)
    return every_row(
        "end-probability-in-range",
        "the mean end probability is not negative, in tokens at most 1, or not known",
        holds=mass.is_null() | (within(mass, 0, None) & bounded),
        words=in_words("{}: {}", _MODEL, mass),
    )


def _distinct() -> Rule:
    shares = [pl.col(name) for name in DISTINCT]
    told = [share.is_null() | (within(share, 0, 1) & (share > 0)) for share in shares]
    return every_row(
        "distinct-are-shares",
        "the mean shares of distinct n-grams are above 0 and at most 1, or not known",
        holds=pl.all_horizontal(told),
        words=in_words("{}: " + ", ".join("{}" for _ in shares), _MODEL, *shares),
    )


def _exponents() -> tuple[Rule, ...]:
    exponent, low, high = pl.col("exponent"), pl.col("low"), pl.col("high")
    none = exponent.is_null()
    inside = within(exponent, None, None) & (low <= exponent) & (exponent <= high)
    return (
        every_row(
            "exponent-identified",
            "an exponent is given only where it is identified",
            holds=none | pl.col("identified"),
            words=in_words("{}: {}", _FIT, exponent),
        ),
        every_row(
            "exponent-within-interval",
            "every exponent is a finite number inside its interval",
            holds=none | inside.fill_null(value=False),
            words=in_words("{}: {}, from {} to {}", _FIT, exponent, low, high),
        ),
        every_row(
            "enough-models",
            f"an exponent is given only of {MODELS_NEEDED} models or more",
            holds=none | (pl.col("models") >= MODELS_NEEDED),
            words=in_words("{}: {} models", _FIT, pl.col("models")),
        ),
        every_row(
            "models-measured",
            "no fit is of more models than were measured of its series",
            holds=within(pl.col("models"), 0, None) & (pl.col("models") <= pl.col("measured")),
            words=in_words("{}: {} models of {}", _FIT, pl.col("models"), pl.col("measured")),
        ),
    )


def _spread() -> tuple[Rule, ...]:
    return (
        every_row(
            "scatter-not-negative",
            "the scatter between models is 0 or more, or not known",
            holds=pl.col("scatter").is_null() | within(pl.col("scatter"), 0, None),
            words=in_words("{}: {}", _FIT, pl.col("scatter")),
        ),
        every_row(
            "p-value-in-range",
            "the p-value lies from 0 to 1, or is not known",
            holds=pl.col("p_zero").is_null() | within(pl.col("p_zero"), 0, 1),
            words=in_words("{}: {}", _FIT, pl.col("p_zero")),
        ),
        every_row(
            "measurement-interval-ordered",
            "the measurement-only interval is finite and in order, or not known",
            holds=(pl.col("measurement_low").is_null() & pl.col("measurement_high").is_null())
            | (
                within(pl.col("measurement_low"), None, None)
                & within(pl.col("measurement_high"), None, None)
                & (pl.col("measurement_low") <= pl.col("measurement_high"))
            ),
            words=in_words(
                "{}: from {} to {}", _FIT, pl.col("measurement_low"), pl.col("measurement_high")
            ),
        ),
    )
