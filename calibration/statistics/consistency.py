"""The statistics of the replay gate: is what was sampled what is scored?

Generated texts are scored as if they were human. Sampler and replay must agree token by token,
and on the replayed values d_t = -log p(Ŷ_t) - h_t must be a martingale difference: mean 0, and
uncorrelated with h_t. Values of the sampling pass alone prove nothing, because h and log p come
from one row of logits whatever prefix the network saw. A value that is not finite never passes. The
tokens at the edge of a truncation are counted, and left out of what else is told.
Knows nothing of networks; nats throughout.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.statistics.ragged import (
    Floats,
    Indices,
    cluster_index,
    cluster_sums,
    flat,
    lengths,
)
from calibration.tables import REPLAY, SUMMARY_GATE

# At 3, a study the size of the published one refuses by chance in 83-93 % of runs; at 5 in none.
REFUSED_Z = 5.0
WARNED_Z = 3.5  # about one test in 2,000 by chance
SMALLEST_BIAS = 0.002  # nats a token: less than any EntCE that anyone has reported differs by
SHARE_OF_ERROR = 0.1  # a bias this far below the standard error widens no interval visibly
FLOAT32_DIFFERENCE = 1e-4  # nats a token: rounding through a deep network in 32 bits stays below
PERCENTILE = 99.9  # of 16-bit differences: beyond it lie single tokens at ties of the rounding


@dataclass(frozen=True)
class ReplayConsistency:
    """How sampled and replayed values agree; differences are sampled - replayed, in nats.

    A statistic is nan where a value it needs is not finite; `not_finite` counts those. Tokens at
    the edge of a truncation are in `tokens` and `edges` alone.
    """

    tokens: int
    edges: int  # tokens whose values differ by more than rounding does, or that are outside here
    clusters: int
    not_finite: int  # of the four values of every token
    largest_entropy_difference: float
    largest_log_prob_difference: float
    mean_entropy_difference: float
    mean_log_prob_difference: float
    percentile_difference: float  # the 99.9th of the larger of the two differences of a token
    trend: float  # fitted change of the entropy difference from the first step to the last
    trend_z: float
    first_step_difference: float  # the largest, in entropy: the prefix is the prompt alone
    mean: float  # of d_t
    mean_z: float
    covariance: float  # of d_t with h_t, over the standard deviation of h_t
    covariance_z: float
    detectable: float  # the smallest |mean| that would have |z| above the refusing threshold
    entropy_se: float  # of the mean entropy of what is replayed, clustered


@dataclass(frozen=True)
class _Tokens:
    """All tokens of the replay, one after the other, and where each belongs."""

    cluster: Indices
    step: Floats
    entropy: Floats
    log_prob: Floats
    replayed_entropy: Floats
    replayed_log_prob: Floats

    def only(self, kept: NDArray[np.bool_]) -> "_Tokens":
        return _Tokens(*(getattr(self, field.name)[kept] for field in fields(self)))


def replay_consistency(replay: pl.DataFrame, *, edge: float = math.inf) -> ReplayConsistency:
    """The agreement and martingale statistics of a REPLAY table, over all its tokens.

    A token whose sampled and replayed values differ by more than `edge`, in nats, is at the edge of
    a truncation; so is one that the replay gives no probability. Without a truncation none is.
    Raises ValueError when there is no token, or lists of one row differ in length.
    """
    every = _tokens(replay)
    edges = _at_edge(replay, edge)
    # Where nothing else is left, there is nothing else to tell of.
    tokens = every if edges.all() else every.only(~edges)
    entropy_difference = tokens.entropy - tokens.replayed_entropy
    log_prob_difference = tokens.log_prob - tokens.replayed_log_prob
    surprise = -tokens.replayed_log_prob - tokens.replayed_entropy
    larger = np.maximum(np.abs(entropy_difference), np.abs(log_prob_difference))
    trend, trend_error = _trend(entropy_difference, tokens)
    mean_error = _mean_error(surprise, tokens.cluster)
    scaled = surprise * _standardised(tokens.replayed_entropy)
    return ReplayConsistency(
        tokens=len(every.step),
        edges=int(edges.sum()),
        clusters=int(every.cluster.max()) + 1,
        not_finite=_not_finite(tokens),
        largest_entropy_difference=float(np.abs(entropy_difference).max()),
        largest_log_prob_difference=float(np.abs(log_prob_difference).max()),
        mean_entropy_difference=float(entropy_difference.mean()),
        mean_log_prob_difference=float(log_prob_difference.mean()),
        percentile_difference=float(np.percentile(larger, PERCENTILE)),
        trend=trend,
        trend_z=_z(trend, trend_error),
        first_step_difference=float(np.abs(entropy_difference[tokens.step == 1]).max(initial=0.0)),
        mean=float(surprise.mean()),
        mean_z=_z(float(surprise.mean()), mean_error),
        covariance=float(scaled.mean()),
        covariance_z=_z(float(scaled.mean()), _mean_error(scaled, tokens.cluster)),
        detectable=REFUSED_Z * mean_error,
        entropy_se=_clustered_error(tokens.entropy, tokens.cluster),
    )


def summary_gate(replay: pl.DataFrame, *, edge: float = math.inf) -> pl.DataFrame:
    """One row: what the gate found of a REPLAY table, nats.  # SUMMARY_GATE"""
    found = replay_consistency(replay, edge=edge)
    row = {
        "texts": replay.height,
        "tokens": found.tokens,
        "edges": found.edges,
        "bias": found.mean,
        "z": found.mean_z,
        "covariance_z": found.covariance_z,
        "detectable": found.detectable,
        "largest_difference": max(
            found.largest_entropy_difference, found.largest_log_prob_difference
        ),
    }
    return pl.DataFrame([row], schema=SUMMARY_GATE).with_columns(
        pl.selectors.float().fill_nan(None)
    )


