"""How often intervals that claim 95 % hold, on simulated studies whose truth is known.

    python benchmarks/coverage.py --replicates 200 --json coverage.json

Series: K models over two decades of size, EntCE = A N^b e^(τ z), z normal, measured on G source
texts of uneven lengths; what a text does is partly shared by the models, and V is estimated from
the same texts as in a study. A series whose amplitude cannot be told from 0 has no exponent: it
states nothing, and counts as covering; its share is printed. Studies: several families on two data
sets, on which a model's scatter is half the same. Single values: EntCE, drift and static of one
model. Needs numpy, scipy, polars and statsmodels alone. Not a test: `tests/` has small versions.
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import polars as pl

from calibration.statistics.bands import band
from calibration.statistics.ent_ce import (
    COLUMNS,
    DRIFT,
    ENT_CE,
    STATIC,
    cluster_lengths,
    influence,
    paired_covariance,
)
from calibration.statistics.intervals import effective_clusters, jackknife
from calibration.statistics.overall import FamilyExponent, overall_exponent
from calibration.statistics.pooling import Points, fit_pooled
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import PowerLawFit, fit_power_law

SEED = 20260101
LEVEL = 0.95
REQUIRED = 0.93
WIDER = 1.3  # than the widths expected, and no more
EXPECTED_WIDTHS = {4: 0.27, 5: 0.17, 7: 0.13}  # at τ = .1, many texts
MODELS, SCATTERS, EXPONENTS, CLUSTERS = (4, 5, 7), (0.0, 0.1, 0.25), (-0.05, -0.2), (20, 50, 500)
CLEAR = 0.3  # nats: EntCE at the geometric mean size
FAINT = 1.5  # standard errors: an EntCE of which one in fifteen is measured at or below 0
LOG_LOSS, STATIC_PART = 3.0, -0.05  # nats a token
SHARED, OWN = 0.12, 0.13  # nats: what a text adds to the EntCE of every model, and of each alone
ENTROPY_OF_TEXT = 0.5  # nats: what a text adds to entropy and loss alike
NEIGHBOURS = 0.5  # correlation of what a text adds to two models of neighbouring size
UNEVEN = 0.8  # standard deviation of the log of a text's tokens
TOKENS = 1000.0
FAMILIES, DATASETS = 5, 2
COMMON = 0.5  # share of the variance of a model's scatter that data sets share
BETWEEN_FAMILIES = 0.05  # standard deviation of the exponent


@dataclass(frozen=True)
class Cell:
    """One line of the result: what was simulated, and what share of the intervals held."""

    interval: str
    models: int
    scatter: float
    exponent: float
    clusters: int
    faint: bool
    replicates: int
    coverage: float
    stated: float  # share that has an interval
    coverage_stated: float | None
    width: float | None  # median


@dataclass(frozen=True)
class Measured:
    """Values of K models with their covariance, from as many texts as count."""

    sizes: Floats
    values: Floats
    covariance: Floats
    clusters: float


def cluster_sums(truth: Floats, clusters: int, generator: np.random.Generator) -> Floats:
    """Sums of COLUMNS of each text for models of known EntCE.  # (K, clusters, columns)"""
    models = len(truth)
    tokens = TOKENS * generator.lognormal(-(UNEVEN**2) / 2, UNEVEN, clusters)
    generated = tokens * generator.uniform(0.8, 1.0, (models, clusters))
    text = ENTROPY_OF_TEXT * generator.standard_normal(clusters)
    shared = SHARED * _skewed(generator, (clusters,))
    own = OWN * _alike(_skewed(generator, (models, clusters)))
    human_entropy = LOG_LOSS + text + STATIC_PART + 0.3 * own
    entropy = LOG_LOSS + text + truth[:, None] + shared + own
    loss = np.broadcast_to(LOG_LOSS + text, entropy.shape)
    columns = {
        "entropy": entropy * generated,
        "log_loss": loss * tokens,
        "teacher_entropy": human_entropy * tokens,
        "steps_generated": generated,
        "steps_human": np.broadcast_to(tokens, entropy.shape),
    }
    zeros = np.zeros_like(entropy)
    return np.stack([columns.get(name, zeros) for name in COLUMNS], axis=2)


def measured_series(
    truth: Floats, sizes: Floats, clusters: int, generator: np.random.Generator
) -> Measured:
    """EntCE of models of known EntCE, with the covariance estimated from the same texts."""
    sums = cluster_sums(truth, clusters, generator)
    names = pl.Series([f"{number:06d}" for number in range(clusters)])
    covariance = paired_covariance([names] * len(sums), [influence(one, ENT_CE) for one in sums])
    effective = min(effective_clusters(cluster_lengths(one)) for one in sums)
    return Measured(sizes, ENT_CE.of(sums.sum(axis=1)), covariance, effective)


