"""A covariance of few texts, drawn towards a simple one as far as its own uncertainty allows.

Weights taken from a covariance of seven models and twenty texts fit its noise: the curve then runs
where the estimate happens to be sure, and an interval that trusts it covers .88 where .95 is meant.
"""

from typing import NamedTuple

import numpy as np

from calibration.statistics.intervals import cluster_degrees
from calibration.statistics.ragged import Floats

MOST_ALIKE = 0.999  # a correlation of 1 would make the target singular
# No measured variance is known to one part in a million; keeps a V of few texts invertible.
RIDGE = 1e-6
FLOOR = 1e-12  # of the mean square value: the variance that exact values are given


class Sampling(NamedTuple):
    """The covariance of measured values, both invertible: as estimated, and as weights trust it."""

    estimated: Floats
    trusted: Floats


def sampling_of(covariance: Floats, values: Floats, *, clusters: float | None) -> Sampling:
    """A covariance (K, K) estimated from `clusters` texts; exact where that is None."""
    ridge = RIDGE * np.diag(covariance) + FLOOR * (values**2).mean()
    estimated: Floats = covariance + np.diag(ridge)
    return Sampling(estimated, estimated if clusters is None else shrunk(estimated, clusters))


def text_degrees(clusters: float | None, models: int) -> float | None:
    """Degrees of freedom left by `clusters` texts to the exponent of K models; None for many.

    G - 1 - (K - 2): generalised least squares is the analysis of covariance on the K - 2 contrasts
    that the law leaves, and pays one for each coefficient. Rao (1967), Proc. 5th Berkeley Symp.
    """
    degrees = cluster_degrees(clusters)
    return None if degrees is None else max(1.0, degrees - (models - 2))


def shrunk(covariance: Floats, clusters: float) -> Floats:
    """Variances drawn towards their mean, correlations towards theirs, each by a share λ.

    λ = min(1, what sampling makes the estimates vary / what they vary): of correlations r
    Σ (1 - r²)² / (G - 1) over Σ (r - mean r)², of log variances 2 (K - 1) / (G - 1) over
    Σ (ln v - mean ln v)². So V stays as it is where texts are many or models differ. Ledoit and
    Wolf (2004), J. Portfolio Management 30; Schäfer and Strimmer (2005), Stat. Appl. Genet. Mol.
    Biol. 4; for variances Opgen-Rhein and Strimmer (2007), ibid. 6. (K, K), `clusters` G.
    """
    models = len(covariance)
    if models < 3:  # one correlation is its own mean
        return covariance
    variances = np.diag(covariance)
    deviations = np.sqrt(variances)
    correlations = covariance / np.outer(deviations, deviations)
    pairs = ~np.eye(models, dtype=bool)
    between = correlations[pairs]
    common = float(np.clip(between.mean(), 0.0, MOST_ALIKE))
    share = _share(((1 - between**2) ** 2).sum() / (clusters - 1), ((between - common) ** 2).sum())
    target = np.where(pairs, common, 1.0)
    drawn = np.sqrt(_drawn_together(variances, clusters))
    mixed: Floats = np.outer(drawn, drawn) * (share * target + (1 - share) * correlations)
    return mixed


def _drawn_together(variances: Floats, clusters: float) -> Floats:
    logs = np.log(variances)
    apart = ((logs - logs.mean()) ** 2).sum()
    share = _share(2 * (len(logs) - 1) / (clusters - 1), apart)
    # The mean and not its logarithm's: a variance that is underestimated is the worse mistake.
    together: Floats = np.exp(share * np.log(variances.mean()) + (1 - share) * logs)
    return together


def _share(uncertain: float, apart: float) -> float:
    return min(1.0, float(uncertain / apart)) if apart > 0 else 1.0
