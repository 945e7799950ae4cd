"""What instruction tuning changes: a chat model against its base model, over the texts of both.

The texts are the same; the prompts differ in form, which is part of what is compared. Takes what
was measured of both, gives TUNING. Knows no families' laws and no studies.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

import polars as pl

from calibration.across_tables import TUNING
from calibration.statistics.comparison import comparison
from calibration.statistics.intervals import LEVEL
from calibration.statistics.rows import table_of
from calibration.statistics.tokenizers import one_tokenizer

Pair = dict[str, str]  # family, base, chat, dataset, decoding and unit of a chat model


@dataclass(frozen=True)
class Tuned:
    """SUMMARY_EXAMPLES of a base model and of the chat model that was made of it."""

    pair: Pair
    base: pl.DataFrame
    chat: pl.DataFrame


def pairs_of(ent_ce: pl.DataFrame) -> list[Pair]:
    """The chat models of ENT_CE whose base model was measured beside them, in its order.

    In tokens two models are comparable if they have one tokenizer; where they have not, their pair
    is left out.
    """
    series = ["dataset", "decoding", "unit"]
    chat = ent_ce.filter("chat").select(*series, "base", chat="model", own="bytes_per_token_human")
    of_base = ent_ce.filter(~pl.col("chat")).select(
        *series, "family", base="model", of_base="bytes_per_token_human"
    )
    both = chat.join(of_base, on=[*series, "base"], maintain_order="left")
    return [
        {name: row[name] for name in ("family", "base", "chat", *series)}
        for row in both.rows(named=True)
        if row["unit"] == "bytes" or one_tokenizer([row["own"], row["of_base"]])
    ]


def tuning_rows(tuned: Tuned, *, level: float = LEVEL) -> pl.DataFrame:
    """TUNING of one pair: chat - base of EntCE, drift, static and log loss, with intervals."""
    return table_of(list(_rows(tuned, level)), TUNING)


def _rows(tuned: Tuned, level: float) -> Iterator[dict[str, object]]:
    found = comparison(tuned.base, tuned.chat, level=level)
    for one in found.differences:
        ends = ("difference", "standard_error", "low", "high")
        yield {
            **tuned.pair,
            "quantity": one.quantity,
            "shared": found.shared,
            "paired": found.paired,
            "of_base": one.first,
            "of_chat": one.second,
            **dict(zip(ends, astuple(one.difference), strict=True)),
        }
