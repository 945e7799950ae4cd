"""What must be true of texts one by one: their means and n-grams, and the few that are read.

A mean is over the steps before a text's end. In tokens those are the tokens; in bytes the bytes,
and one more where the end stands at a step of its own.
"""

import math
from dataclasses import replace
from itertools import pairwise

import polars as pl

from calibration.conventions import Unit
from calibration.engine.decoding import Decoding
from calibration.recipes import WeightPrecision
from calibration.statistics.stepwise import with_draws
from expectations.replay import FIRST_STEP
from expectations.rules import EXAMPLE, Rule, each_within, every_row, in_words, within
from expectations.sources import same_examples
from expectations.steps import LOG_ROUNDING
from expectations.summaries import SIDES, SUM_ROUNDING

# Each mean, and the side whose steps it is over.
MEANS = {"entropy": "generated", "teacher_entropy": "human", "log_loss": "human"}
GRAMS = (1, 2, 3, 4)
CHOSEN_AS = ("typical", "most derailed", "most looping")
GENERATED = ("generated", "generated_entropy")
HUMAN = ("human", "human_entropy", "human_log_loss")


def beside_sums(texts: pl.DataFrame, summary_examples: pl.DataFrame) -> pl.DataFrame:
    """The rows of SUMMARY_TEXTS whose text was summed, each with its whole sums.

    Those are `sum_of_` each mean, and the `tokens_` and `bytes_` of each side.
    """
    counted = [f"{what}_{side}" for what in ("tokens", "bytes") for side in SIDES]
    whole = with_draws(summary_examples).select(
        "example",
        "draw",
        *(pl.col(name).list.last().alias(f"sum_of_{name}") for name in MEANS),
        *(pl.col(name).list.last() for name in counted),
    )
    key = ["example", "draw"]
    return with_draws(texts).join(whole, on=key, how="inner", maintain_order="left")


def same_texts(*, draws: int | None = None) -> tuple[Rule, ...]:
    """The rows of an `attendance` of texts are exactly the examples that were summed.

    Once each, or as often as each was continued, where `draws` says.
    """
    rules = same_examples(draws=draws)
    return tuple(replace(rule, name=f"texts-{rule.name}") for rule in rules)


def text_rules(*, unit: Unit, decoding: Decoding) -> tuple[Rule, ...]:
    """The rules of SUMMARY_TEXTS beside the sums of the same examples (`beside_sums`)."""
    return (
        *(_mean_of_sum(name, unit, decoding) for name in MEANS),
        *(_distinct(side) for side in SIDES),
    )


def reading_rules(
    texts: pl.DataFrame, *, precision: WeightPrecision, decoding: Decoding
) -> tuple[Rule, ...]:
    """The rules of SUMMARY_READINGS, some of the examples of SUMMARY_TEXTS to be read."""
    return (
        Rule("some-readings", "there is a text to read", pl.len(), low=1),
        every_row(
            "read-once",
            "no example is read twice",
            holds=pl.col("example").is_unique(),
            words=EXAMPLE,
        ),
        every_row(
            "readings-measured",
            "every text to read is one of those measured",
            holds=pl.col("example").is_in(texts["example"].to_list()),
            words=EXAMPLE,
        ),
        every_row(
            "reason-known",
            f"every text is chosen as one of {', '.join(CHOSEN_AS)}",
            holds=pl.col("chosen_as").is_in(CHOSEN_AS),
            words=in_words("{}: {}", EXAMPLE, pl.col("chosen_as")),
        ),
        every_row(
            "prompt-readable",
            "every text to read has a prompt that spells something",
            holds=pl.col("prompt").str.len_chars() > 0,
            words=EXAMPLE,
            severity="warn",
        ),
        *(_piece_a_token(columns) for columns in (GENERATED, HUMAN)),
        _values_of_readings(decoding),
        _same_start(FIRST_STEP[precision]),
    )


def _mean_of_sum(name: str, unit: Unit, decoding: Decoding) -> Rule:
    mean, total = pl.col(name), pl.col(f"sum_of_{name}")
    # A pure sampler's log loss: both are infinite, or neither.
    alike = pl.lit(value=decoding.is_pure) & (mean == math.inf) & (total == math.inf)
    steps = pl.col(f"{unit}_{MEANS[name]}")
    more = 0 if unit == "tokens" else 1
    rounding = SUM_ROUNDING * pl.max_horizontal(total.abs(), pl.lit(1.0))
    words = name.replace("_", " ")
    return every_row(
        f"text-{name}-is-a-mean".replace("_", "-"),
        f"the {words} of a text is not negative, and that of its sum over its {unit}",
        holds=alike
        | (
            within(mean, 0, None)
            & (mean * steps <= total + rounding)
            & (mean * (steps + more) >= total - rounding)
        ),
        words=in_words("{}: {}, of {} nats over {} {}", EXAMPLE, mean, total, steps, pl.lit(unit)),
    )


def _distinct(side: str) -> Rule:
    shares = [pl.col(f"distinct_{n}_{side}") for n in GRAMS]
    told = [share.is_null() | (within(share, 0, 1) & (share > 0)) for share in shares]
    # A text that has an n-gram has every shorter one.
    known = [longer.is_null() | shorter.is_not_null() for shorter, longer in pairwise(shares)]
    return every_row(
        f"distinct-{side}-are-shares",
        f"the distinct n-grams of a text ({side}) are a share above 0 of those it has",
        holds=shares[0].is_not_null() & pl.all_horizontal(*told, *known),
        words=in_words("{}: {}, {}, {}, {} for n from 1 to 4", EXAMPLE, *shares),
    )


def _piece_a_token(columns: tuple[str, ...]) -> Rule:
    lengths = [pl.col(name).list.len() for name in columns]
    names = ", ".join(name.replace("_", " ") for name in columns[1:])
    return every_row(
        f"pieces-{columns[0]}-have-values",
        f"a text to read ({columns[0]}) has a token, and one piece and one {names} each",
        holds=pl.all_horizontal(lengths[0] == length for length in lengths) & (lengths[0] >= 1),
        words=in_words("{}: {} pieces beside {} values", EXAMPLE, lengths[0], lengths[1]),
    )


def _values_of_readings(decoding: Decoding) -> Rule:
    entropies = [each_within(name, 0, None) for name in ("generated_entropy", "human_entropy")]
    but_infinite = ", or an infinite log loss" if decoding.is_pure else ""
    return every_row(
        "readings-in-range",
        f"every entropy and log loss to read is finite and not negative{but_infinite}",
        holds=pl.all_horizontal(*entropies, _losses_in_range(decoding)),
        words=EXAMPLE,
    )


def _losses_in_range(decoding: Decoding) -> pl.Expr:
    loss = pl.element()
    known = within(loss, -LOG_ROUNDING, None)
    known = known | (loss == math.inf) if decoding.is_pure else known
    return pl.col("human_log_loss").list.eval(known.fill_null(value=False)).list.all()


def _same_start(tolerance: float) -> Rule:
    first = [pl.col(f"{side}_entropy").list.first() for side in SIDES]
    return every_row(
        "readings-start-alike",
        "the first tokens of both sides, whose prefix is the prompt, have one entropy to "
        f"{tolerance:g} nats",
        holds=within(first[0] - first[1], -tolerance, tolerance),
        words=in_words("{}: {} and {}", EXAMPLE, *first),
    )
