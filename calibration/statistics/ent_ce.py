"""EntCE and its two parts, their standard errors, and how they vary together between models.

EntCE = H - L = drift + static, with H the entropy a step on own text, L the log loss a step on
human text, H+ the entropy a step on human prefixes; drift = H - H+, static = H+ - L; a step is a
token or a byte, as the unit of the examples says. Each is a ratio of sums over examples, in nats,
signed. The source text is the unit of independence. Where a log loss is infinite (a sampler that
gives a human token no probability), what is taken from it is undefined, and drift is not. Knows
nothing of sizes and laws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from calibration.statistics.intervals import (
    LEVEL,
    Interval,
    effective_clusters,
    few_clusters,
    jackknife,
)
from calibration.statistics.ragged import Floats

COLUMNS = (
    "entropy",
    "log_loss",
    "teacher_entropy",
    "steps_generated",
    "steps_human",
    "tokens_generated",
    "tokens_human",
    "inside",
    "bytes_generated",
    "bytes_human",
    "ended",
)


@dataclass(frozen=True)
class Ratio:
    """Σ `total` / Σ `length` over examples: two columns of the summaries."""

    total: str
    length: str

    def of(self, totals: Floats) -> Floats:
        """The ratio of totals (..., columns in the order of COLUMNS); nan where length is 0."""
        total, length = _column(totals, self.total), _column(totals, self.length)
        undefined = np.full(np.shape(total), np.nan)
        ratio: Floats = np.divide(total, length, out=undefined, where=length > 0)
        return ratio


@dataclass(frozen=True)
class Quantity:
    """The difference of two ratios, `minuend` - `subtrahend`."""

    name: str
    minuend: Ratio
    subtrahend: Ratio

    def of(self, totals: Floats) -> Floats:
        """The difference; nan where one of the two is undefined or infinite."""
        difference = self.minuend.of(totals) - self.subtrahend.of(totals)
        return np.where(np.isfinite(difference), difference, np.nan)


ENTROPY = Ratio("entropy", "steps_generated")
LOG_LOSS = Ratio("log_loss", "steps_human")
TEACHER_ENTROPY = Ratio("teacher_entropy", "steps_human")
COVERAGE = Ratio("inside", "tokens_human")
ENT_CE = Quantity("ent_ce", ENTROPY, LOG_LOSS)
DRIFT = Quantity("drift", ENTROPY, TEACHER_ENTROPY)
STATIC = Quantity("static", TEACHER_ENTROPY, LOG_LOSS)
ENT_CE_PER_BYTE = Quantity(
    "ent_ce_per_byte", Ratio("entropy", "bytes_generated"), Ratio("log_loss", "bytes_human")
)


@dataclass(frozen=True)
class Estimate:
    """What was measured of one model at the last horizon: nats a step, nan where undefined."""

    examples: int
    clusters: int
    tokens: int  # generated
    entropy: float
    log_loss: float
    teacher_entropy: float
    ent_ce: Interval
    drift: Interval
    static: Interval
    ent_ce_per_byte: float
    bytes_per_token_generated: float
    bytes_per_token_human: float
    coverage: float  # share of human tokens that the decoding allows
    ended_share: float
    warnings: tuple[str, ...]


def estimate(summary_examples: pl.DataFrame, *, level: float = LEVEL) -> Estimate:
    """EntCE, drift and static of one model, each with its cluster jackknife interval, t_{G-1}.

    SUMMARY_EXAMPLES of one model on one data set. G is the number of source texts, as many of equal
    length where they are uneven. Intervals are nan with one source text only, and those of EntCE
    and static where the log loss is infinite, which is then stated as it is.
    """
    totals = cluster_totals(summary_examples).select(COLUMNS).to_numpy()
    log_loss = float(LOG_LOSS.of(totals.sum(axis=0)))
    sums = defined(totals)
    total = sums.sum(axis=0)
    warning = few_clusters(len(sums))
    effective = effective_clusters(cluster_lengths(sums))
    return Estimate(
        examples=summary_examples["example"].n_unique(),
        clusters=len(sums),
        tokens=round(float(_column(total, "tokens_generated"))),
        entropy=float(ENTROPY.of(total)),
        log_loss=log_loss,
        teacher_entropy=float(TEACHER_ENTROPY.of(total)),
        ent_ce=jackknife(sums, ENT_CE.of, level=level, effective=effective),
        drift=jackknife(sums, DRIFT.of, level=level, effective=effective),
        static=jackknife(sums, STATIC.of, level=level, effective=effective),
        ent_ce_per_byte=float(ENT_CE_PER_BYTE.of(total)),
        bytes_per_token_generated=float(Ratio("bytes_generated", "tokens_generated").of(total)),
        bytes_per_token_human=float(Ratio("bytes_human", "tokens_human").of(total)),
        coverage=float(COVERAGE.of(total)),
        ended_share=float(_column(total, "ended")) / summary_examples.height,
        warnings=() if warning is None else (warning,),
    )


def covariance(summaries: Sequence[pl.DataFrame], *, quantity: Quantity = ENT_CE) -> Floats:
    """The sampling covariance of `quantity` between measurements on shared texts.  # (K, K)

    One SUMMARY_EXAMPLES a model (or a decoding). Influence values are summed within a source text
    and paired by its name; a text that a measurement lacks has influence 0 there. With D_k texts,
    V_kl = Σ_d ψ_dk ψ_dl / sqrt(D_k(D_k-1) D_l(D_l-1)), which is ΨᵀΨ/(D(D-1)) when all share
    their texts. Rows and columns of a measurement with fewer than two texts are nan, as are those
    where the quantity is undefined.
    """
    totals = [cluster_totals(summary) for summary in summaries]
    return paired_covariance(
        [one["cluster"] for one in totals],
        [influence(defined(one.select(COLUMNS).to_numpy()), quantity) for one in totals],
    )


def paired_covariance(clusters: Sequence[pl.Series], influences: Sequence[Floats]) -> Floats:
    """`covariance` from the influence values of each measurement and their clusters' names."""
    counts = np.array([len(one) for one in clusters])
    psi = _aligned(clusters, influences)
    scale = np.where(counts > 1, np.sqrt(counts * (counts - 1.0)), np.nan)
    matrix: Floats = psi @ psi.T / np.outer(scale, scale)
    return matrix


