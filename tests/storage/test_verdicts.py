"""Verdicts: a table is read through a passing one, and failing ones are kept."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from small_recipes import TEXTS

from calibration.errors import CheckFailed, StoreError
from calibration.recipes import VerdictRecipe
from calibration.record_tables import VERDICT
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.verdicts import failure_of, read_judged, read_verdict, write_verdict

SCHEMA = pl.Schema({"example": pl.Int32()})
FRAME = pl.DataFrame({"example": [0, 1]}, schema=SCHEMA)
ROWS = pl.DataFrame(
    [
        {
            "rule": "entropy-finite",
            "severity": "fail",
            "passed": False,
            "observed": "2",
            "expected": "0",
            "count": 2,
            "examples": ["example 1", "example 4"],
        }
    ],
    schema=VERDICT,
)
NOW, LATER = (VerdictRecipe(table=TEXTS, suite=suite) for suite in (1, 2))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    draft = Draft(store, TEXTS)
    draft.seal([draft.write_table(FRAME, table="texts")], title="t")
    return store


def read(store: LocalStore, suite: int) -> pl.DataFrame:
    return read_judged(store, TEXTS, suite, table="texts")


def test_a_table_with_a_passing_verdict_is_read(store: LocalStore) -> None:
    write_verdict(Draft(store, NOW), ROWS.clear(), title="t", failure=None)
    assert failure_of(store, NOW) is None
    assert_frame_equal(read(store, 1), FRAME)


def test_a_table_without_a_verdict_is_not_read(store: LocalStore) -> None:
    assert read_verdict(store, NOW) is None
    with pytest.raises(CheckFailed) as caught:
        read(store, 1)
    assert str(caught.value) == (
        f"{TEXTS.address} cannot be used: it has not been checked: run again"
    )


def test_a_table_with_a_failing_verdict_is_not_read_and_it_is_kept(
    store: LocalStore,
) -> None:
    write_verdict(Draft(store, NOW), ROWS, title="t", failure="two entropies are not finite")
    with pytest.raises(CheckFailed, match="cannot be used: two entropies are not finite"):
        read(store, 1)
    assert is_complete(store, NOW)
    kept = read_verdict(store, NOW)
    assert kept is not None
    assert_frame_equal(kept, ROWS)


def test_a_verdict_of_other_rules_does_not_count(store: LocalStore) -> None:
    write_verdict(Draft(store, NOW), ROWS.clear(), title="t", failure=None)
    with pytest.raises(CheckFailed, match="has not been checked"):
        read(store, 2)
    write_verdict(Draft(store, LATER), ROWS, title="t", failure="the new rule")
    assert_frame_equal(read(store, 1), FRAME)
    with pytest.raises(CheckFailed, match="the new rule"):
        read(store, 2)


def test_there_is_no_verdict_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"{TEXTS.address} was expected"):
        Draft(LocalStore(tmp_path / "other"), NOW)


def test_a_verdict_of_what_the_table_held_before_does_not_count(store: LocalStore) -> None:
    write_verdict(Draft(store, NOW), ROWS.clear(), title="t", failure=None)
    store.remove(manifest_key(TEXTS.address))
    draft = Draft(store, TEXTS)
    draft.seal([draft.write_table(FRAME[:1], table="texts")], title="t")
    with pytest.raises(CheckFailed, match="has not been checked"):
        read(store, 1)
    write_verdict(Draft(store, NOW), ROWS.clear(), title="t", failure=None)
    assert_frame_equal(read(store, 1), FRAME[:1])
