"""Generated and human text of every example side by side, one value a step of the unit.

In tokens a step is a token. In bytes a token's values are spread evenly over its bytes, so that a
sum over the first B steps counts the token that reaches out of them by its share; what spells no
byte counts at the byte that follows it. Under `natural` the steps from a text's end to the end of
its window are there and hold zeros. `inside` is 1 where a human token is one that the decoding
allows. Knows no model and no tokenizer.
"""

from dataclasses import dataclass

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
) -> pl.DataFrame:
    """One row an example with both its texts, lists of one value a step, nats.  # STEPWISE

    SAMPLES, SCORES and EXAMPLES of the same examples. Raises ValueError where the three do not
    hold the same examples.
    """
    paired = _paired(samples, scores, examples)
    window = paired["window"].to_numpy().astype(np.int64)
    ended = paired["ended"].to_numpy()
    own = paired["bytes_generated"]
    had = _sums(own) if unit == "bytes" else lengths(own)
    sides = {
        "generated": _Steps.of(
            own,
            np.where(ended & (at_end == "natural"), window, np.minimum(had, window)),
            unit=unit,
        ),
        "human": _Steps.of(paired["bytes_human"], window, unit=unit),
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
    return paired.select("cluster", "example", *columns, at).select(list(STEPWISE))


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
    for table in (scores, examples):
        _require_same_examples(samples["example"], table["example"])
    generated = samples.select(
        "cluster", "example", "entropy", "end_probability", "ended", bytes_generated="bytes"
    )
    scored = scores.select("example", "log_loss", "inside", teacher_entropy="entropy")
    human = examples.select("example", "window", bytes_human="continuation_bytes")
    return generated.join(scored, on="example").join(human, on="example").sort("example")


def _require_same_examples(found: pl.Series, expected: pl.Series) -> None:
    for numbers in (found, expected):
        if numbers.is_empty():
            raise ValueError("at least one example was expected, found none")
        if numbers.n_unique() < len(numbers):
            repeated = numbers.filter(numbers.is_duplicated())[0]
            raise ValueError(f"one row an example was expected, found example {repeated} again")
    alone = sorted(set(found.to_list()) ^ set(expected.to_list()))
    if alone:
        raise ValueError(
            f"the same examples were expected on both sides, found {len(alone)} on one side only, "
            f"the first of them example {alone[0]}"
        )