def mean_entropy_error(samples: pl.DataFrame) -> float:
    """The clustered standard error of the mean entropy of SAMPLES, in nats; nan with one cluster.

    It stands for the standard error of EntCE, which is not known before the texts are scored.
    """
    steps = lengths(samples["entropy"])
    cluster = np.repeat(cluster_index(samples["cluster"]), steps)
    return _clustered_error(_finite_or_nan(flat(samples["entropy"])), cluster)


def refuses(z: float, bias: float, *, standard_error: float) -> bool:
    """Whether a bias is beyond chance and large enough to matter; also when it is not finite.

    `bias` and `standard_error` (of EntCE) in nats. An unknown standard error excuses nothing.
    """
    return _beyond(REFUSED_Z, z, bias, standard_error)


def warns(z: float, bias: float, *, standard_error: float) -> bool:
    """Whether a bias deserves a look: `refuses` at the lower threshold."""
    return _beyond(WARNED_Z, z, bias, standard_error)


def allowed_bias(standard_error: float) -> float:
    """The bias, in nats, below which no z is refused."""
    share = SHARE_OF_ERROR * standard_error
    return max(SMALLEST_BIAS, share) if math.isfinite(share) else SMALLEST_BIAS


def agrees_in_32_bits(consistency: ReplayConsistency) -> bool:
    """Whether every token agrees to 1e-4 nats: what float32 must do. Never with a nan."""
    return (
        consistency.largest_entropy_difference <= FLOAT32_DIFFERENCE
        and consistency.largest_log_prob_difference <= FLOAT32_DIFFERENCE
    )


def agrees_in_16_bits(consistency: ReplayConsistency) -> bool:
    """Whether the mean differences stay below .1 standard errors, without trend. Never with a nan.

    Single tokens differ in 16 bits; what must not happen is that the differences add up.
    """
    error = consistency.entropy_se
    # With one source text no error is known; what is too small to matter is still known.
    allowed = SHARE_OF_ERROR * error if math.isfinite(error) else SMALLEST_BIAS
    return (
        abs(consistency.mean_entropy_difference) < allowed
        and abs(consistency.mean_log_prob_difference) < allowed
        and not refuses(
            consistency.trend_z, consistency.trend, standard_error=consistency.entropy_se
        )
    )


