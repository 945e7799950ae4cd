"""From per-token tables to small summaries: cumulative sums per example, moments per position.

Everything after this file is seconds of work. A list that is shorter than a horizon contributes
all it has; nothing is dropped. Sums are float64; one with an infinite log loss in it is infinite,
and is in no product. Positions count steps from 1, tokens or bytes.
Knows nothing of models, sizes or laws.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.statistics.ragged import (
    Floats,
    Indices,
    cluster_index,
    lengths,
    padded,
    present,
)
from calibration.tables import SUMMARY_EXAMPLES, SUMMARY_POSITIONS

LABELS = ("cluster", "example")
HORIZONS = 32  # a step of 25 % at 1,000 tokens: finer than any curve over T can be read
ROWS_AT_ONCE = 512  # with POSITIONS_AT_ONCE, keeps memory at tens of megabytes
POSITIONS_AT_ONCE = 64


def horizons(continuation: int) -> list[int]:
    """At most 32 distinct geometric horizons, the first 1 and the last `continuation` tokens."""
    if continuation < 1:
        raise ValueError(f"a continuation of at least 1 token was expected, found {continuation}")
    return [int(step) for step in np.unique(np.rint(np.geomspace(1, continuation, HORIZONS)))]


def summary_examples(stepwise: pl.DataFrame) -> pl.DataFrame:
    """Sums over the first steps of each example, at the same horizons in every row.

    STEPWISE gives SUMMARY_EXAMPLES: nats, steps, tokens and bytes. The longest text sets the
    horizons.
    """
    longest = max(int(lengths(stepwise[side]).max()) for side in ("entropy", "log_loss"))
    grid = horizons(longest)
    return pl.concat([_sums_at(part, grid) for part in stepwise.iter_slices(ROWS_AT_ONCE)])


def summary_positions(stepwise: pl.DataFrame) -> pl.DataFrame:
    """Sums over examples at every step, with their clustered second moments.

    STEPWISE gives SUMMARY_POSITIONS. A second moment X_Y is Σ_g (Σ of X in cluster g)(Σ of Y in
    cluster g); `clusters` are those with a step on either side.
    """
    rows = stepwise.sort("cluster", "example")
    steps = max(int(lengths(rows[side]).max()) for side in ("entropy", "log_loss"))
    index = cluster_index(rows["cluster"])
    starts = range(0, steps, POSITIONS_AT_ONCE)
    return pl.concat(
        [_moments(rows, index, start, min(POSITIONS_AT_ONCE, steps - start)) for start in starts]
    )


def _sums_at(part: pl.DataFrame, grid: list[int]) -> pl.DataFrame:
    last = np.array(grid) - 1
    summed = {
        name: padded(part[name], grid[-1]).cumsum(axis=1)[:, last]
        for name in SUMMARY_EXAMPLES
        if name in part.columns and name not in LABELS
    }
    for side, column in (("generated", "entropy"), ("human", "log_loss")):
        steps = lengths(part[column])[:, None]
        summed[f"steps_{side}"] = np.minimum(steps, grid).astype(np.float64)
    ended = part["end_step"].to_numpy()[:, None] <= np.array(grid)  # null is nan, which is not
    summed["ended"] = ended.astype(np.float64)
    return part.select(
        *LABELS,
        pl.lit(pl.Series([grid], dtype=pl.List(pl.Int32))).first().alias("horizons"),
        *(pl.Series(name, sums).arr.to_list() for name, sums in summed.items()),
    ).select(list(SUMMARY_EXAMPLES))


def _moments(rows: pl.DataFrame, index: Indices, start: int, width: int) -> pl.DataFrame:
    def block(name: str) -> Floats:
        return padded(rows[name].list.slice(start, width), width)

    def exists(name: str) -> Floats:
        return present(rows[name].list.slice(start, width), width).astype(np.float64)

    by_row = {name: block(name) for name in ("entropy", "log_loss", "teacher_entropy")}
    by_row |= {"count_generated": exists("entropy"), "count_human": exists("log_loss")}
    positions = np.arange(start + 1, start + width + 1)
    ends_here = rows["end_step"].to_numpy()[:, None] == positions
    firsts = np.flatnonzero(np.diff(index, prepend=-1))
    # Rows are sorted by cluster, so that one reduceat sums all clusters.
    sums = {name: np.add.reduceat(values, firsts, axis=0) for name, values in by_row.items()}
    columns: dict[str, NDArray[np.generic] | pl.Series] = {
        "position": positions,
        "clusters": ((sums["count_generated"] + sums["count_human"]) > 0).sum(axis=0),
        "end_probability": block("end_probability").sum(axis=0),
        "ended": ends_here.sum(axis=0),
        **{name: values.sum(axis=0) for name, values in by_row.items()},
        **_second_moments(sums),
    }
    return pl.DataFrame(columns).select(
        pl.col(name).cast(kind) for name, kind in SUMMARY_POSITIONS.items()
    )


def _second_moments(sums: dict[str, Floats]) -> dict[str, pl.Series]:
    # A product with an infinite loss is no number: nan from here on, and null in the table.
    defined = {name: np.where(np.isinf(values), np.nan, values) for name, values in sums.items()}
    moments = {
        f"{one}_{other}": np.einsum("gt,gt->t", defined[one], defined[other])
        for one in sums
        for other in sums
        if f"{one}_{other}" in SUMMARY_POSITIONS
    }
    return {name: pl.Series(values).fill_nan(None) for name, values in moments.items()}
