"""Summaries keep every step: cumulative sums and clustered moments against plain loops."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import horizons, summary_examples, summary_positions
from calibration.tables import EXAMPLES, SAMPLES, SCORES, SUMMARY_EXAMPLES, SUMMARY_POSITIONS

Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def tables(generated: list[int], human: list[int], clusters: list[str], seed: int = 0) -> Tables:
    """Samples, scores and examples with the given lengths, and values of a seeded generator."""
    generator = np.random.default_rng(seed)

    def floats(steps: list[int]) -> list[list[float]]:
        return [generator.uniform(0, 4, count).astype(np.float32).tolist() for count in steps]

    def integers(steps: list[int]) -> list[list[int]]:
        return [generator.integers(1, 9, count).tolist() for count in steps]

    keys = {"cluster": clusters, "example": list(range(len(clusters)))}
    samples = pl.DataFrame(
        {
            **keys,
            "tokens": integers(generated),
            "entropy": floats(generated),
            "log_prob": floats(generated),
            "end_probability": floats(generated),
            "bytes": integers(generated),
            "ended": [g < h for g, h in zip(generated, human, strict=True)],
        },
        schema=SAMPLES,
    )
    scores = pl.DataFrame(
        {
            **keys,
            "log_loss": floats(human),
            "entropy": floats(human),
            "end_probability": floats(human),
            "inside": [(generator.random(count) < 0.8).tolist() for count in human],
        },
        schema=SCORES,
    )
    examples = pl.DataFrame(
        {
            **keys,
            "prompt_ids": integers(human),
            "continuation_ids": integers(human),
            "continuation_bytes": integers(human),
            "window": human,
        },
        schema=EXAMPLES,
    )
    return samples, scores, examples


def by_step(found: Tables) -> pl.DataFrame:
    return stepwise(*found, unit="tokens", at_end="stop")


@given(st.integers(1, 100_000))
@settings(deadline=None, derandomize=True)
def test_horizons_start_at_one_end_at_the_continuation_and_are_few(continuation: int) -> None:
    grid = horizons(continuation)
    assert grid[0] == 1
    assert grid[-1] == continuation
    assert len(grid) <= 32
    assert grid == sorted(set(grid))


def test_horizons_of_a_long_continuation_are_geometric() -> None:
    grid = np.array(horizons(1_000_000))
    assert len(grid) > 28
    assert np.ptp(np.diff(np.log(grid[12:]))) < 0.02


def test_no_continuation_has_no_horizons() -> None:
    with pytest.raises(ValueError, match="at least 1 token was expected, found 0"):
        horizons(0)


def test_a_shorter_list_contributes_all_it_has() -> None:
    samples, scores, examples = tables([2, 5], [5, 5], ["a", "b"])
    summary = summary_examples(by_step((samples, scores, examples)))
    assert summary.schema == SUMMARY_EXAMPLES
    first = summary.row(0, named=True)
    assert first["horizons"] == [1, 2, 3, 4, 5]
    assert first["tokens_generated"] == [1, 2, 2, 2, 2]
    assert first["tokens_human"] == [1, 2, 3, 4, 5]
    assert first["ended"] == [0, 1, 1, 1, 1]
    assert first["entropy"][1:] == [pytest.approx(sum(samples["entropy"][0]))] * 4
    assert first["bytes_human"] == np.cumsum(examples["continuation_bytes"][0]).tolist()
    assert summary.row(1, named=True)["ended"] == [0] * 5


def test_the_longest_human_continuation_sets_the_grid() -> None:
    summary = summary_examples(by_step(tables([3, 1], [3, 4], ["a", "b"])))
    assert summary["horizons"].to_list() == [[1, 2, 3, 4]] * 2
    assert summary["tokens_generated"].to_list() == [[1, 2, 3, 3], [1, 1, 1, 1]]


def test_rows_in_another_order_are_paired_by_example() -> None:
    samples, scores, examples = tables([3, 4, 2], [4, 4, 4], ["a", "b", "a"])
    shuffled = by_step((samples, scores.reverse(), examples[[1, 2, 0]]))
    assert_frame_equal(shuffled, by_step((samples, scores, examples)))


def test_an_example_on_one_side_only_is_never_dropped_in_silence() -> None:
    samples, scores, examples = tables([3, 4], [4, 4], ["a", "b"])
    with pytest.raises(ValueError, match="found 1 on one side only, the first of them example 1"):
        by_step((samples, scores[:1], examples))
    with pytest.raises(ValueError, match="example 0"):
        by_step((samples, scores, examples[1:]))
    with pytest.raises(ValueError, match="found 2 of example 0"):
        by_step((pl.concat([samples, samples[:1]]), scores, examples))
    with pytest.raises(ValueError, match="at least one example"):
        by_step((samples[:0], scores[:0], examples[:0]))


def test_many_rows_are_summed_as_few_are() -> None:
    rows = 1100
    samples, scores, examples = tables([70] * rows, [70] * rows, ["a"] * rows)
    summary = summary_examples(by_step((samples, scores, examples)))
    totals = summary.select(pl.col("entropy", "log_loss").list.last())
    np.testing.assert_allclose(
        totals["entropy"], samples["entropy"].list.eval(pl.element().cast(pl.Float64).sum()).list[0]
    )
    positions = summary_positions(by_step((samples, scores, examples)))
    assert positions["position"].to_list() == list(range(1, 71))
    assert positions["entropy"].sum() == pytest.approx(totals["entropy"].sum())
    assert positions["log_loss"].sum() == pytest.approx(totals["log_loss"].sum())


def moments_by_loop(samples: pl.DataFrame, scores: pl.DataFrame, position: int) -> dict[str, float]:
    """Second moments at one position, cluster by cluster and row by row."""
    sums: dict[str, dict[str, float]] = {}
    for sample, score in zip(samples.rows(named=True), scores.rows(named=True), strict=True):
        cluster = sums.setdefault(sample["cluster"], dict.fromkeys(NAMES, 0.0))
        sides = ((sample, "count_generated", {"entropy": "entropy"}), (score, "count_human", HUMAN))
        for row, count, columns in sides:
            for name, column in columns.items():
                if len(row[column]) >= position:
                    cluster[name] += row[column][position - 1]
            cluster[count] += len(row["entropy"]) >= position
    return {
        f"{one}_{other}": sum(cluster[one] * cluster[other] for cluster in sums.values())
        for one in NAMES
        for other in NAMES
    }


HUMAN = {"log_loss": "log_loss", "teacher_entropy": "entropy"}
NAMES = ("entropy", "log_loss", "teacher_entropy", "count_generated", "count_human")


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from("abc")),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None, derandomize=True, max_examples=30)
def test_second_moments_are_those_of_a_plain_loop(rows: list[tuple[int, int, str]]) -> None:
    own, human, clusters = (list(column) for column in zip(*rows, strict=True))
    own = [min(pair) for pair in zip(own, human, strict=True)]
    samples, scores, examples = tables(own, human, clusters)
    positions = summary_positions(by_step((samples, scores, examples)))
    assert positions.schema == SUMMARY_POSITIONS
    for row in positions.rows(named=True):
        expected = moments_by_loop(samples, scores, row["position"])
        for name in expected.keys() & row.keys():
            assert row[name] == pytest.approx(expected[name]), name


def test_positions_count_steps_ends_and_clusters() -> None:
    samples, scores, examples = tables([1, 3, 2], [3, 3, 2], ["a", "a", "b"])
    positions = summary_positions(by_step((samples, scores, examples)))
    assert positions["count_generated"].to_list() == [3, 2, 1]
    assert positions["count_human"].to_list() == [3, 3, 2]
    assert positions["clusters"].to_list() == [2, 2, 1]
    assert positions["ended"].to_list() == [1, 0, 0]
    assert positions["end_probability"][0] == pytest.approx(
        sum(steps[0] for steps in samples["end_probability"])
    )
