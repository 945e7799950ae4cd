"""Texts as counts of what they are made of: words, tokens, and runs of two or three tokens.

A word is a run of letters, digits and underscores, with apostrophes inside, in lower case. A token
is one of the measured continuation that spells something, so that no special token counts; a run
of tokens never crosses the end of a span. Where a script writes no spaces, a word is a phrase.
"""

from typing import Final

import numpy as np
import polars as pl

from calibration.statistics.ragged import Indices
from calibration.statistics.zipf import Counts, counts_of

WORD: Final = r"\w+(?:['’]\w+)*"


def word_counts(texts: pl.DataFrame) -> Counts:
    """Words of TEXTS by source text."""
    words = (
        texts.select("cluster", word=pl.col("text").str.to_lowercase().str.extract_all(WORD))
        .explode("word", empty_as_null=False)
        .select(pl.all().rank("dense"))
    )
    return counts_of(_numbers(words["cluster"]), _numbers(words["word"]))


def token_counts(examples: pl.DataFrame, *, length: int) -> Counts:
    """Runs of `length` tokens of the continuations of EXAMPLES, by source text."""
    tokens = (
        examples.select(
            pl.col("cluster").rank("dense"),
            "example",
            token="continuation_ids",
            bytes="continuation_bytes",
        )
        .explode("token", "bytes", empty_as_null=False)
        .filter(pl.col("bytes") > 0)
    )
    runs = max(0, len(tokens) - length + 1)
    kind, token = _numbers(tokens["token"])[:runs], _numbers(tokens["token"])
    for offset in range(1, length):
        _, kind = np.unique(kind, return_inverse=True)
        kind = kind * (int(token.max(initial=0)) + 1) + token[offset : offset + runs]
    example = _numbers(tokens["example"])
    inside = example[:runs] == example[length - 1 : length - 1 + runs]
    return counts_of(_numbers(tokens["cluster"])[:runs][inside], kind[inside])


def mean_steps(examples: pl.DataFrame) -> float:
    """Tokens of a continuation of EXAMPLES, on average: T of the theory."""
    spelled = pl.col("continuation_bytes").list.eval(pl.element() > 0).list.sum()
    return float(examples.select(spelled.mean()).item())


def _numbers(column: pl.Series) -> Indices:
    return column.to_numpy().astype(np.int64)
