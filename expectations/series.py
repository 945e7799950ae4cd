"""What must be true of the other tables of a fit: every model in each, and each in order.

Curves, bands, spreads, accounts of the gate, and results by the years of the texts, of one series
or of several side by side.
"""

import math

import polars as pl

from calibration.tables import MODEL_LABELS
from expectations.fits import IDENTITY_ROUNDING, PARTS, SERIES, interval_rule
from expectations.rules import Rule, every_row, in_words, within

LABELS = tuple(MODEL_LABELS)
MEANS = {"entropy": "count", "teacher_entropy": "count_human", "log_loss": "count_human"}
ALL_TEXTS = "all"
NAMED_BY_YEAR = r"^(?:up to|after) (\d+)$"

_MODEL = in_words(", ".join("{}" for _ in LABELS), *map(pl.col, LABELS))
_POSITION = in_words("{} at position {}", _MODEL, pl.col("position"))
_SEEN = in_words("{}, texts: {}", _MODEL, pl.col("texts"))


def presence(ent_ce: pl.DataFrame, **tables: pl.DataFrame) -> pl.DataFrame:
    """A row for each model that has a row in any table, with a column `in_` each of them."""
    found = ent_ce.select(LABELS).unique(maintain_order=True).with_columns(in_ent_ce=True)
    for name, table in tables.items():
        there = table.select(LABELS).unique(maintain_order=True)
        there = there.with_columns(pl.lit(value=True).alias(f"in_{name}"))
        found = found.join(there, on=LABELS, how="full", coalesce=True, maintain_order="left_right")
    return found.with_columns(pl.col("^in_.*$").fill_null(value=False))


def presence_rules(*tables: str) -> tuple[Rule, ...]:
    """The rules of a `presence`: every model is in the named tables; none is in others alone."""
    there = [pl.col(f"in_{name}") for name in tables]
    lacking = pl.concat_list(
        pl.when(~one).then(pl.lit(name)) for one, name in zip(there, tables, strict=True)
    )
    return (
        every_row(
            "every-table-has-every-model",
            f"every model measured has rows in {', '.join(tables)}",
            holds=pl.all_horizontal(there) | ~pl.col("in_ent_ce"),
            words=in_words("{}: none in {}", _MODEL, lacking.list.drop_nulls().list.join(", ")),
        ),
        every_row(
            "no-model-added",
            "no table has a model that was not measured",
            holds=pl.col("in_ent_ce"),
            words=_MODEL,
        ),
    )


def curve_rules() -> tuple[Rule, ...]:
    """The rules of CURVES beside the mixture of each model's decoding (`beside_mixture`)."""
    position = pl.col("position")
    errors = [pl.col(f"{name}_se") for name in (*MEANS, "drift")]
    return (
        every_row(
            "curves-contiguous",
            "the positions of a curve count from 1 without a gap",
            holds=position == pl.int_range(1, pl.len() + 1).over(LABELS),
            words=_POSITION,
        ),
        *(_mean_where_counted(name, count) for name, count in MEANS.items()),
        every_row(
            "curve-errors-not-negative",
            "standard errors of a curve are 0 or more, or not known",
            holds=pl.all_horizontal(error.is_null() | within(error, 0, None) for error in errors),
            words=_POSITION,
        ),
        _ends_add_up(),
    )


def seen_rules() -> tuple[Rule, ...]:
    """The rules of SEEN beside the EntCE of all texts (`beside_ent_ce`)."""
    examples, clusters = pl.col("examples"), pl.col("clusters")
    return (
        every_row(
            "seen-once",
            "no texts of a model stand twice",
            holds=pl.struct(*LABELS, "texts").is_unique(),
            words=_SEEN,
        ),
        every_row(
            "seen-named-by-year",
            "texts are all, those up to the last year of training, or those after it",
            holds=(pl.col("texts") == ALL_TEXTS)
            | (
                pl.col("texts").str.extract(NAMED_BY_YEAR)
                == pl.col("trained_until").cast(pl.String)
            ),
            words=in_words("{}, trained until {}", _SEEN, pl.col("trained_until")),
        ),
        every_row(
            "seen-amounts-positive",
            "texts are of a cluster or more, and no fewer examples",
            holds=(clusters >= 1) & (examples >= clusters),
            words=in_words("{}: {} examples of {} clusters", _SEEN, examples, clusters),
        ),
        _parts_within_all(),
        _all_is_ent_ce(),
        every_row(
            "seen-log-loss-in-range",
            "the log loss a step is not negative, and finite but for a pure sampler",
            holds=_loss_in_range(),
            words=in_words("{}: {}", _SEEN, pl.col("log_loss")),
        ),
        *(interval_rule(name, words=_SEEN, prefix="seen-") for name in PARTS),
    )


