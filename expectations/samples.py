"""What must be true of Samples: the model's own continuations, as long as their windows.

Policy `continue` takes the end ids out, so every text fills its window; under the others a text
may end earlier, by an end id. A window of bytes may take more tokens than the model can see: such
a text is cut short, which is counted.
"""

from collections.abc import Sequence

import polars as pl

from calibration.conventions import AtEnd, Unit
from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.steps import (
    END_PROBABILITY,
    LOG_ROUNDING,
    end_among_ends,
    entropies_in_range,
    same_length,
)

VERSION: int = 3

END_MASS = 0.01  # a step: stopping adds .030 to EntCE; forced on, few of 500 steps are unstrained

CUT_SHORT_SHARE = 0.01  # of the texts: the last steps of a window are then those of other texts

_TOKENS = pl.col("tokens").list.len().cast(pl.Int64)
_WINDOW = pl.col("window")
# How much of the window a text has filled, and how much before its last token.
_FILLED = {"tokens": _TOKENS, "bytes": pl.col("bytes").list.sum().cast(pl.Int64)}
_BEFORE_LAST = {
    "tokens": _FILLED["tokens"] - 1,
    "bytes": _FILLED["bytes"] - pl.col("bytes").list.last(),
}


def samples_rules(
    *, vocabulary: int, unit: Unit, at_end: AtEnd, end_ids: Sequence[int]
) -> tuple[Rule, ...]:
    """The rules of Samples beside their examples (`sources.beside`).

    `vocabulary` is the number of ids, `unit` that of the windows, `at_end` the policy that the
    texts were sampled under.
    """
    return (
        Rule("some-samples", "there is a text generated", pl.len(), low=1),
        same_length(
            "one-value-a-step", ("tokens", "entropy", "log_prob", "end_probability", "bytes")
        ),
        *_lengths(unit, at_end),
        entropies_in_range("entropy", vocabulary),
        *_draws(vocabulary),
        END_PROBABILITY,
        # Under `natural`, to want to end is what is measured.
        *([] if at_end == "natural" else [_little_end_mass()]),
        *(_never_ending(end_ids) if at_end == "continue" else _ending(end_ids)),
    )


def _lengths(unit: Unit, at_end: AtEnd) -> tuple[Rule, ...]:
    full = _FILLED[unit] >= _WINDOW
    done = full if at_end == "continue" else full | pl.col("ended")
    words = in_words("{}: {} {} of a window of {}", EXAMPLE, _FILLED[unit], pl.lit(unit), _WINDOW)
    but_an_end = "" if at_end == "continue" else ", unless it ends earlier"
    return (
        every_row(
            "stops-at-window",
            f"every text has a token, and none after its window of {unit} is full",
            holds=(_TOKENS >= 1) & (_BEFORE_LAST[unit] < _WINDOW),
            words=words,
        ),
        every_row(
            "fills-window",
            f"every text fills its window of {unit}{but_an_end}"
            + ("" if unit == "tokens" else ", or runs to the end of the model's context"),
            holds=done if unit == "tokens" else done | _as_long_as_can_be(),
            words=words,
        ),
        *([] if unit == "tokens" else [_few_cut_short(done)]),
    )


def _as_long_as_can_be() -> pl.Expr:
    """Whether a text has as many tokens as the longest prompt leaves room for.

    The model's context is known from below: it holds every prompt with either continuation. A
    text is never asked for more tokens than its window has bytes.
    """
    human = pl.col("continuation_ids").list.len()
    prompt = pl.col("prompt_tokens").cast(pl.Int64)
    seen = (prompt + pl.max_horizontal(_TOKENS, human)).max()
    return (seen - prompt.max() <= _TOKENS) | (_TOKENS >= _WINDOW)


def _few_cut_short(done: pl.Expr) -> Rule:
    return Rule(
        "few-cut-short",
        "few texts are cut short because the model's context ends before their window is full, "
        "as a share",
        (~done.fill_null(value=False)).mean(),
        high=CUT_SHORT_SHARE,
        severity="warn",
    )


def _draws(vocabulary: int) -> tuple[Rule, ...]:
    return (
        every_step(
            "token-in-vocabulary",
            f"every token is an id from 0 to {vocabulary - 1}",
            column="tokens",
            holds=lambda ids: within(ids, 0, vocabulary - 1),
        ),
        every_step(
            "token-possible",
            "every drawn token has a probability above 0 and at most 1",
            column="log_prob",
            holds=lambda log_prob: within(log_prob, None, LOG_ROUNDING),
        ),
        every_step(
            "bytes-not-negative",
            "no token has fewer than 0 bytes",
            column="bytes",
            holds=lambda count: within(count, 0, None),
        ),
    )


def _little_end_mass() -> Rule:
    return Rule(
        "little-end-mass",
        "the texts hardly want to end: the mean end probability of a step",
        pl.col("end_probability").list.explode().mean(),
        high=END_MASS,
        severity="warn",
    )


def _never_ending(end_ids: Sequence[int]) -> tuple[Rule, ...]:
    return (
        every_step(
            "no-end-token",
            f"no token is one of the end ids {list(end_ids)}, which were taken out",
            column="tokens",
            holds=lambda ids: ~ids.is_in(list(end_ids)),
        ),
        every_row(
            "never-ended",
            "no text has ended",
            holds=~pl.col("ended"),
            words=EXAMPLE,
        ),
    )


def _ending(end_ids: Sequence[int]) -> tuple[Rule, ...]:
    last = pl.col("tokens").list.last()
    ended = last.is_in(list(end_ids))
    ends = pl.col("tokens").list.eval(pl.element().is_in(list(end_ids))).list.sum()
    return (
        every_row(
            "ended-by-end-token",
            f"a text has ended if and only if its last token is an end id of {list(end_ids)}",
            holds=pl.col("ended") == ended,
            words=in_words("{}: ended {}, last token {}", EXAMPLE, pl.col("ended"), last),
        ),
        every_row(
            "nothing-after-the-end",
            "no text goes on after an end token",
            holds=ends <= ended.cast(pl.Int32),
            words=in_words("{}: {} end tokens, last token {}", EXAMPLE, ends, last),
        ),
        every_row(
            "end-has-no-bytes",
            "the token that ends a text has 0 bytes",
            holds=~pl.col("ended") | (pl.col("bytes").list.last() == 0),
            words=in_words("{}: {} bytes", EXAMPLE, pl.col("bytes").list.last()),
        ),
        end_among_ends(pl.col("log_prob").list.last(), ended=pl.col("ended")),
    )
