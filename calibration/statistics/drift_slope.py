"""The early slope of drift over steps: how fast errors begin to accumulate.

Over many steps drift saturates: in the simplified theory it is C (1 - (1-q)^(t-1)) at step t, whose
mean over T steps loses the exponent of q once qT is not small. Its slope at the first step, C q,
does not. At the first step own and human text share their prefix, so that drift there is exactly 0
and the slope is that of a line through it.
"""

from dataclasses import dataclass

import numpy as np

from calibration.statistics.ent_ce import DRIFT, influence
from calibration.statistics.horizons import HorizonSums
from calibration.statistics.ragged import Floats, Indices

# Of the steps. Of a drift that saturates as 1 - e^(-qt), a quarter of T shows .91 of the slope at
# qT = 1 and .71 at qT = 4, half of it .84 and .53; an eighth shows .95 and .84, with 2.8 times the
# standard error where steps vary on their own.
EARLY = 0.25


@dataclass(frozen=True)
class DriftSlope:
    """The slope over the horizons in the first quarter of the steps.

    s = Σ_j n_j (m_j - 1) d_j / Σ_j n_j (m_j - 1)², least squares through drift 0 at step 1: d_j
    the drift between two horizons (a difference of ratios of sums), n_j the steps between them,
    m_j their mean. Exactly s where drift is s (t - 1). Nats a step, a step; nan where no two
    horizons are early. A smooth function of cluster sums, so that the jackknife and influence
    values hold for it.
    """

    steps: Indices

    def select(self, measured: HorizonSums) -> Floats:
        """The sums between early horizons.  # (clusters, stretches, columns)"""
        between: Floats = np.diff(measured.sums[:, : len(self._early)], axis=1)
        return between

    def of(self, totals: Floats) -> Floats:
        """The slope of totals (..., stretches, columns)."""
        slope: Floats = np.asarray((DRIFT.of(totals) * self._weights).sum(axis=-1))
        return slope if len(self._weights) else np.full(slope.shape, np.nan)

    def influence(self, sums: Floats) -> Floats:
        """What each row of sums (rows, stretches, columns) adds to the slope.  # (rows,)"""
        values = np.zeros(len(sums))
        for place, weight in enumerate(self._weights):
            values += weight * influence(sums[:, place], DRIFT)
        return values

    @property
    def _early(self) -> Floats:
        early: Floats = self.steps[self.steps <= EARLY * self.steps[-1]].astype(np.float64)
        return early

    @property
    def _weights(self) -> Floats:
        early = self._early
        counts, after = np.diff(early), (early[1:] + early[:-1] - 1) / 2
        weights: Floats = counts * after / (counts * after**2).sum() if len(counts) else counts
        return weights