def band_rules() -> tuple[Rule, ...]:
    """The rules of BANDS."""
    size, low, fitted, high = (pl.col(name) for name in ("size", "low", "fitted", "high"))
    line = in_words("{} of {} on {} at {}", *(pl.col(name) for name in ("quantity", *SERIES)))
    finite = [within(one, None, None) for one in (low, fitted, high)]
    lowest, highest = pl.col("prediction_low"), pl.col("prediction_high")
    return (
        every_row(
            "prediction-around-band",
            "a further model is predicted no more surely than the line",
            holds=within(lowest, None, None)
            & within(highest, None, None)
            & (lowest <= low)
            & (high <= highest),
            words=in_words("{}: from {} to {} at {}", line, lowest, highest, size),
        ),
        every_row(
            "band-around-line",
            "a fitted line is finite and inside its band, at sizes above 0",
            holds=pl.all_horizontal(finite) & (size > 0) & fitted.is_between(low, high),
            words=in_words("{}: {} at {}, from {} to {}", line, fitted, size, low, high),
        ),
    )


def beside_ent_ce(seen: pl.DataFrame, ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The rows of SEEN, each with the model's `measured_ent_ce` over all its texts, and mixture."""
    measured = ent_ce.select(*LABELS, "mixture", measured_ent_ce="ent_ce")
    measured = measured.unique(LABELS, keep="any")
    return seen.join(measured, on=LABELS, how="left", maintain_order="left")


def beside_mixture(curves: pl.DataFrame, ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The rows of CURVES, each with the mixture of its decoding, null where it is plain."""
    mixtures = ent_ce.select(*LABELS, "mixture").unique(LABELS, keep="any")
    return curves.join(mixtures, on=LABELS, how="left", maintain_order="left")


def _loss_in_range() -> pl.Expr:
    """Whether a log loss is known and not negative; a pure sampler's may be infinite."""
    infinite = (pl.col("mixture") == 0) & (pl.col("log_loss") == math.inf)
    return within(pl.col("log_loss"), 0, None) | infinite.fill_null(value=False)


def _mean_where_counted(name: str, count: str) -> Rule:
    value, counted = pl.col(name), pl.col(count)
    known = _loss_in_range() if name == "log_loss" else within(value, 0, None)
    return every_row(
        f"curve-{name}-where-counted".replace("_", "-"),
        f"the {name.replace('_', ' ')} is not negative where a text has the step, else missing",
        holds=pl.when(counted > 0).then(known).otherwise(value.is_null()),
        words=in_words("{}: {} of {} texts", _POSITION, value, counted),
    )


def _ends_add_up() -> Rule:
    ended = pl.col("ended")
    before = ended.shift(1).over(LABELS).fill_null(0)
    return every_row(
        "curve-ends-add-up",
        "the share of texts that have ended never falls, and stays at most 1",
        holds=within(ended, 0, 1) & (ended >= before),
        words=in_words("{}: {} after {}", _POSITION, ended, before),
    )


def _parts_within_all() -> Rule:
    whole = pl.col("texts") == ALL_TEXTS
    examples = pl.col("examples")
    of_all = examples.filter(whole).sum().over(LABELS)
    of_parts = examples.filter(~whole).sum().over(LABELS)
    return every_row(
        "seen-parts-within-all",
        "texts up to a year and after it are no more than all texts, which have a row",
        holds=whole.any().over(LABELS) & (of_parts <= of_all),
        words=in_words("{}: {} of {} examples", _SEEN, of_parts, of_all),
    )


def _all_is_ent_ce() -> Rule:
    rest = pl.col("ent_ce") - pl.col("measured_ent_ce")
    undefined = pl.col("ent_ce").is_null() & pl.col("measured_ent_ce").is_null()
    alike = undefined | within(rest, -IDENTITY_ROUNDING, IDENTITY_ROUNDING)
    return every_row(
        "seen-all-is-ent-ce",
        "the EntCE of all texts is the one measured of the model",
        holds=(pl.col("texts") != ALL_TEXTS) | alike,
        words=in_words("{}: off by {}", _SEEN, rest),
    )
