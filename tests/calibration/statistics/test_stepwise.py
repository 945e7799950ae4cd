"""Steps of the unit: tokens as they are, bytes by shares of tokens, zeros after a text's end."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.conventions import AtEnd, Unit
from calibration.statistics.stepwise import STEPWISE, stepwise
from calibration.statistics.summaries import summary_examples
from calibration.tables import EXAMPLES, SAMPLES, SCORES

SIZES = st.lists(st.integers(0, 4), min_size=1, max_size=9).filter(any)


def measured(
    own: list[list[int]],
    human: list[list[int]],
    windows: list[int],
    *,
    unit: Unit,
    at_end: AtEnd = "continue",
    ended: list[bool] | None = None,
    slipped: bool = False,
) -> pl.DataFrame:
    """STEPWISE of texts given by the bytes of their tokens; token k has entropy k + 1."""
    keys: dict[str, Any] = {
        "cluster": [f"c{row}" for row in range(len(own))],
        "example": range(len(own)),
    }
    rising = [[float(k + 1) for k, _ in enumerate(row)] for row in own]
    losses = [[10.0 * (k + 1) for k, _ in enumerate(row)] for row in human]
    samples = keys | {
        "tokens": own,
        "entropy": rising,
        "log_prob": rising,
        "end_probability": rising,
        "bytes": own,
        "ended": ended or [False] * len(own),
    }
    # The first token of a human text is outside.
    inside = [[k > 0 for k, _ in enumerate(row)] for row in human]
    scores = keys | {"log_loss": losses, "entropy": losses, "end_probability": losses}
    scores |= {"inside": inside}
    examples = keys | {
        "prompt_ids": own,
        "continuation_ids": human,
        "continuation_bytes": human,
        "window": windows,
    }
    found = stepwise(
        pl.DataFrame(samples, schema=SAMPLES),
        pl.DataFrame(scores, schema=SCORES),
        pl.DataFrame(examples, schema=EXAMPLES),
        unit=unit,
        at_end=at_end,
        losses="slipped" if slipped else None,
    )
    assert found.schema == STEPWISE
    return found


def test_in_tokens_a_step_is_a_token() -> None:
    row = measured([[3, 1]], [[2, 2]], [2], unit="tokens").row(0, named=True)
    assert row["entropy"] == [1, 2]
    assert row["log_loss"] == [10, 20]
    assert row["tokens_generated"] == row["tokens_human"] == [1, 1]
    assert row["inside"] == [0, 1]
    assert row["bytes_generated"] == [3, 1]
    assert row["end_step"] is None


def test_in_bytes_a_token_is_spread_evenly_and_cut_at_the_window() -> None:
    row = measured([[2, 4]], [[1, 5]], [4], unit="bytes").row(0, named=True)
    assert row["inside"] == pytest.approx([0, 0.2, 0.2, 0.2])
    assert row["inside"][1:] == row["tokens_human"][1:]
    assert row["entropy"] == [0.5, 0.5, 0.5, 0.5]
    assert row["log_loss"] == [10, 4, 4, 4]
    assert row["tokens_generated"] == [0.5, 0.5, 0.25, 0.25]
    assert row["bytes_generated"] == row["bytes_human"] == [1, 1, 1, 1]


def test_what_spells_no_byte_counts_at_the_byte_that_follows() -> None:
    row = measured([[1, 0, 1]], [[1, 1]], [2], unit="bytes").row(0, named=True)
    assert row["entropy"] == [1, 2 + 3]
    assert row["tokens_generated"] == [1, 2]


def test_a_generation_short_of_its_bytes_has_the_steps_it_has() -> None:
    row = measured([[1, 1]], [[4]], [4], unit="bytes").row(0, named=True)
    assert row["entropy"] == [1, 2]
    assert len(row["log_loss"]) == 4


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_naturally_ended_texts_hold_zeros_to_the_end_of_their_window(unit: Unit) -> None:
    found = measured(
        [[1, 0], [1, 1, 1, 1]],
        [[1, 1, 0], [0]],
        [4, 4],
        unit=unit,
        at_end="natural",
        ended=[True, False],
    )
    first, second = found.rows(named=True)
    assert first["entropy"] == [1, 2, 0, 0]
    assert first["log_loss"] == [10, 20, 30, 0]
    assert first["tokens_generated"] == [1, 1, 0, 0]
    assert first["end_step"] == 2
    assert second["entropy"] == [1, 2, 3, 4]
    assert second["log_loss"] == [10, 0, 0, 0]
    assert second["end_step"] is None


def test_a_stopped_text_contributes_the_tokens_it_has() -> None:
    (row,) = measured([[1, 0]], [[1, 1, 1]], [3], unit="tokens", at_end="stop", ended=[True]).rows(
        named=True
    )
    assert row["entropy"] == [1, 2]
    assert row["end_step"] == 2
    (row,) = measured([[2, 0]], [[1, 1, 1]], [3], unit="bytes", at_end="stop", ended=[True]).rows(
        named=True
    )
    assert row["entropy"] == [0.5, 0.5 + 2]
    assert row["end_step"] == 2


@given(st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=5))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_sum_over_a_window_is_the_prorated_sum_over_tokens(
    rows: list[tuple[list[int], list[int]]],
) -> None:
    windows = [max(1, sum(human) - 1) for _, human in rows]
    own, human = (list(column) for column in zip(*rows, strict=True))
    found = summary_examples(measured(own, human, windows, unit="bytes"))
    for row, sizes, window in zip(found.rows(named=True), own, windows, strict=True):
        starts = np.cumsum(sizes) - sizes
        inside = [
            min(1.0, max(0.0, (window - start) / size)) if size else float(start <= window)
            for start, size in zip(starts, sizes, strict=True)
        ]
        expected = sum((k + 1) * share for k, share in enumerate(inside))
        # A token of no bytes where the window ends counts at its last byte or not at all.
        loose = sum(k + 1 for k, size in enumerate(sizes) if not size and starts[k] == window)
        assert expected - loose - 1e-9 <= row["entropy"][-1] <= expected + 1e-9
        assert row["steps_generated"][-1] == min(window, sum(sizes))
        assert row["steps_human"][-1] == window


def test_slipped_losses_are_those_of_the_next_token_beside_the_entropies_before() -> None:
    row = measured([[3, 1, 2]], [[2, 5, 7]], [3], unit="tokens", slipped=True).row(0, named=True)
    assert row["entropy"] == [1, 2, 3]
    assert row["log_loss"] == [20, 30]
    assert row["teacher_entropy"] == [10, 20]
    assert row["inside"] == [1, 1]
    assert row["bytes_human"] == [5, 7]
    assert row["tokens_human"] == [1, 1]
    found = summary_examples(measured([[3, 1]], [[2, 5]], [2], unit="tokens", slipped=True))
    assert found["horizons"].to_list() == [[1, 2]]
    assert found["steps_generated"].to_list() == [[1, 2]]
    assert found["steps_human"].to_list() == [[1, 1]]


def test_losses_of_bytes_do_not_slip() -> None:
    with pytest.raises(ValueError, match="steps of tokens were expected where losses slip"):
        measured([[1]], [[1]], [1], unit="bytes", slipped=True)
