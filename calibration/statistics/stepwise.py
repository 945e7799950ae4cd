"""Generated and human text of every example side by side, one value a step of the unit.

In tokens a step is a token. In bytes a token's values are spread evenly over its bytes, so that a
sum over the first B steps counts the token that reaches out of them by its share; what spells no
byte counts at the byte that follows it. Under `natural` the steps from a text's end to the end of
its window are there and hold zeros. `inside` is 1 where a human token is one that the decoding
allows. An example that was continued several times has a row for each, and the same human text in
all of them: ratios of sums, and their errors over clusters, are then what they are with one row.
Knows no model and no tokenizer.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.statistics.ragged import Floats, Indices, flat, lengths

GENERATED = ("entropy", "end_probability")
HUMAN = ("log_loss", "teacher_entropy", "inside")

STEPWISE = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "draw": pl.Int32(),  # which of the example's continuations: 0, 1, …
        **{name: pl.List(pl.Float64()) for name in (*GENERATED, *HUMAN)},
        **{
            f"{counted}_{side}": pl.List(pl.Float64())
            for counted in ("tokens", "bytes")
            for side in ("generated", "human")
        },
        "end_step": pl.Int64(),  # where the generated text ended; null where it did not
    }
)


def stepwise(
    samples: pl.DataFrame,
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    unit: Unit,
    at_end: AtEnd,
    losses: Literal["slipped"] | None = None,
) -> pl.DataFrame:
    """One row a generated text with the human one beside it, lists of a value a step, nats.

    SAMPLES, SCORES and EXAMPLES of the same examples give STEPWISE. Losses that are `slipped` are
    read one token late, as in the published code: those of tokens 2 to n stand at steps 1 to
    n - 1, beside the entropies of steps 1 to n - 1. Raises ValueError where the three do not hold
    the same examples, each as often as the others, or where losses of bytes should slip.
    """
    if losses == "slipped" and unit == "bytes":
        raise ValueError("steps of tokens were expected where losses slip, found bytes")
    paired = _paired(samples, scores, examples)
    if losses == "slipped":
        paired = _slipped(paired)
    window, read = (paired[name].to_numpy().astype(np.int64) for name in ("window", "read"))
    ended = paired["ended"].to_numpy()
    own = paired["bytes_generated"]
    had = _sums(own) if unit == "bytes" else lengths(own)
    sides = {
        "generated": _Steps.of(
            own,
            np.where(ended & (at_end == "natural"), window, np.minimum(had, window)),
            unit=unit,
        ),
        "human": _Steps.of(paired["bytes_human"], read, unit=unit),
    }
    columns = [
        sides[side].lists(flat(paired[name]), name)
        for side, names in (("generated", GENERATED), ("human", HUMAN))
        for name in names
    ]
    for side, steps in sides.items():
        sizes = flat(paired[f"bytes_{side}"])
        columns += [
            steps.lists(np.ones_like(sizes), f"tokens_{side}"),
            steps.lists(sizes, f"bytes_{side}"),
        ]
    at = pl.Series("end_step", sides["generated"].last_token()).set(~paired["ended"], None)
    return paired.select("cluster", "example", "draw", *columns, at).select(list(STEPWISE))


def with_draws(samples: pl.DataFrame) -> pl.DataFrame:
    """Rows that several texts of one example have in turn, numbered by `draw` from 0."""
    return samples.with_columns(draw=pl.int_range(pl.len(), dtype=pl.Int32).over("example"))


@dataclass(frozen=True)
class _Steps:
    """Which steps each token's values belong to: pieces of tokens, and the step of each."""

    counts: Indices  # steps of each row
    first: Indices  # where each row's steps begin in all rows' steps, one after the other
    token: Indices  # of each piece, in all rows' tokens, one after the other
    step: Indices  # of each piece, in all rows' steps
    weight: Floats  # of each piece, the token's share
    tokens: Indices  # of each row

    @classmethod
    def of(cls, bytes_of_tokens: pl.Series, counts: Indices, *, unit: Unit) -> "_Steps":
        counts = np.maximum(counts, 1)  # a text that ended at once has a step
        tokens = lengths(bytes_of_tokens)
        row = np.repeat(np.arange(len(tokens)), tokens)
        sizes = flat(bytes_of_tokens).astype(np.int64)
        sizes = sizes if unit == "bytes" else np.ones_like(sizes)
        pieces = np.maximum(sizes, 1)
        token = np.repeat(np.arange(len(sizes)), pieces)
        place = _starts(sizes, row)[token] + np.arange(len(token)) - _before(pieces)[token]
        room = counts[row[token]]
        # An end without a byte after it counts at the last one.
        place = np.where((sizes[token] == 0) & (place == room), room - 1, place)
        inside = place < room
        first = _before(counts)
        return cls(
            counts=counts,
            first=first,
            token=token[inside],
            step=(first[row[token]] + place)[inside],
            weight=(1 / pieces[token])[inside],
            tokens=tokens,
        )

    def lists(self, values: Floats, name: str) -> pl.Series:
        """The values of all tokens, one after the other, as a list of steps a row."""
        total = int(self.counts.sum())
        steps = np.bincount(self.step, weights=values[self.token] * self.weight, minlength=total)
        # Series, since polars takes arrays of one length for an array type.
        return pl.Series(name, [pl.Series(row) for row in np.split(steps, self.first[1:])])

    def last_token(self) -> Indices:
        """The step of each row, from 1, at which its last token begins."""
        last = np.cumsum(self.tokens) - 1
        piece = np.searchsorted(self.token, last)
        found: Indices = self.step[np.minimum(piece, len(self.step) - 1)] - self.first + 1
        return found


