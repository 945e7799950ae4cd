"""EntCE and its parts are ratios of sums, and their errors treat the source text as one draw."""

import math

import numpy as np
import polars as pl
import pytest

from calibration.statistics.ent_ce import (
    DRIFT,
    ENT_CE,
    STATIC,
    covariance,
    curves,
    estimate,
)
from calibration.statistics.ragged import Floats
from calibration.tables import CURVES, SUMMARY_EXAMPLES, SUMMARY_POSITIONS


def summary(rows: list[dict[str, object]]) -> pl.DataFrame:
    """SUMMARY_EXAMPLES of one horizon; columns not given are what a text of 10 tokens has."""
    usual = {
        "entropy": 20.0,
        "log_loss": 18.0,
        "teacher_entropy": 19.0,
        "steps_generated": 10.0,
        "steps_human": 10.0,
        "tokens_generated": 10.0,
        "tokens_human": 10.0,
        "bytes_generated": 40.0,
        "bytes_human": 45.0,
        "ended": 0.0,
    }
    full = [
        {"cluster": "a", "example": number, "horizons": 10} | usual | row
        for number, row in enumerate(rows)
    ]
    lists = [
        {name: value if name in ("cluster", "example") else [value] for name, value in row.items()}
        for row in full
    ]
    return pl.DataFrame(lists, schema=SUMMARY_EXAMPLES)


def drawn(generator: np.random.Generator, texts: list[str], shift: float = 0.0) -> pl.DataFrame:
    """One example a text with independent values, lengths uneven."""
    rows: list[dict[str, object]] = []
    for text in texts:
        tokens = float(generator.integers(5, 15))
        rows.append(
            {
                "cluster": text,
                "entropy": tokens * (2 + shift + 0.3 * generator.standard_normal()),
                "log_loss": tokens * (1.8 + 0.3 * generator.standard_normal()),
                "teacher_entropy": tokens * (1.9 + 0.3 * generator.standard_normal()),
                "steps_generated": tokens,
                "steps_human": tokens,
            }
        )
    return summary(rows)


def test_ent_ce_is_a_ratio_of_sums_and_not_a_mean_of_ratios() -> None:
    found = estimate(
        summary(
            [
                {"cluster": "a", "entropy": 30.0, "steps_generated": 10.0},
                {"cluster": "b", "entropy": 5.0, "steps_generated": 5.0, "ended": 1.0},
            ]
        )
    )
    assert found.entropy == pytest.approx(35 / 15)
    assert found.ent_ce.value == pytest.approx(35 / 15 - 36 / 20)
    assert found.ent_ce_per_byte == pytest.approx(35 / 80 - 36 / 90)
    assert found.bytes_per_token_generated == pytest.approx(80 / 20)
    assert found.ended_share == 0.5
    assert (found.examples, found.clusters, found.tokens) == (2, 2, 20)


def test_drift_and_static_add_up_to_ent_ce() -> None:
    found = estimate(drawn(np.random.default_rng(0), list("abcdefgh")))
    assert found.drift.value + found.static.value == pytest.approx(found.ent_ce.value)


def test_examples_of_one_text_are_one_draw() -> None:
    texts = drawn(np.random.default_rng(1), [f"text {number}" for number in range(50)])
    twice = pl.concat([texts, texts])
    assert estimate(twice).clusters == 50
    assert estimate(twice).ent_ce.standard_error == pytest.approx(
        estimate(texts).ent_ce.standard_error
    )
    assert estimate(twice).ent_ce.value == pytest.approx(estimate(texts).ent_ce.value)


def test_one_text_has_a_value_and_no_interval() -> None:
    found = estimate(summary([{}, {"entropy": 25.0}]))
    assert found.ent_ce.value == pytest.approx(45 / 20 - 36 / 20)
    assert math.isnan(found.ent_ce.low)
    assert math.isnan(found.drift.standard_error)
    assert np.isnan(covariance([summary([{}, {"entropy": 25.0}])])).all()


def test_a_model_that_generated_nothing_has_no_ent_ce() -> None:
    empty: dict[str, object] = {"steps_generated": 0.0, "entropy": 0.0, "bytes_generated": 0.0}
    found = estimate(summary([{"cluster": "a"} | empty, {"cluster": "b"} | empty]))
    assert math.isnan(found.ent_ce.value)
    assert found.static.value == pytest.approx(0.1)


def test_few_texts_are_warned_of() -> None:
    assert "found 2" in estimate(summary([{"cluster": "a"}, {"cluster": "b"}])).warnings[0]
    many = drawn(np.random.default_rng(2), [str(number) for number in range(40)])
    assert estimate(many).warnings == ()


def test_the_jackknife_covers() -> None:
    generator = np.random.default_rng(3)
    texts = [str(number) for number in range(12)]
    intervals = [estimate(drawn(generator, texts)).ent_ce for _ in range(200)]
    covered = np.mean([interval.low <= 0.2 <= interval.high for interval in intervals])
    assert 0.9 <= covered <= 0.99


def test_the_covariance_of_one_model_is_its_squared_standard_error() -> None:
    texts = drawn(np.random.default_rng(4), [str(number) for number in range(200)])
    found = estimate(texts)
    for quantity, interval in (
        (ENT_CE, found.ent_ce),
        (DRIFT, found.drift),
        (STATIC, found.static),
    ):
        error = math.sqrt(covariance([texts], quantity=quantity)[0, 0])
        assert error == pytest.approx(interval.standard_error, rel=0.02)


