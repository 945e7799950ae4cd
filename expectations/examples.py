"""What must be true of Examples: prompts and human continuations as token ids.

A continuation that reached the end of its text, where ends are kept, has the id `text_end` last,
of 0 bytes; its window then goes on past it. Every other one stops where its window does. What a
tokenizer adds (its beginning of text, a chat template) is there once, by its own account of it.
"""

import polars as pl

from calibration.conventions import Unit
from calibration.prompts import Added
from calibration.recipes import Form
from expectations.additions import addition_rules
from expectations.rules import EXAMPLE, Rule, every_row, every_step, in_words, within
from expectations.sources import clusters_are_named, enough_clusters, examples_differ

VERSION: int = 3

LEFT_OUT_SHARE = 0.05  # of the spans; beyond, the texts measured on are a choice of long ones

_TOKENS = pl.col("continuation_ids").list.len()
_BYTES = pl.col("continuation_bytes").list.sum()
_LAST_BYTES = pl.col("continuation_bytes").list.last()
_WINDOW = pl.col("window")


def examples_rules(
    *,
    prompt: int,
    continuation: int,
    unit: Unit,
    text_end: int | None,
    vocabulary: int | None,
    left_out: int,
    form: Form,
    added: Added | None,
) -> tuple[Rule, ...]:
    """The rules of Examples with these lengths in the unit, the continuation's as a limit.

    `text_end` is None where the ends of texts are not kept, `vocabulary` where the number of ids
    is not known; `left_out` counts the spans that gave no example; `added` is what the tokenizer
    is known to add, None where that is not known.
    """
    return (
        Rule("some-examples", "there is an example to measure on", pl.len(), low=1),
        examples_differ(),
        clusters_are_named(),
        enough_clusters(),
        _few_left_out(left_out),
        *_lengths(prompt, continuation, unit, form),
        _window(continuation, unit, text_end),
        _ids_in_vocabulary("prompt_ids", vocabulary),
        _ids_in_vocabulary("continuation_ids", vocabulary),
        *_bytes(text_end),
        *([] if text_end is None else _ends(text_end)),
        *([_no_repetition()] if added is None else addition_rules(added)),
    )


def _few_left_out(left_out: int) -> Rule:
    return Rule(
        "few-left-out",
        f"few spans gave no example ({left_out} did not), as a share",
        pl.lit(left_out) / (pl.len() + left_out),
        high=LEFT_OUT_SHARE,
        severity="warn",
    )


def _lengths(prompt: int, continuation: int, unit: Unit, form: Form) -> tuple[Rule, ...]:
    length = pl.col("prompt_ids").list.len()
    in_tokens = unit == "tokens"
    longest = continuation if in_tokens else None
    if not in_tokens:
        # A prompt of a number of bytes has as many tokens as its words take.
        asked, holds = "a token", length >= 1
    elif form == "plain":
        asked, holds = f"{prompt} tokens, special ones included", length == prompt
    else:
        asked, holds = f"{prompt} tokens after what the text answers", length > prompt
    return (
        every_row(
            "prompt-length",
            f"every prompt has {asked}",
            holds=holds,
            words=in_words("{}: {} tokens", EXAMPLE, length),
        ),
        every_row(
            "continuation-length",
            f"every continuation has from 1 to {continuation} tokens"
            if in_tokens
            else "every continuation has a token",
            holds=within(_TOKENS, 1, longest),
            words=in_words("{}: {} tokens", EXAMPLE, _TOKENS),
        ),
    )


def _window(continuation: int, unit: Unit, text_end: int | None) -> Rule:
    """A window is what was asked, or less where the text goes on but its span does not."""
    if unit == "tokens":
        statement = "a window is as long as its continuation"
        length = _TOKENS
        full = length == _WINDOW
    else:
        statement = "a window ends inside the last token of its continuation, or with it"
        length = _BYTES
        full = (length >= _WINDOW) & (length - _LAST_BYTES < _WINDOW)
    within_asked = full & within(_WINDOW, 1, continuation)
    holds = within_asked
    if text_end is not None:
        statement += f", or goes on to {continuation} {unit} after the text's end"
        # In bytes, a text that fills its window to the last byte has not ended inside it.
        room = length <= continuation if unit == "tokens" else length < continuation
        holds = (
            pl.when(_has_ended(text_end))
            .then((continuation == _WINDOW) & room)
            .otherwise(within_asked)
        )
    return every_row(
        "window-fits",
        f"{statement}, and is from 1 to {continuation} {unit}",
        holds=holds,
        words=in_words("{}: {} {} of a window of {}", EXAMPLE, length, pl.lit(unit), _WINDOW),
    )


def _has_ended(text_end: int) -> pl.Expr:
    return (pl.col("continuation_ids").list.last() == text_end) & (_LAST_BYTES == 0)


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


def _bytes(text_end: int | None) -> tuple[Rule, ...]:
    counts = pl.col("continuation_bytes").list.len()
    last = pl.col("continuation_ids").list.last()
    ends = pl.lit(value=False) if text_end is None else last == text_end
    but_the_end = "" if text_end is None else f", unless it is the end of the text ({text_end})"
    return (
        every_row(
            "bytes-of-every-token",
            "a continuation has one count of bytes a token",
            holds=counts == _TOKENS,
            words=in_words("{}: {} tokens, {} counts", EXAMPLE, _TOKENS, counts),
        ),
        every_step(
            "bytes-not-negative",
            "no token has fewer than 0 bytes",
            column="continuation_bytes",
            holds=lambda count: within(count, 0, None),
        ),
        every_row(
            "last-token-spells",
            f"the last token of a continuation has at least one byte{but_the_end}",
            holds=(_LAST_BYTES >= 1) | ends,
            words=in_words("{}: token {} of {} bytes", EXAMPLE, last, _LAST_BYTES),
        ),
    )


def _ends(text_end: int) -> tuple[Rule, ...]:
    found = pl.col("continuation_ids").list.count_matches(text_end)
    last = pl.col("continuation_ids").list.last() == text_end
    return (
        every_row(
            "nothing-after-the-end",
            f"no human text goes on after the id that ends texts ({text_end})",
            holds=found <= last.cast(pl.UInt32),
            words=in_words("{}: {} of them", EXAMPLE, found),
        ),
        Rule(
            "some-texts-end",
            "some human texts end inside their window: how ends are told is measured on those",
            _has_ended(text_end).sum(),
            low=1,
            severity="warn",
        ),
    )


def _no_repetition() -> Rule:
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
