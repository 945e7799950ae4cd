"""What must be true of Examples: prompts and human continuations as token ids."""

import polars as pl

from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.sources import clusters_are_named, enough_clusters, examples_differ

VERSION: int = 1

LEFT_OUT_SHARE = 0.05  # of the spans; beyond, the texts measured on are a choice of long ones


def examples_rules(
    *, prompt: int, continuation: int, vocabulary: int | None, left_out: int
) -> tuple[Rule, ...]:
    """The rules of Examples with these lengths in tokens, the continuation's as a limit.

    `vocabulary` is None where the number of ids is not known; `left_out` counts the spans that
    gave no example.
    """
    return (
        Rule("some-examples", "there is an example to measure on", pl.len(), low=1),
        examples_differ(),
        clusters_are_named(),
        enough_clusters(),
        _few_left_out(left_out),
        *_lengths(prompt, continuation),
        _ids_in_vocabulary("prompt_ids", vocabulary),
        _ids_in_vocabulary("continuation_ids", vocabulary),
        *_bytes(),
        _one_beginning(),
    )


def _few_left_out(left_out: int) -> Rule:
    return Rule(
        "few-left-out",
        f"few spans gave no example ({left_out} did not), as a share",
        pl.lit(left_out) / (pl.len() + left_out),
        high=LEFT_OUT_SHARE,
        severity="warn",
    )


def _lengths(prompt: int, continuation: int) -> tuple[Rule, ...]:
    prompt_length = pl.col("prompt_ids").list.len()
    length = pl.col("continuation_ids").list.len()
    return (
        every_row(
            "prompt-length",
            f"every prompt has {prompt} tokens, special ones included",
            holds=prompt_length == prompt,
            words=in_words("{}: {} tokens", EXAMPLE, prompt_length),
        ),
        every_row(
            "continuation-length",
            f"every continuation has from 1 to {continuation} tokens",
            holds=within(length, 1, continuation),
            words=in_words("{}: {} tokens", EXAMPLE, length),
        ),
    )


def _ids_in_vocabulary(column: str, vocabulary: int | None) -> Rule:
    last = None if vocabulary is None else vocabulary - 1
    ids_of = column.removesuffix("_ids")
    range_in_words = "is 0 or more" if last is None else f"lies from 0 to {last}"
    return every_step(
        f"{ids_of}-in-vocabulary",
        f"every id of a {ids_of} {range_in_words}",
        column=column,
        holds=lambda ids: within(ids, 0, last),
    )


def _bytes() -> tuple[Rule, ...]:
    tokens, counts = pl.col("continuation_ids").list.len(), pl.col("continuation_bytes").list.len()
    return (
        every_row(
            "bytes-of-every-token",
            "a continuation has one count of bytes a token",
            holds=tokens == counts,
            words=in_words("{}: {} tokens, {} counts", EXAMPLE, tokens, counts),
        ),
        every_step(
            "bytes-not-negative",
            "no token has fewer than 0 bytes",
            column="continuation_bytes",
            holds=lambda count: within(count, 0, None),
        ),
        every_row(
            "continuation-has-bytes",
            "every continuation has at least one byte",
            holds=pl.col("continuation_bytes").list.sum() >= 1,
            words=EXAMPLE,
        ),
    )


def _one_beginning() -> Rule:
    first = pl.col("prompt_ids").list.get(0, null_on_oob=True)
    second = pl.col("prompt_ids").list.get(1, null_on_oob=True)
    doubled = (first == second) & (first == first.first())
    return Rule(
        "one-beginning",
        "not every prompt begins with the same id twice, the mark of a doubled beginning of text; "
        "prompts that begin otherwise",
        (~doubled.fill_null(value=False)).sum(),
        low=1,
        severity="warn",
    )
