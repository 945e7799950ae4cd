"""SUMMARY_EXAMPLES with chosen values: each example's mean entropies and losses over its steps."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from calibration.tables import SUMMARY_EXAMPLES

LOG_LOSS, TEACHER_ENTROPY = 1.8, 1.9  # nats a step, where a test does not care


def summary(
    clusters: Sequence[str],
    *,
    entropy: ArrayLike,
    log_loss: ArrayLike = LOG_LOSS,
    teacher_entropy: ArrayLike = TEACHER_ENTROPY,
    steps: ArrayLike = 10.0,
    horizons: Sequence[float] = (1.0,),
) -> pl.DataFrame:
    """One row a cluster name; sums at the shares `horizons` of each text's steps."""
    shares = np.array(horizons)
    size = np.broadcast_to(np.asarray(steps, dtype=np.float64), len(clusters))
    values = {"entropy": entropy, "log_loss": log_loss, "teacher_entropy": teacher_entropy}
    sums = {name: np.asarray(mean) * size for name, mean in values.items()}
    lengths = ("steps_generated", "steps_human", "tokens_generated", "tokens_human")
    sums |= dict.fromkeys((*lengths, "inside", "bytes_generated", "bytes_human"), size)
    sums["ended"] = np.zeros(len(clusters))
    columns = {name: [list(shares * one) for one in total] for name, total in sums.items()}
    grid = [round(float(size.max() * share)) for share in shares]
    rows = {"cluster": list(clusters), "example": range(len(clusters)), **columns}
    return pl.DataFrame(rows | {"horizons": [grid] * len(clusters)}).select(
        pl.col(name).cast(kind) for name, kind in SUMMARY_EXAMPLES.items()
    )
