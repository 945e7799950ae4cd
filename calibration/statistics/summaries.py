"""From per-token tables to small summaries: cumulative sums per example, moments per position.

Everything after this file is seconds of work. A list that is shorter than a horizon contributes
all it has; nothing is dropped. Sums are float64. Positions count from 1. Knows nothing of models,
sizes or laws.
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

HORIZONS = 32  # a step of 25 % at 1,000 tokens: finer than any curve over T can be read
ROWS_AT_ONCE = 512  # with POSITIONS_AT_ONCE, keeps memory at tens of megabytes
POSITIONS_AT_ONCE = 64


def horizons(continuation: int) -> list[int]:
    """At most 32 distinct geometric horizons, the first 1 and the last `continuation` tokens."""
    if continuation < 1:
        raise ValueError(f"a continuation of at least 1 token was expected, found {continuation}")
    return [int(step) for step in np.unique(np.rint(np.geomspace(1, continuation, HORIZONS)))]


def summary_examples(
    samples: pl.DataFrame, scores: pl.DataFrame, examples: pl.DataFrame
) -> pl.DataFrame:
    """Sums over the first steps of each example, at the same horizons in every row.

    SAMPLES, SCORES and EXAMPLES of the same examples give SUMMARY_EXAMPLES, nats, tokens and
    bytes. The longest human continuation sets the horizons. Raises ValueError where the three
    tables do not hold the same examples.
    """
    paired = _paired(samples, scores).join(_human_bytes(examples), on="example", how="left")
    _require_same_examples(paired["example"], examples["example"])
    grid = horizons(int(lengths(paired["log_loss"]).max()))
    return pl.concat([_sums_at(part, grid) for part in paired.iter_slices(ROWS_AT_ONCE)])


def summary_positions(samples: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Sums over examples at every step, with their clustered second moments.

    SAMPLES and SCORES of the same examples give SUMMARY_POSITIONS. A second moment X_Y is
    Σ_g (Σ of X in cluster g)(Σ of Y in cluster g); `clusters` are those with a step on either
    side. Raises ValueError where the two tables do not hold the same examples.
    """
    paired = _paired(samples, scores).sort("cluster", "example")
    steps = max(int(lengths(paired[side]).max()) for side in ("entropy", "log_loss"))
    index = cluster_index(paired["cluster"])
    starts = range(0, steps, POSITIONS_AT_ONCE)
    return pl.concat(
        [_moments(paired, index, start, min(POSITIONS_AT_ONCE, steps - start)) for start in starts]
    )


def _paired(samples: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """One row an example, both sides of it: generated and human."""
    _require_same_examples(samples["example"], scores["example"])
    generated = samples.select(
        "cluster", "example", "entropy", "end_probability", "ended", bytes_generated="bytes"
    )
    human = scores.select("example", "log_loss", teacher_entropy="entropy")
    return generated.join(human, on="example").sort("example")


def _human_bytes(examples: pl.DataFrame) -> pl.DataFrame:
    return examples.select("example", bytes_human="continuation_bytes")


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


def _sums_at(part: pl.DataFrame, grid: list[int]) -> pl.DataFrame:
    last = np.array(grid) - 1
    summed = {
        name: padded(part[name], grid[-1]).cumsum(axis=1)[:, last]
        for name in ("entropy", "log_loss", "teacher_entropy", "bytes_generated", "bytes_human")
    }
    generated, human = lengths(part["entropy"])[:, None], lengths(part["log_loss"])[:, None]
    summed["tokens_generated"] = np.minimum(generated, grid).astype(np.float64)
    summed["tokens_human"] = np.minimum(human, grid).astype(np.float64)
    ended = part["ended"].to_numpy()[:, None] & (generated <= np.array(grid))
    summed["ended"] = ended.astype(np.float64)
    return part.select(
        "cluster",
        "example",
        pl.lit(pl.Series([grid], dtype=pl.List(pl.Int32))).first().alias("horizons"),
        *(pl.Series(name, sums).arr.to_list() for name, sums in summed.items()),
    ).select(list(SUMMARY_EXAMPLES))


def _moments(paired: pl.DataFrame, index: Indices, start: int, width: int) -> pl.DataFrame:
    def block(name: str) -> Floats:
        return padded(paired[name].list.slice(start, width), width)

    def exists(name: str) -> Floats:
        return present(paired[name].list.slice(start, width), width).astype(np.float64)

    by_row = {name: block(name) for name in ("entropy", "log_loss", "teacher_entropy")}
    by_row |= {"count_generated": exists("entropy"), "count_human": exists("log_loss")}
    positions = np.arange(start + 1, start + width + 1)
    last_step = lengths(paired["entropy"])[:, None] == positions
    firsts = np.flatnonzero(np.diff(index, prepend=-1))
    # Rows are sorted by cluster, so that one reduceat sums all clusters.
    sums = {name: np.add.reduceat(rows, firsts, axis=0) for name, rows in by_row.items()}
    columns: dict[str, NDArray[np.generic]] = {
        "position": positions,
        "clusters": ((sums["count_generated"] + sums["count_human"]) > 0).sum(axis=0),
        "end_probability": block("end_probability").sum(axis=0),
        "ended": (paired["ended"].to_numpy()[:, None] & last_step).sum(axis=0),
        **{name: rows.sum(axis=0) for name, rows in by_row.items()},
        **_second_moments(sums),
    }
    return pl.DataFrame(columns).select(
        pl.col(name).cast(kind) for name, kind in SUMMARY_POSITIONS.items()
    )


def _second_moments(sums: dict[str, Floats]) -> dict[str, NDArray[np.generic]]:
    pairs = [
        (one, other) for one in sums for other in sums if f"{one}_{other}" in SUMMARY_POSITIONS
    ]
    return {f"{one}_{other}": np.einsum("gt,gt->t", sums[one], sums[other]) for one, other in pairs}