def sizes_of(models: int) -> Floats:
    """Two decades, evenly."""
    return np.geomspace(1e8, 1e10, models)


def law(sizes: Floats, amplitude: float, exponent: float) -> Floats:
    """The law's EntCE, `amplitude` at the geometric mean size."""
    mean: Floats = amplitude * np.exp(exponent * (np.log(sizes) - np.log(sizes).mean()))
    return mean


def amplitude_of(clusters: int, *, faint: bool) -> float:
    if not faint:
        return CLEAR
    texts = clusters / np.exp(UNEVEN**2)  # as many as count, lengths being uneven
    return float(FAINT * np.hypot(SHARED, OWN) / np.sqrt(texts))


def series_cells(
    replicates: int,
    *,
    models: int,
    scatter: float,
    exponent: float,
    clusters: int,
    faint: bool,
) -> list[Cell]:
    """Coverage of the primary and the measurement-only interval, and of the prediction band."""
    generator = np.random.default_rng(
        [SEED, models, round(100 * scatter), round(-100 * exponent), clusters, faint]
    )
    sizes = sizes_of(models)
    further = np.append(sizes, 2 * sizes[-1])
    outcomes: dict[str, list[tuple[float, float, float] | None]] = {
        "primary": [],
        "measurement only": [],
        "prediction": [],
    }
    for _ in range(replicates):
        amplitude = amplitude_of(clusters, faint=faint)
        mean = law(further, amplitude, exponent) * np.exp(
            scatter * generator.standard_normal(len(further))
        )
        found = measured_series(mean[:-1], sizes, clusters, generator)
        fit = fit_power_law(sizes, found.values, found.covariance, clusters=found.clusters)
        outcomes["primary"].append(_outcome(fit.low, fit.high, exponent))
        outcomes["measurement only"].append(
            _outcome(fit.measurement_low, fit.measurement_high, exponent)
        )
        outcomes["prediction"].append(_predicted(fit, further[-1], mean[-1]))
    return [
        _cell(
            name,
            found,
            models=models,
            scatter=scatter,
            exponent=exponent,
            clusters=clusters,
            faint=faint,
        )
        for name, found in outcomes.items()
    ]


def study_cells(
    replicates: int, *, models: int, scatter: float, exponent: float, clusters: int
) -> list[Cell]:
    """Coverage of the pooled interval and of the exponent over families."""
    generator = np.random.default_rng([SEED, 1, models, round(100 * scatter), clusters])
    outcomes: dict[str, list[tuple[float, float, float] | None]] = {"pooled": [], "overall": []}
    for _ in range(replicates):
        slopes = exponent + BETWEEN_FAMILIES * generator.standard_normal(FAMILIES)
        series = [
            (family, points)
            for family, slope in enumerate(slopes)
            for points in _family(slope, models, scatter, clusters, generator)
        ]
        pooled = fit_pooled([points for _, points in series], level=LEVEL)
        outcomes["pooled"] += [
            None if fit is None else _outcome(fit.low, fit.high, slopes[family])
            for (family, _), fit in zip(series, pooled, strict=True)
        ]
        exponents = [
            FamilyExponent(str(family), fit.exponent, fit.standard_error)
            for (family, _), fit in zip(series, pooled, strict=True)
            if fit is not None
        ]
        overall = overall_exponent(exponents, level=LEVEL)
        outcomes["overall"].append(_outcome(overall.low, overall.high, exponent))
    return [
        _cell(
            name,
            found,
            models=models,
            scatter=scatter,
            exponent=exponent,
            clusters=clusters,
            faint=False,
        )
        for name, found in outcomes.items()
    ]


def single_cells(replicates: int, *, clusters: int) -> list[Cell]:
    """Coverage of the jackknife intervals of one model's EntCE, drift and static."""
    generator = np.random.default_rng([SEED, 2, clusters])
    truths = {"ent_ce": CLEAR, "drift": CLEAR - STATIC_PART, "static": STATIC_PART}
    outcomes: dict[str, list[tuple[float, float, float] | None]] = {name: [] for name in truths}
    for _ in range(replicates):
        sums = cluster_sums(np.array([CLEAR]), clusters, generator)[0]
        effective = effective_clusters(cluster_lengths(sums))
        for quantity in (ENT_CE, DRIFT, STATIC):
            found = jackknife(sums, quantity.of, level=LEVEL, effective=effective)
            outcomes[quantity.name].append(_outcome(found.low, found.high, truths[quantity.name]))
    return [
        _cell(name, found, models=1, scatter=0.0, exponent=0.0, clusters=clusters, faint=False)
        for name, found in outcomes.items()
    ]


