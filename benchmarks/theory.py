"""How far the estimators of α are off, whether their intervals cover, and how long the sums take.

    python benchmarks/theory.py --replicates 200 --json theory.json

Bias: samples of independent tokens from Zipf laws. Coverage: documents of uneven lengths whose
tokens come in bursts; the share of 95 % intervals that hold the mean of the estimates, since an
interval covers no bias. Seeds are fixed, so that a run can be repeated.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from zipf_texts import ZipfTexts

from calibration.statistics.intervals import Interval
from calibration.statistics.toy import ZipfLaw
from calibration.statistics.zipf import Counts, counts_of, split_half_exponent, top_exponent

Estimator = Callable[..., Interval]
ESTIMATORS: dict[str, Estimator] = {
    "split half": split_half_exponent,
    "top 5,000": top_exponent,
}
ALPHAS = (1.05, 1.2, 1.5, 2.0)
TYPES = (50_000, 10_000_000)
BIAS_TOKENS = (1_000_000, 30_000)
BIAS_DOCUMENTS = 1_000
COVERED = (  # α, types, documents, mean length, share of tokens repeated
    (1.05, 50_000, 50, 4_000, 0.3),
    (1.2, 10_000_000, 200, 1_000, 0.0),
    (1.5, 10_000_000, 200, 1_000, 0.3),
    (2.0, 50_000, 500, 2_000, 0.3),
)
SEED = 0


def independent(texts: ZipfTexts, tokens: int, generator: np.random.Generator) -> Counts:
    return counts_of(np.arange(tokens) % BIAS_DOCUMENTS, texts.tokens(tokens, generator))


def bias_rows(replicates: int) -> list[dict[str, object]]:
    """The mean of each estimator less the true α, and its standard deviation."""
    rows: list[dict[str, object]] = []
    for types in TYPES:
        for alpha in ALPHAS:
            texts = ZipfTexts(alpha, types)
            generator = np.random.default_rng(SEED)
            for tokens in BIAS_TOKENS:
                drawn = [independent(texts, tokens, generator) for _ in range(replicates)]
                for name, estimator in ESTIMATORS.items():
                    found = [estimator(one, seed=SEED).value for one in drawn]
                    rows.append(
                        {
                            "alpha": alpha,
                            "types": types,
                            "tokens": tokens,
                            "estimator": name,
                            "bias": float(np.mean(found)) - alpha,
                            "deviation": float(np.std(found)),
                        }
                    )
    return rows


def coverage_rows(replicates: int) -> list[dict[str, object]]:
    """The share of intervals that hold the mean of the estimates."""
    rows: list[dict[str, object]] = []
    for alpha, types, documents, length, repeated in COVERED:
        texts = ZipfTexts(alpha, types)
        generator = np.random.default_rng(SEED)
        intervals: dict[str, list[Interval]] = {name: [] for name in ESTIMATORS}
        for _ in range(replicates):
            counts = texts.documents(documents, length, generator, repeated=repeated)
            for name, estimator in ESTIMATORS.items():
                intervals[name].append(estimator(counts, seed=SEED))
        for name, found in intervals.items():
            mean = float(np.mean([one.value for one in found]))
            rows.append(
                {
                    "alpha": alpha,
                    "types": types,
                    "documents": documents,
                    "length": length,
                    "repeated": repeated,
                    "estimator": name,
                    "bias": mean - alpha,
                    "coverage": float(np.mean([one.low <= mean <= one.high for one in found])),
                    "width": float(np.median([one.high - one.low for one in found])),
                    "deviation": float(np.std([one.value for one in found], ddof=1)),
                    "standard_error": float(np.median([one.standard_error for one in found])),
                }
            )
    return rows


def sum_seconds() -> dict[str, float]:
    """Median seconds of the singleton mass at 30 sizes, over 5 turns, by the number of types."""
    sizes = np.geomspace(1e2, 1e13, 30)
    found: dict[str, list[float]] = {}
    for _ in range(5):
        for types in (10_000, 10_000_000, 10**15):
            began = time.perf_counter()
            ZipfLaw(1.2, types).singleton_mass(sizes)
            found.setdefault(f"{types:.0e}", []).append(time.perf_counter() - began)
    return {types: float(np.median(seconds)) for types, seconds in found.items()}


def printed(rows: list[dict[str, object]]) -> None:
    print("  ".join(f"{name:>14}" for name in rows[0]))
    for row in rows:
        cells = (f"{v:.4g}" if isinstance(v, float) else f"{v}" for v in row.values())
        print("  ".join(f"{cell:>14}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200, help="of each coverage cell")
    parser.add_argument("--bias-replicates", type=int, default=5, help="of each bias cell")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    asked = parser.parse_args()
    found = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "bias": bias_rows(asked.bias_replicates),
        "coverage": coverage_rows(asked.replicates),
        "seconds": sum_seconds(),
    }
    print("Bias on independent tokens")
    printed(found["bias"])
    print(f"\nCoverage of 95 % intervals over {asked.replicates} replicates")
    printed(found["coverage"])
    print("\nSeconds of the singleton mass at 30 sizes, by types:", found["seconds"])
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
