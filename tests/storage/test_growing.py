"""Artifacts that are made part by part, in whatever order their parts come."""

from pathlib import Path

import polars as pl
import pytest
from small_recipes import TEXTS

from calibration.tables import SCORES as COLUMNS
from storage.artifacts import is_complete, read_table
from storage.drafts import Draft
from storage.growing import Growing
from storage.local import LocalStore
from storage.parts import PART_ROWS

ROWS = 2 * PART_ROWS + 9
EXAMPLES = pl.DataFrame({"example": range(ROWS)})


def part(index: int) -> pl.DataFrame:
    numbers = list(range(ROWS))[index * PART_ROWS : (index + 1) * PART_ROWS]
    return pl.DataFrame(
        {
            "cluster": [str(number) for number in numbers],
            "example": numbers,
            "log_loss": [[float(number)] for number in numbers],
            "entropy": [[0.5]] * len(numbers),
            "end_probability": [[0.0]] * len(numbers),
            "inside": [[True]] * len(numbers),
        },
        schema=COLUMNS,
    )


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


def growing(store: LocalStore) -> Growing:
    return Growing(Draft(store, TEXTS), EXAMPLES, table="scores", title="a table")


def test_it_says_which_parts_are_missing_and_what_they_are_made_of(store: LocalStore) -> None:
    one = growing(store)
    assert one.missing == {0, 1, 2}
    assert [len(one.rows(index)) for index in range(3)] == [64, 64, 9]
    one.add(part(1), 1, tokens=64, seconds=0.5)
    assert one.missing == {0, 2}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_rows_are_in_order_whatever_came_first(store: LocalStore, order: tuple[int, ...]) -> None:
    one = growing(store)
    for index in order:
        one.add(part(index), index, tokens=10, seconds=0.25)
    assert one.table()["example"].to_list() == list(range(ROWS))
    manifest = one.seal(facts={"vocabulary": 8})
    assert manifest.rows == ROWS
    assert manifest.tokens_per_second == pytest.approx(40)
    assert one.pace == "30 tokens, 40 tokens/s"
    assert is_complete(store, TEXTS)
    assert read_table(store, TEXTS, "scores")["example"].to_list() == list(range(ROWS))


def test_what_an_earlier_run_finished_is_kept_and_seals_with_the_rest(store: LocalStore) -> None:
    killed = growing(store)
    killed.add(part(2), 2, tokens=9, seconds=1.0)
    again = growing(store)
    assert again.missing == {0, 1}
    for index in (1, 0):
        again.add(part(index), index, tokens=64, seconds=1.0)
    again.seal(facts={})
    assert read_table(store, TEXTS, "scores")["example"].to_list() == list(range(ROWS))
