"""Small tables that keep every rule, made from known distributions; a test plants one defect."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from worlds import world

from calibration.tables import ENT_CE, EXAMPLES, FITS, REPLAY, SAMPLES, SCORES, TEXTS

ROWS, CLUSTERS, VOCABULARY, REPLAYED = 80, 48, 11, 64
END_ID = 10

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]


@pytest.fixture(scope="session")
def broken() -> Broken:
    """The broken rules of a verdict with the rows that break each."""

    def named(verdict: pl.DataFrame) -> dict[str, int]:
        return dict(verdict.filter(~pl.col("passed")).select("rule", "count").iter_rows())

    return named


@pytest.fixture(scope="session")
def spoiled() -> Spoiled:
    """A table with other values in rows 5, 6, 7 and 8 of the named columns."""

    def with_other_values(table: pl.DataFrame, **values: pl.Expr) -> pl.DataFrame:
        chosen = pl.int_range(pl.len()).is_between(5, 8)
        return table.with_columns(
            pl.when(chosen).then(value).otherwise(pl.col(name)).cast(table.schema[name]).alias(name)
            for name, value in values.items()
        )

    return with_other_values


@pytest.fixture(scope="session")
def texts() -> pl.DataFrame:
    spans = [f"Text number {row} is über here." for row in range(ROWS)]
    return pl.DataFrame(
        {
            "cluster": _clusters(),
            "example": range(ROWS),
            "context": [""] * ROWS,
            "text": spans,
            "bytes": [len(span.encode()) for span in spans],
            "year": [1900 + row if row % 2 else None for row in range(ROWS)],
            "ends": [True] * ROWS,
        },
        schema=TEXTS,
    )


@pytest.fixture(scope="session")
def examples() -> pl.DataFrame:
    generator = np.random.default_rng(1)
    lengths = [3 + row % 10 for row in range(ROWS)]
    return pl.DataFrame(
        {
            "cluster": _clusters(),
            "example": range(ROWS),
            "prompt_ids": [[1, *generator.integers(2, 10, 4).tolist()] for _ in lengths],
            "continuation_ids": [generator.integers(0, 10, n).tolist() for n in lengths],
            "continuation_bytes": [[2] * n for n in lengths],
            "window": lengths,
        },
        schema=EXAMPLES,
    )


@pytest.fixture(scope="session")
def samples(examples: pl.DataFrame) -> pl.DataFrame:
    """Tokens truly drawn from the distributions whose entropies they carry; no end token."""
    generator = np.random.default_rng(2)
    return pl.DataFrame(
        [
            {"cluster": cluster, "example": example, **_drawn(generator, len(human))}
            for cluster, example, human in examples.select(
                "cluster", "example", "continuation_ids"
            ).iter_rows()
        ],
        schema=SAMPLES,
    )


@pytest.fixture(scope="session")
def replay(samples: pl.DataFrame) -> pl.DataFrame:
    return (
        samples.head(REPLAYED)
        .with_columns(
            pl.col("entropy").alias("replayed_entropy"),
            pl.col("log_prob").alias("replayed_log_prob"),
        )
        .select(list(REPLAY))
    )


@pytest.fixture(scope="session")
def scores(examples: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Human losses are those of other draws; the first step has the entropy of the samples."""
    generator = np.random.default_rng(3)
    rows = []
    for cluster, example, entropy in samples.select("cluster", "example", "entropy").iter_rows():
        drawn = _drawn(generator, len(entropy))
        rows.append(
            {
                "cluster": cluster,
                "example": example,
                "log_loss": [-value for value in drawn["log_prob"]],
                "entropy": [entropy[0], *drawn["entropy"][1:]],
                "end_probability": drawn["end_probability"],
                "inside": [True] * len(entropy),
            }
        )
    return pl.DataFrame(rows, schema=SCORES)


@pytest.fixture(scope="session")
def sums() -> pl.DataFrame:
    return world("tokens", "continue").summary["examples"]


@pytest.fixture(scope="session")
def positions() -> pl.DataFrame:
    return world("tokens", "continue").summary["positions"]


@pytest.fixture(scope="session")
def ent_ce() -> pl.DataFrame:
    rows = [
        {
            "model": f"m{size}",
            "family": "ladder",
            "chat": False,
            "distilled": False,
            "parameters": size,
            "non_embedding_parameters": size // 2,
            "dataset": "speeches",
            "decoding": "temperature 1",
            "temperature": 1.0,
            "unit": "tokens",
            "at_end": "continue",
            "examples": ROWS,
            "clusters": CLUSTERS,
            "tokens": ROWS * 10,
            "entropy": 3.5,
            "log_loss": 3.0,
            "teacher_entropy": 3.125,
            **_measured("ent_ce", 0.5),
            **_measured("drift", 0.375),
            **_measured("static", 0.125),
            "coverage": 1.0,
            "ended_share": 0.0,
            "end_probability": 0.001,
        }
        for size in (100, 1000, 10000)
    ]
    return pl.DataFrame(rows, schema=ENT_CE)


@pytest.fixture(scope="session")
def fits() -> pl.DataFrame:
    fit = {
        "family": "ladder",
        "dataset": "speeches",
        "decoding": "temperature 1",
        "x": "parameters",
        "law": "power",
        "models": 3,
        "method": "gls",
        "warnings": [],
    }
    found = {"exponent": -0.2, "low": -0.5, "high": 0.1, "scatter": 0.1, "p_zero": 0.2}
    return pl.DataFrame(
        [
            {**fit, **found, "quantity": "ent_ce", "identified": True},
            {**fit, "quantity": "drift", "identified": False},
        ],
        schema=FITS,
    )


def _clusters() -> list[str]:
    return [f"speech {row % CLUSTERS}" for row in range(ROWS)]


def _drawn(generator: np.random.Generator, steps: int) -> dict[str, list[float]]:
    probabilities = generator.dirichlet(np.ones(VOCABULARY - 1), size=steps)
    tokens = [int(generator.choice(VOCABULARY - 1, p=row)) for row in probabilities]
    return {
        "tokens": tokens,
        "entropy": (-(probabilities * np.log(probabilities)).sum(axis=1)).tolist(),
        "log_prob": np.log(probabilities[range(steps), tokens]).tolist(),
        "end_probability": [0.001] * steps,
        "bytes": [3] * steps,
        "ended": False,
    }


def _measured(name: str, value: float) -> dict[str, float]:
    return {
        name: value,
        f"{name}_se": 0.0625,
        f"{name}_low": value - 0.125,
        f"{name}_high": value + 0.125,
    }