def _before(counts: Indices) -> Indices:
    return np.cumsum(counts) - counts


def _starts(sizes: Indices, row: Indices) -> Indices:
    """Where each token begins in its own row."""
    before = _before(sizes)
    begins = np.diff(row, prepend=-1) > 0
    starts: Indices = before - before[begins][np.cumsum(begins) - 1]
    return starts


def _sums(column: pl.Series) -> Indices:
    return column.list.sum().to_numpy().astype(np.int64)


def _paired(samples: pl.DataFrame, scores: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    draws = max(1, len(samples) // max(1, samples["example"].n_unique()))
    for table in (scores, examples):
        _require_same_examples(samples["example"], table["example"], draws=draws)
    generated = with_draws(samples).select(
        "cluster", "example", "draw", "entropy", "end_probability", "ended", bytes_generated="bytes"
    )
    scored = scores.select("example", "log_loss", "inside", teacher_entropy="entropy")
    human = examples.select("example", "window", read="window", bytes_human="continuation_bytes")
    joined = generated.join(scored, on="example").join(human, on="example")
    return joined.sort("example", "draw")


def _slipped(paired: pl.DataFrame) -> pl.DataFrame:
    """Human texts without their first token, each loss beside the entropy one step before its own.

    The last entropy has no loss beside it and goes.
    """
    late = [pl.col(name).list.slice(1) for name in ("log_loss", "inside", "bytes_human")]
    before = pl.col("teacher_entropy").list.head(pl.col("teacher_entropy").list.len() - 1)
    return paired.with_columns(*late, before, read=pl.col("read") - 1)


def _require_same_examples(found: pl.Series, expected: pl.Series, *, draws: int) -> None:
    for numbers, times in ((found, draws), (expected, 1)):
        if numbers.is_empty():
            raise ValueError("at least one example was expected, found none")
        counts = numbers.value_counts().sort(numbers.name)
        uneven = counts.filter(pl.col("count") != times)
        if len(uneven):
            raise ValueError(
                f"{times} rows of each example were expected, found {uneven['count'][0]} of "
                f"example {uneven[numbers.name][0]}"
            )
    alone = sorted(set(found.to_list()) ^ set(expected.to_list()))
    if alone:
        raise ValueError(
            f"the same examples were expected on both sides, found {len(alone)} on one side only, "
            f"the first of them example {alone[0]}"
        )