def _beyond(threshold: float, z: float, bias: float, standard_error: float) -> bool:
    if math.isnan(z) or not math.isfinite(bias):
        return True
    return abs(z) > threshold and abs(bias) > allowed_bias(standard_error)


def _tokens(replay: pl.DataFrame) -> _Tokens:
    values = [name for name in REPLAY if name not in ("cluster", "example")]
    steps = lengths(replay["entropy"])
    for name in values:
        wrong = np.flatnonzero(lengths(replay[name]) != steps)
        if len(wrong):
            raise ValueError(
                f"lists of one length were expected in a row, found entropy and {name} differ in "
                f"example {replay['example'][int(wrong[0])]}"
            )
    if steps.sum() == 0:
        raise ValueError("at least one replayed token was expected, found none")
    replay, steps = replay.filter(steps > 0), steps[steps > 0]
    step = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps) + 1
    return _Tokens(
        np.repeat(cluster_index(replay["cluster"]), steps),
        step.astype(np.float64),
        *(_finite_or_nan(flat(replay[name])) for name in values),
    )


def _at_edge(replay: pl.DataFrame, edge: float) -> NDArray[np.bool_]:
    """Which tokens are at the edge of a truncation, in the order of `_tokens`."""
    found = np.zeros(int(lengths(replay["entropy"]).sum()), dtype=bool)
    for name in ("entropy", "log_prob"):
        found |= np.abs(flat(replay[name]) - flat(replay[f"replayed_{name}"])) > edge
    return found


def _finite_or_nan(values: Floats) -> Floats:
    # An infinity would turn a percentile or a difference into something that looks like a number.
    return np.where(np.isfinite(values), values, np.nan)


def _not_finite(tokens: _Tokens) -> int:
    columns = (tokens.entropy, tokens.log_prob, tokens.replayed_entropy, tokens.replayed_log_prob)
    return sum(int(np.isnan(column).sum()) for column in columns)


def _mean_error(values: Floats, cluster: Indices) -> float:
    """The standard error of the mean of a martingale difference.

    The larger of two: Σ d², exact under the hypothesis and sound with few texts, where cluster
    sums say little; and the clustered one, which is larger where tokens of a text go together (a
    text twice in the data). Cluster sums are centred: otherwise a bias that all texts share would
    hide itself, |z| never above sqrt(clusters).
    """
    martingale = float(np.sqrt((values**2).sum())) / len(values)
    return _larger(martingale, _clustered_error(values, cluster))


def _clustered_error(values: Floats, cluster: Indices) -> float:
    """The standard error of a mean over tokens whose clusters are independent; nan with one."""
    clusters = int(cluster.max()) + 1
    if clusters < 2:
        return math.nan
    sums = cluster_sums(values - values.mean(), cluster)
    return math.sqrt(clusters / (clusters - 1) * float((sums**2).sum())) / len(values)


def _larger(error: float, clustered: float) -> float:
    """The larger standard error, where the clustered one may be undefined."""
    return error if math.isnan(clustered) else max(error, clustered)


def _standardised(values: Floats) -> Floats:
    deviation = float(values.std())
    if deviation == 0:
        return np.zeros_like(values)
    standardised: Floats = (values - values.mean()) / deviation
    return standardised


def _trend(difference: Floats, tokens: _Tokens) -> tuple[float, float]:
    """The fitted change of `difference` over the steps, and its standard error."""
    centred = tokens.step - tokens.step.mean()
    spread = float((centred**2).sum())
    if spread == 0:
        return 0.0, 0.0
    slope = float((centred * difference).sum()) / spread
    residual = difference - difference.mean() - slope * centred
    # n times the mean of centred · residual is the score, so that its error is that of a mean.
    score_error = _mean_error(centred * residual, tokens.cluster) * len(centred)
    steps = float(tokens.step.max()) - 1
    return slope * steps, score_error / spread * steps


def _z(value: float, error: float) -> float:
    """value / error; 0 where both vanish, as for values that agree to the last bit."""
    if error == 0:
        return 0.0 if value == 0 else math.inf
    return value / error
