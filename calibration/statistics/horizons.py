"""Cluster sums of one measurement at every horizon, so that any length can be asked about at once.

The horizons of SUMMARY_EXAMPLES are cumulative: what was measured on the first t steps is what a
study of continuations of t steps would have measured of the same texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from calibration.statistics.ent_ce import COLUMNS, defined
from calibration.statistics.ragged import Floats, Indices, cluster_index

MOST_LENGTHS = 8  # from one to the next a factor of about 2.5: a trend shows, at eight fits


@dataclass(frozen=True)
class HorizonSums:
    """Sums over the first `steps[j]` steps of every cluster's texts, in the order of COLUMNS.

    What is infinite is undefined (nan).
    """

    clusters: pl.Series  # names, sorted
    steps: Indices  # (horizons,), ascending
    sums: Floats  # (clusters, horizons, columns)

    @property
    def has_log_loss(self) -> bool:
        """Whether the log loss of all steps is finite."""
        return bool(np.isfinite(self.sums[:, -1, COLUMNS.index("log_loss")]).all())

    def up_to(self, steps: int) -> "HorizonSums":
        """What a measurement of the first `steps` steps would have given."""
        kept = int((self.steps <= steps).sum())
        return HorizonSums(self.clusters, self.steps[:kept], self.sums[:, :kept])


def horizon_sums(summary_examples: pl.DataFrame) -> HorizonSums:
    """The sums of SUMMARY_EXAMPLES of one measurement; ValueError without an example."""
    if summary_examples.is_empty():
        raise ValueError("at least one example was expected, found none")
    rows = summary_examples.sort("cluster")
    steps = np.array(rows["horizons"][0], dtype=np.int64)
    lists = [rows[name].list.to_array(len(steps)).to_numpy() for name in COLUMNS]
    index = cluster_index(rows["cluster"])
    firsts = np.flatnonzero(np.diff(index, prepend=-1))
    sums: Floats = np.add.reduceat(np.stack(lists, axis=2), firsts, axis=0)
    return HorizonSums(rows["cluster"].gather(firsts), steps, defined(sums))


def shared_lengths(measured: Sequence[HorizonSums]) -> list[int]:
    """At most eight lengths that all were measured at, evenly in logarithm, the longest last."""
    shared = set(measured[0].steps.tolist()).intersection(
        *(one.steps.tolist() for one in measured[1:])
    )
    falling = sorted(shared, reverse=True)
    return falling[:: -(-len(falling) // MOST_LENGTHS)][::-1] if falling else []