def test_models_on_equal_lengths_have_the_sample_covariance() -> None:
    generator = np.random.default_rng(5)
    values = generator.standard_normal((30, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 1]])
    models = [
        summary(
            [{"cluster": f"{row:02}", "entropy": 10 * value} for row, value in enumerate(column)]
        )
        for column in values.T
    ]
    np.testing.assert_allclose(covariance(models), np.cov(values.T) / 30, rtol=1e-9)


def test_models_on_disjoint_texts_do_not_vary_together() -> None:
    generator = np.random.default_rng(6)
    one, other = drawn(generator, list("abcdef")), drawn(generator, list("uvwxyz"))
    matrix = covariance([one, other])
    assert matrix[0, 1] == 0
    assert matrix[1, 1] == pytest.approx(covariance([other])[0, 0])


def test_texts_that_one_model_lacks_count_only_for_the_other() -> None:
    generator = np.random.default_rng(7)
    full = drawn(generator, list("abcdefghij"))
    part = full.filter(pl.col("cluster").is_in(list("abcde")))
    matrix = covariance([full, part])
    assert matrix[0, 0] == pytest.approx(covariance([full])[0, 0])
    assert matrix[1, 1] == pytest.approx(covariance([part])[0, 0])
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-15


def positions(rows: list[dict[str, object]]) -> pl.DataFrame:
    """SUMMARY_POSITIONS of one position, from the sums of each cluster."""
    names = ("entropy", "log_loss", "teacher_entropy", "count_generated", "count_human")
    sums = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}
    moments = {
        f"{one}_{other}": [float(sums[one] @ sums[other])]
        for one in names
        for other in names
        if f"{one}_{other}" in SUMMARY_POSITIONS
    }
    totals = {name: [values.sum()] for name, values in sums.items()}
    other = {"position": [1], "clusters": [len(rows)], "ended": [0.0], "end_probability": [0.0]}
    return pl.DataFrame(other | totals | moments).select(
        pl.col(name).cast(kind) for name, kind in SUMMARY_POSITIONS.items()
    )


def test_curves_of_equal_counts_have_the_usual_standard_errors() -> None:
    generator = np.random.default_rng(8)
    values = generator.uniform(1, 3, (20, 3))
    names = ("entropy", "log_loss", "teacher_entropy")
    counts: dict[str, object] = {"count_generated": 1.0, "count_human": 1.0}
    found = curves(positions([dict(zip(names, row, strict=True)) | counts for row in values]))
    labels = ("model", "dataset", "decoding", "unit")
    assert found.columns == [name for name in CURVES if name not in labels]
    row = found.row(0, named=True)
    for column, name in enumerate(names):
        assert row[name] == pytest.approx(values[:, column].mean())
        assert row[f"{name}_se"] == pytest.approx(values[:, column].std(ddof=1) / math.sqrt(20))
    drift = values[:, 0] - values[:, 2]
    assert row["drift_se"] == pytest.approx(drift.std(ddof=1) / math.sqrt(20))


def test_curves_of_uneven_counts_have_the_errors_of_ratios() -> None:
    generator = np.random.default_rng(9)
    rows: list[dict[str, object]] = [
        {
            "entropy": (own := float(generator.integers(0, 4))) * generator.uniform(1, 3),
            "log_loss": (human := float(generator.integers(1, 4))) * generator.uniform(1, 3),
            "teacher_entropy": human * generator.uniform(1, 3),
            "count_generated": own,
            "count_human": human,
        }
        for _ in range(15)
    ]
    columns = {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}

    def influence(total: str, count: str) -> Floats:
        mean = columns[total].sum() / columns[count].sum()
        values: Floats = (columns[total] - mean * columns[count]) / columns[count].sum()
        return values

    own_influence = influence("entropy", "count_generated")
    teacher_influence = influence("teacher_entropy", "count_human")
    found = curves(positions(rows)).row(0, named=True)
    assert found["entropy_se"] == pytest.approx(math.sqrt(15 / 14 * (own_influence**2).sum()))
    assert found["drift_se"] == pytest.approx(
        math.sqrt(15 / 14 * ((own_influence - teacher_influence) ** 2).sum())
    )


def test_equal_prefixes_have_no_drift_and_no_error_of_it() -> None:
    rows: list[dict[str, object]] = [
        {
            "entropy": value,
            "log_loss": 1.0,
            "teacher_entropy": value,
            "count_generated": 1.0,
            "count_human": 1.0,
        }
        for value in (1.0, 2.5, 2.0)
    ]
    row = curves(positions(rows)).row(0, named=True)
    assert row["entropy"] == row["teacher_entropy"]
    assert row["drift_se"] == pytest.approx(0.0, abs=1e-7)


def test_one_cluster_gives_a_curve_without_errors() -> None:
    row = curves(
        positions(
            [
                {
                    "entropy": 2.0,
                    "log_loss": 1.0,
                    "teacher_entropy": 2.0,
                    "count_generated": 1.0,
                    "count_human": 1.0,
                }
            ]
        )
    ).row(0, named=True)
    assert row["entropy"] == 2.0
    assert row["entropy_se"] is None
    assert row["drift_se"] is None
