"""What a tokenizer adds to every prompt: once, neither missing nor doubled.

A model was trained on texts that begin once and on messages in one template; another beginning
changes every probability after it, and no later rule would see that.
"""

from collections.abc import Sequence

import polars as pl

from calibration.prompts import Added
from expectations.rules import EXAMPLE, Rule, every_row, in_words

_PROMPT = pl.col("prompt_ids")


def addition_rules(added: Added) -> tuple[Rule, ...]:
    """The rules of prompts whose tokenizer adds this, by its own account."""
    around = {"opening": added.opening, "closing": added.closing}
    return (
        *([] if added.beginning is None else _beginning(added.beginning, added)),
        *(_once(name, ids) for name, ids in around.items() if ids),
    )


def _beginning(beginning: int, added: Added) -> tuple[Rule, ...]:
    found = _PROMPT.list.count_matches(beginning)
    # Some templates write the same id between messages.
    asked = 1 + (*added.opening, *added.closing).count(beginning)
    return (
        every_row(
            "beginning-there",
            f"every prompt begins with the id that its tokenizer begins texts with ({beginning})",
            holds=_PROMPT.list.get(0, null_on_oob=True) == beginning,
            words=in_words("{}: first id {}", EXAMPLE, _PROMPT.list.get(0, null_on_oob=True)),
        ),
        every_row(
            "one-beginning",
            f"every prompt has the id that begins texts ({beginning}) as often as its tokenizer "
            f"writes it ({asked})",
            holds=found == asked,
            words=in_words("{}: {} of them", EXAMPLE, found),
        ),
    )


def _once(name: str, ids: Sequence[int]) -> Rule:
    found = _times(ids)
    return every_row(
        f"one-{name}",
        f"every prompt has the {name} of its chat template ({' '.join(map(str, ids))}) once",
        holds=found == 1,
        words=in_words("{}: {} of them", EXAMPLE, found),
    )


def _times(ids: Sequence[int]) -> pl.Expr:
    """How often a sequence of ids is in each prompt."""
    # Two spaces between ids, so that of two sequences side by side each has its own.
    written = pl.concat_str(
        pl.lit(" "), _PROMPT.cast(pl.List(pl.String)).list.join("  "), pl.lit(" ")
    )
    return written.str.count_matches("".join(f" {index} " for index in ids), literal=True)
