"""Loops and derailed texts are told from the others, and repetition is counted exactly."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.statistics.repetition import distinct_ngrams
from calibration.statistics.stepwise import STEPWISE
from calibration.statistics.texts import outlying_shares, summary_spread, summary_texts
from calibration.tables import EXAMPLES, SAMPLES, SUMMARY_SPREAD, SUMMARY_TEXTS, TEXTS


def by_step(own: list[list[float]], human: list[list[float]]) -> pl.DataFrame:
    ones = [[1.0] * len(row) for row in own], [[1.0] * len(row) for row in human]
    columns = {
        "cluster": [f"c{row}" for row in range(len(own))],
        "example": list(range(len(own))),
        "draw": [0] * len(own),
        "entropy": own,
        "end_probability": own,
        "log_loss": human,
        "teacher_entropy": human,
        "inside": ones[1],
        "tokens_generated": ones[0],
        "tokens_human": ones[1],
        "bytes_generated": ones[0],
        "bytes_human": ones[1],
        "end_step": [None] * len(own),
    }
    return pl.DataFrame(columns, schema=STEPWISE)


@given(st.lists(st.integers(0, 3), max_size=30))
@settings(deadline=None, derandomize=True)
def test_distinct_ngrams_are_those_of_a_set(ids: list[int]) -> None:
    for n, share in enumerate(distinct_ngrams(ids), start=1):
        grams = [tuple(ids[k : k + n]) for k in range(len(ids) - n + 1)]
        assert share == (pytest.approx(len(set(grams)) / len(grams)) if grams else None)


def test_a_loop_repeats_its_ngrams_and_a_text_of_new_words_none() -> None:
    assert distinct_ngrams([1, 2] * 50)[3] == pytest.approx(2 / 97)
    assert distinct_ngrams(range(100)) == (1.0, 1.0, 1.0, 1.0)


def test_texts_have_their_means_years_and_distinct_ngrams() -> None:
    steps = by_step([[1.0, 3.0], [2.0]], [[4.0, 6.0], [8.0]])
    keys = {"cluster": ["c0", "c1"], "example": [0, 1]}
    empty: list[list[float]] = [[], []]
    samples = pl.DataFrame(
        keys
        | {"tokens": [[5, 5], [5]], "entropy": empty, "log_prob": empty, "end_probability": empty}
        | {"bytes": empty, "ended": [False, False]},
        schema=SAMPLES,
    )
    ids = {"prompt_ids": empty, "continuation_ids": [[5, 6], [7]], "continuation_bytes": empty}
    examples = pl.DataFrame(keys | ids | {"window": [2, 1]}, schema=EXAMPLES)
    spans = {"context": ["", ""], "text": ["", ""], "bytes": [0, 0], "ends": [False, False]}
    years = pl.DataFrame(keys | spans | {"year": [1999, None]}).select(list(TEXTS)).cast(TEXTS)
    found = summary_texts(steps, samples, examples, years)
    assert found.schema == SUMMARY_TEXTS
    assert found["entropy"].to_list() == [2.0, 2.0]
    assert found["teacher_entropy"].to_list() == [5.0, 8.0]
    assert found["year"].to_list() == [1999, None]
    assert found["distinct_1_generated"].to_list() == [0.5, 1.0]
    assert found["distinct_2_human"].to_list() == [1.0, None]


def test_spread_is_quantiles_over_texts_in_ten_stretches() -> None:
    steps = by_step(
        [[float(text)] * 40 for text in range(101)], [[float(text)] * 40 for text in range(101)]
    )
    found = summary_spread(steps)
    assert found.schema == SUMMARY_SPREAD
    assert found["side"].to_list() == ["generated"] * 10 + ["human"] * 10
    assert found["first"].to_list()[:10] == list(range(1, 41, 4))
    assert found["last"].to_list()[:10] == list(range(4, 41, 4))
    assert set(found["q05"].round(9)) == {5.0}
    assert set(found["q50"].round(9)) == {50.0}


def test_a_text_is_counted_in_the_stretches_it_reaches_and_zeros_after_its_end_are_none() -> None:
    steps = by_step([[2.0] * 20, [6.0] * 20], [[1.0] * 20] * 2).with_columns(
        tokens_generated=pl.Series([[1.0] * 20, [1.0] * 10 + [0.0] * 10]),
        entropy=pl.Series([[2.0] * 20, [6.0] * 10 + [0.0] * 10]),
    )
    own = summary_spread(steps).filter(pl.col("side") == "generated")
    assert own["q50"].to_list() == [4.0] * 5 + [2.0] * 5


def test_texts_spread_as_human_ones_are_have_five_percent_outside_on_each_side() -> None:
    values = np.random.default_rng(0).normal(size=2000).tolist()
    texts = pl.DataFrame({"entropy": values[::-1], "teacher_entropy": values})
    looping, derailed = outlying_shares(texts)
    assert looping == pytest.approx(0.05)
    assert derailed == pytest.approx(0.05)


def test_loops_and_derailed_texts_that_cancel_in_the_mean_are_both_seen() -> None:
    human = np.linspace(2.0, 3.0, 100)
    own = np.concatenate([np.full(30, 0.5), np.full(40, 2.5), np.full(30, 4.5)])
    texts = pl.DataFrame({"entropy": own, "teacher_entropy": human})
    assert own.mean() == pytest.approx(human.mean())
    assert outlying_shares(texts) == (0.3, 0.3)
