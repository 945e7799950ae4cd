"""How fast exponents are refitted to resampled texts, against a loop of scipy's `curve_fit`.

    python benchmarks/fits.py [--json FILE]

10,000 resamples of 5,000 texts and 7 models: the whole (drawing texts, totals, values, exponents),
and the fits alone beside the loop, in turn, several times; what is printed is the median, with the
smallest and the largest. The loop starts from the true law, which favours it. Seconds are the
processor's, of one thread, so that other work on the machine does not count.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# One core, as the claim says; read when numpy is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

sys.path.insert(0, str(Path(__file__).parents[1]))

from calibration.statistics.resampling import resampled_exponents, resampled_totals

Floats = NDArray[np.float64]

TEXTS, MODELS, RESAMPLES = 5000, 7, 10_000
SIZES = np.geomspace(1e8, 7e10, MODELS)
EXPONENT, AMPLITUDE = -0.15, 0.4


def texts(generator: np.random.Generator) -> Floats:
    """Made-up sums of every text: entropies of all models, then losses.  # (5000, 14)"""
    ent_ce = AMPLITUDE * (SIZES / SIZES[0]) ** EXPONENT
    shared = generator.normal(0, 0.3, (TEXTS, 1))
    loss = 3 + shared + generator.normal(0, 0.1, (TEXTS, MODELS))
    entropy = loss + ent_ce + generator.normal(0, 0.3, (TEXTS, MODELS))
    return np.hstack([entropy, loss])


def values(totals: Floats) -> Floats:
    """EntCE of every model from totals over texts of one length.  # (..., 7)"""
    return (totals[..., :MODELS] - totals[..., MODELS:]) / TEXTS


def looped(drawn: Floats, errors: Floats, start: tuple[float, float]) -> Floats:
    """The exponents by a loop of curve_fit.  # (resamples,)"""
    x = np.log(SIZES / SIZES[0])

    def law(at: Floats, amplitude: float, exponent: float) -> Floats:
        return amplitude * np.exp(exponent * at)

    return np.array(
        [curve_fit(law, x, row, p0=start, sigma=errors, absolute_sigma=True)[0][1] for row in drawn]
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def said(name: str, found: list[float], unit: str) -> float:
    middle = statistics.median(found)
    print(f"{name:<34} {middle:8.3f} {unit}  ({min(found):.3f} to {max(found):.3f})", flush=True)
    return round(middle, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="a file for the numbers")
    options = parser.parse_args()
    sums = texts(np.random.default_rng(0))
    spread = (sums[:, :MODELS] - sums[:, MODELS:]).T
    covariance = np.diag(spread.var(axis=1, ddof=1) / TEXTS)
    start = (AMPLITUDE, EXPONENT)

    def drawn() -> Floats:
        generator = np.random.default_rng(1)
        return values(resampled_totals(sums, resamples=RESAMPLES, generator=generator))

    fixed = drawn()
    whole, ours, theirs = [], [], []
    for _ in range(options.rounds):
        whole.append(seconds(lambda: resampled_exponents(SIZES, drawn(), covariance)))
        ours.append(seconds(lambda: resampled_exponents(SIZES, fixed, covariance)))
        theirs.append(seconds(lambda: looped(fixed, np.sqrt(np.diag(covariance)), start)))
    apart = np.abs(
        resampled_exponents(SIZES, fixed, covariance)
        - looped(fixed, np.sqrt(np.diag(covariance)), start)
    ).max()
    result = {
        "whole_seconds": said(f"{RESAMPLES:,} resamples and fits", whole, "s"),
        "fits_seconds": said(f"{RESAMPLES:,} fits", ours, "s"),
        "curve_fit_seconds": said(f"{RESAMPLES:,} fits by curve_fit", theirs, "s"),
        "ratio": said(
            "ratio", [theirs / ours for theirs, ours in zip(theirs, ours, strict=True)], "times"
        ),
        "largest_difference": float(apart),
    }
    print(f"{'largest difference of an exponent':<34} {apart:8.1e}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
