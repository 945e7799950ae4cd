"""What must be true of Samples: the model's own continuations, as long as the human ones.

Policy `continue` takes the end ids out, so every text runs to the length of its reference; under
the others a text may end earlier, by an end id and by nothing else.
"""

from collections.abc import Sequence

import polars as pl

from calibration.recipes import AtEnd
from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.steps import END_PROBABILITY, LOG_ROUNDING, entropies_in_range, same_length

VERSION: int = 1

END_MASS = 0.01  # a step: stopping adds .030 to EntCE; forced on, few of 500 steps are unstrained

_LENGTH = pl.col("tokens").list.len()
_HUMAN_LENGTH = pl.col("continuation_ids").list.len()


def samples_rules(*, vocabulary: int, at_end: AtEnd, end_ids: Sequence[int]) -> tuple[Rule, ...]:
    """The rules of Samples beside their examples (`sources.beside`).

    `vocabulary` is the number of ids, `at_end` the policy that the texts were sampled under.
    """
    return (
        Rule("some-samples", "there is a text generated", pl.len(), low=1),
        same_length(
            "one-value-a-step", ("tokens", "entropy", "log_prob", "end_probability", "bytes")
        ),
        every_row(
            "no-longer-than-human",
            "every text has a token, and no more of them than the human continuation",
            holds=(_LENGTH >= 1) & (_LENGTH <= _HUMAN_LENGTH),
            words=in_words("{}: {} tokens beside {}", EXAMPLE, _LENGTH, _HUMAN_LENGTH),
        ),
        entropies_in_range("entropy", vocabulary),
        *_draws(vocabulary),
        END_PROBABILITY,
        _little_end_mass(),
        *(_never_ending(end_ids) if at_end == "continue" else _ending(end_ids)),
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
        every_row(
            "runs-to-human-length",
            "every text is exactly as long as the human continuation",
            holds=_LENGTH == _HUMAN_LENGTH,
            words=in_words("{}: {} tokens beside {}", EXAMPLE, _LENGTH, _HUMAN_LENGTH),
        ),
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
            "short-only-if-ended",
            "a text that has not ended is as long as the human continuation",
            holds=pl.col("ended") | (_LENGTH == _HUMAN_LENGTH),
            words=in_words("{}: {} tokens beside {}", EXAMPLE, _LENGTH, _HUMAN_LENGTH),
        ),
        every_row(
            "end-has-no-bytes",
            "the token that ends a text has 0 bytes",
            holds=~pl.col("ended") | (pl.col("bytes").list.last() == 0),
            words=in_words("{}: {} bytes", EXAMPLE, pl.col("bytes").list.last()),
        ),
    )