def _aligned(clusters: Sequence[pl.Series], influences: Sequence[Floats]) -> Floats:
    """Influences by cluster, 0 where a measurement lacks one.  # (K, clusters)"""
    # Nearly always the texts are the same, and sorting thousands of names takes longest.
    if all(one.equals(clusters[0]) for one in clusters[1:]):
        return np.stack(influences)
    every, place = np.unique(np.concatenate(clusters), return_inverse=True)
    rows = np.repeat(np.arange(len(clusters)), [len(one) for one in clusters])
    psi = np.zeros((len(clusters), len(every)))
    psi[rows, place] = np.concatenate(influences)
    return psi


def curves(positions: pl.DataFrame) -> pl.DataFrame:
    """Means at every position with clustered standard errors, and that of drift.

    SUMMARY_POSITIONS of one model gives the columns of CURVES that follow `position`, nats a
    step; `count` is of generated steps. Standard errors are those of ratios (counts vary between
    clusters too), cross terms included, times G/(G-1); null with one cluster or no step.
    """
    means = positions.with_columns(
        _mean("entropy", "count_generated"),
        _mean("log_loss", "count_human"),
        _mean("teacher_entropy", "count_human"),
        inflation=pl.when(pl.col("clusters") > 1).then(
            pl.col("clusters") / (pl.col("clusters") - 1)
        ),
    )
    own, loss, teacher = (
        ("entropy", "generated"),
        ("log_loss", "human"),
        ("teacher_entropy", "human"),
    )
    return means.select(
        "position",
        entropy="mean_entropy",
        log_loss="mean_log_loss",
        teacher_entropy="mean_teacher_entropy",
        count=pl.col("count_generated").cast(pl.Int64),
        count_human=pl.col("count_human").cast(pl.Int64),
        ended=pl.col("ended").cum_sum() / pl.col("count_generated").first(),
        end_probability=_ratio("end_probability", "count_generated"),
        entropy_se=_root(_product(own, own)),
        log_loss_se=_root(_product(loss, loss)),
        teacher_entropy_se=_root(_product(teacher, teacher)),
        drift_se=_root(
            _product(own, own) + _product(teacher, teacher) - 2 * _product(own, teacher)
        ),
    )


def _column(totals: Floats, name: str) -> Floats:
    column: Floats = totals[..., COLUMNS.index(name)]
    return column


def cluster_totals(summary_examples: pl.DataFrame) -> pl.DataFrame:
    """Sums up to the last horizon, one row a cluster."""
    if summary_examples.is_empty():
        raise ValueError("at least one example was expected, found none")
    return (
        summary_examples.select("cluster", *(pl.col(name).list.last() for name in COLUMNS))
        .group_by("cluster")
        .sum()
        .sort("cluster")
    )


def defined(sums: Floats) -> Floats:
    """Sums with what is infinite as undefined (nan), so that no difference of two is taken."""
    return np.where(np.isinf(sums), np.nan, sums)


def cluster_lengths(sums: Floats) -> Floats:
    """The steps of each row of `sums`, own and human.  # (..., rows)"""
    lengths: Floats = _column(sums, "steps_generated") + _column(sums, "steps_human")
    return lengths


def influence(sums: Floats, quantity: Quantity) -> Floats:
    """What each row of `sums`, columns in the order of COLUMNS, adds to a quantity.  # (rows,)

    `sums` are `defined`. ψ = (x - r n)/mean(n) of each ratio r = Σx/Σn, minuend - subtrahend; nan
    without any length.
    """
    minuend = _ratio_influence(sums, quantity.minuend)
    difference: Floats = minuend - _ratio_influence(sums, quantity.subtrahend)
    return difference


def _ratio_influence(sums: Floats, ratio: Ratio) -> Floats:
    total, length = _column(sums, ratio.total), _column(sums, ratio.length)
    mean_length = length.mean()
    if mean_length == 0:
        return np.full(len(sums), np.nan)
    deviation: Floats = (total - ratio.of(sums.sum(axis=0)) * length) / mean_length
    return deviation


def _mean(name: str, count: str) -> pl.Expr:
    return _ratio(name, count).alias(f"mean_{name}")


def _ratio(total: str, count: str) -> pl.Expr:
    return pl.when(pl.col(count) > 0).then(pl.col(total) / pl.col(count))


def _product(one: tuple[str, str], other: tuple[str, str]) -> pl.Expr:
    """The clustered covariance of two means, each given as (total, side of its count)."""
    x, n = one[0], f"count_{one[1]}"
    y, m = other[0], f"count_{other[1]}"
    x_mean, y_mean = pl.col(f"mean_{x}"), pl.col(f"mean_{y}")
    crossed = (
        pl.col(f"{x}_{y}")
        - y_mean * pl.col(f"{x}_{m}")
        - x_mean * pl.col(f"{y}_{n}")
        + x_mean * y_mean * pl.col(f"{n}_{m}")
    )
    return pl.col("inflation") * crossed / (pl.col(n).cast(pl.Float64) * pl.col(m))


def _root(variance: pl.Expr) -> pl.Expr:
    # Rounding can leave a variance of zero slightly below it.
    return variance.clip(lower_bound=0.0).sqrt()