def all_cells(replicates: int) -> Iterator[Cell]:
    for models, scatter, exponent, clusters, faint in product(
        MODELS, SCATTERS, EXPONENTS, CLUSTERS, (False, True)
    ):
        yield from series_cells(
            replicates,
            models=models,
            scatter=scatter,
            exponent=exponent,
            clusters=clusters,
            faint=faint,
        )
    for models, scatter, clusters in product((3, 4), SCATTERS, (50, 500)):
        yield from study_cells(
            replicates, models=models, scatter=scatter, exponent=-0.1, clusters=clusters
        )
    for clusters in CLUSTERS:
        yield from single_cells(10 * replicates, clusters=clusters)


def _family(
    slope: float, models: int, scatter: float, clusters: int, generator: np.random.Generator
) -> Iterator[Points]:
    sizes = sizes_of(models)
    common = generator.standard_normal(models)
    for dataset in range(DATASETS):
        apart = generator.standard_normal(models)
        z = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * apart
        mean = law(sizes, CLEAR, slope) * np.exp(scatter * z)
        found = measured_series(mean, sizes, clusters, generator)
        yield Points(str(dataset), sizes, found.values, found.covariance, found.clusters)


def _skewed(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Mean 0, variance 1, skewness 1: a few texts derail far."""
    return (generator.gamma(4.0, 1.0, shape) - 4.0) / 2.0


def _alike(effects: Floats) -> Floats:
    """Effects on models in order of size, each half correlated with that on the one before."""
    mixed = effects.copy()
    for one in range(1, len(effects)):
        mixed[one] = NEIGHBOURS * mixed[one - 1] + np.sqrt(1 - NEIGHBOURS**2) * effects[one]
    return mixed


def _outcome(
    low: float | None, high: float | None, truth: float
) -> tuple[float, float, float] | None:
    return None if low is None or high is None else (low, high, float(truth))


def _predicted(fit: PowerLawFit, size: float, truth: float) -> tuple[float, float, float] | None:
    if not fit.identified:
        return None
    row = band(fit, [size]).row(0, named=True)
    return row["prediction_low"], row["prediction_high"], float(truth)


def _cell(
    interval: str,
    outcomes: Sequence[tuple[float, float, float] | None],
    *,
    models: int,
    scatter: float,
    exponent: float,
    clusters: int,
    faint: bool,
) -> Cell:
    stated = [one for one in outcomes if one is not None]
    held = [low <= truth <= high for low, high, truth in stated]
    silent = len(outcomes) - len(stated)
    return Cell(
        interval=interval,
        models=models,
        scatter=scatter,
        exponent=exponent,
        clusters=clusters,
        faint=faint,
        replicates=len(outcomes),
        coverage=(sum(held) + silent) / len(outcomes),
        stated=len(stated) / len(outcomes),
        coverage_stated=sum(held) / len(held) if held else None,
        width=float(np.median([high - low for low, high, _ in stated])) if stated else None,
    )


def line_of(cell: Cell) -> str:
    """One line of the printed table."""
    covered = "" if cell.coverage_stated is None else f"{cell.coverage_stated:.3f}"
    width = "" if cell.width is None else f"{cell.width:.3f}"
    return (
        f"{cell.interval:17}{cell.models:3}{cell.scatter:6.2f}{cell.exponent:7.2f}"
        f"{cell.clusters:6}{'faint' if cell.faint else 'clear':>7}"
        f"{cell.coverage:9.3f}{cell.stated:8.2f}{covered:>9}{width:>9}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--json", type=Path, help="where to write every cell")
    options = parser.parse_args(arguments)
    print(f"{platform.processor() or platform.machine()}, {options.replicates} replicates a cell")
    print("interval           K     τ      b     G  EntCE  covered  stated  of them    width")
    cells = []
    for cell in all_cells(options.replicates):
        cells.append(cell)
        print(line_of(cell), flush=True)
    for name in dict.fromkeys(cell.interval for cell in cells):
        ours = [cell for cell in cells if cell.interval == name]
        lowest = min(cell.coverage for cell in ours)
        mean = sum(cell.coverage for cell in ours) / len(ours)
        print(f"{name}: lowest {lowest:.3f}, mean {mean:.3f} of {len(ours)} cells")
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(cell) for cell in cells], indent=1))


if __name__ == "__main__":
    main()
