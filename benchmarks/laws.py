"""Coverage of the intervals of `fit_law`: chinchilla on its published design, and all ten laws.

Runs are simulated over the design of Hoffmann et al. 2022 with the parameters that Besiroglu et al.
2024 (arXiv 2404.10102) found, 1 % multiplicative noise, 245 runs: clean, with five gross outliers
scattered or at the edge of the design, and with errors given. Then each law on a table of its own.
Prints the share of replicates whose 95 % interval holds the truth, parameter by parameter.

    python benchmarks/laws.py [--replicates 100] [--json FILE]
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from calibration.statistics.law_fit import Undetermined, fit_law
from calibration.statistics.laws import Law, law_named

Floats = NDArray[np.float64]

NOISE = 0.01
RUNS = 245
OUTLIERS = 5
PUBLISHED = {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658}


class Case(NamedTuple):
    """A law with a truth, a design, and what is done to the values and said of their errors."""

    name: str
    law: Law
    truth: dict[str, float]
    x: Floats  # (n, v)
    spoil: Callable[[Floats, np.random.Generator], Floats]  # values (n,) to values
    error: float | None  # relative standard error that is given; the scatter makes up the rest


def published_design(generator: np.random.Generator) -> Floats:
    """(N, D) of 245 runs: N 5e7 to 1.6e10, FLOP 1e18 to 1e22, D = FLOP / 6N.  # (245, 2)"""
    size = np.exp(generator.uniform(np.log(5e7), np.log(1.6e10), RUNS))
    flop = np.exp(generator.uniform(np.log(1e18), np.log(1e22), RUNS))
    return np.column_stack([size, flop / (6 * size)])


def curve(law: Law, truth: dict[str, float], x: Floats) -> Floats:
    """The law at x, as it is written."""
    names = dict(zip(law.variables, x.T, strict=True)) | truth
    return FORMS[law.name](names)


FORMS: dict[str, Callable[[dict[str, Floats]], Floats]] = {
    "power": lambda p: p["A"] * p["x"] ** p["b"],
    "power_const": lambda p: p["C"] + p["A"] * p["x"] ** p["b"],
    "power_shift_const": lambda p: p["C"] + p["A"] * (p["x"] + p["B"]) ** p["b"],
    "loglinear": lambda p: p["a"] + p["b"] * np.log(p["x"]),
    "linear": lambda p: p["a"] + p["b"] * p["x"],
    "exponential": lambda p: p["A"] * np.exp(p["b"] * p["t"]),
    "monomial": lambda p: p["A"] * p["x1"] ** p["b1"] * p["x2"] ** p["b2"],
    "monomial_const": lambda p: p["C"] + p["A"] * p["x1"] ** p["b1"] * p["x2"] ** p["b2"],
    "chinchilla": lambda p: p["E"] + p["A"] / p["N"] ** p["alpha"] + p["B"] / p["D"] ** p["beta"],
    "rectified": lambda p: p["E"] + p["B"] / (p["D_l"] + p["D"] ** p["b"]),
}


def clean(values: Floats, generator: np.random.Generator) -> Floats:
    return values


def scattered(values: Floats, generator: np.random.Generator) -> Floats:
    """Five runs, anywhere, 5 to 30 % too high."""
    rows = generator.choice(len(values), OUTLIERS, replace=False)
    values[rows] *= generator.uniform(1.05, 1.3, OUTLIERS)
    return values


def at_the_edge(values: Floats, generator: np.random.Generator) -> Floats:
    """The five worst runs, which lie together at the edge of the design, 5 to 30 % too high."""
    rows = np.argsort(values)[-OUTLIERS:]
    values[rows] *= generator.uniform(1.05, 1.3, OUTLIERS)
    return values


def cases() -> Iterator[Case]:
    """Everything that is simulated."""
    chinchilla = law_named("chinchilla")
    design = published_design(np.random.default_rng(0))
    for name, spoil, error in (
        ("published, clean", clean, None),
        ("published, 5 outliers", scattered, None),
        ("published, 5 at the edge", at_the_edge, None),
        ("published, errors given", clean, 0.006),
    ):
        yield Case(f"chinchilla, {name}", chinchilla, PUBLISHED, design, spoil, error)
    sizes = np.geomspace(1e7, 1e11, 16)[:, None]
    pairs = np.exp(
        np.random.default_rng(1).uniform(np.log([1e7, 1e9]), np.log([1e10, 1e12]), (24, 2))
    )
    for name, x, truth in (
        ("power", sizes[::3], {"A": 30.0, "b": -0.15}),
        ("power_const", sizes, {"C": 1.7, "A": 400.0, "b": -0.3}),
        (
            "power_shift_const",
            np.geomspace(1e7, 1e11, 40)[:, None],
            {"C": 1.7, "A": 4e4, "B": 3e8, "b": -0.5},
        ),
        ("loglinear", sizes[::3], {"a": -3.0, "b": 0.2}),
        ("linear", np.linspace(1, 20, 6)[:, None], {"a": -3.0, "b": 0.2}),
        ("exponential", np.linspace(0, 3, 8)[:, None], {"A": 0.1, "b": 0.7}),
        ("monomial", pairs[:10], {"A": 50.0, "b1": -0.1, "b2": -0.2}),
        ("monomial_const", pairs, {"C": 1.5, "A": 5000.0, "b1": -0.2, "b2": -0.25}),
        (
            "rectified",
            np.geomspace(2e2, 2e6, 16)[:, None],
            {"E": 1.2, "B": 200.0, "D_l": 100.0, "b": 0.5},
        ),
    ):
        yield Case(f"{name}, {len(x)} rows", law_named(name), truth, x, clean, None)


def coverage(case: Case, replicates: int) -> dict[str, float]:
    """The share of intervals that hold the truth, and of tables without an answer."""
    generator = np.random.default_rng(7)
    mean = curve(case.law, case.truth, case.x)
    size = np.abs(mean) if case.law.scatter == "relative" else np.sqrt((mean**2).mean())
    hits = dict.fromkeys(case.truth, 0)
    answered = 0
    for _ in range(replicates):
        values = mean + NOISE * size * generator.standard_normal(len(mean))
        values = case.spoil(values, generator)
        covariance = None if case.error is None else (case.error * mean) ** 2
        try:
            fit = fit_law(case.law, case.x, values, covariance=covariance)
        except Undetermined:
            continue
        answered += 1
        for name, (_, low, high) in fit.parameters.items():
            hits[name] += low <= case.truth[name] <= high
    shares = {name: round(hit / max(answered, 1), 3) for name, hit in hits.items()}
    return shares | {"undetermined": round(1 - answered / replicates, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--json", help="a file for the numbers")
    options = parser.parse_args()
    result = {}
    for case in cases():
        if case.name.startswith(options.only):
            result[case.name] = coverage(case, options.replicates)
            shares = "  ".join(f"{name} {share:.3f}" for name, share in result[case.name].items())
            print(f"{case.name:<38} {shares}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
