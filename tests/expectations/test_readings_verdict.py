"""A summary's texts, spread, gate and readings: each planted fault is named by its rule."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from worlds import WORLDS, judged_summary, world

from calibration.conventions import AtEnd, Unit

Broken = Callable[[pl.DataFrame], dict[str, int]]
Row = dict[str, Any]


def planted(table: pl.DataFrame, *changes: Callable[[Row], Row]) -> pl.DataFrame:
    """The table with other values in its first rows, one change a row."""
    rows = table.to_dicts()
    for row, change in zip(rows, changes, strict=False):
        row |= change(row)
    return pl.DataFrame(rows, schema=table.schema)


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_faults_in_the_texts_are_named(unit: Unit, broken: Broken) -> None:
    found = world(unit, "natural")
    texts = planted(
        found.summary["texts"],
        lambda row: {"entropy": row["entropy"] * 3},
        lambda row: {"teacher_entropy": row["teacher_entropy"] / 3},
        lambda _: {"log_loss": math.nan},
        lambda _: {"log_loss": -1.0},
        lambda _: {"distinct_1_generated": 0.0},
        lambda _: {"distinct_1_human": None},
        lambda _: {"distinct_1_human": 1.5},
        lambda _: {"distinct_2_human": None, "distinct_3_human": 0.5},
        lambda _: {"cluster": "elsewhere"},
    ).head(79)
    assert broken(judged_summary(found, texts=texts)) == {
        "text-entropy-is-a-mean": 1,
        "text-teacher-entropy-is-a-mean": 1,
        "text-log-loss-is-a-mean": 2,
        "distinct-generated-are-shares": 1,
        "distinct-human-are-shares": 3,
        "texts-clusters-agree": 1,
        "texts-no-example-missing": 1,
    }


def test_faults_in_the_spread_are_named(broken: Broken) -> None:
    found = world("bytes", "continue")
    spread = planted(
        found.summary["spread"],
        lambda _: {"first": 2},
        lambda row: {"q25": row["q50"] + 0.1},
        lambda _: {"q05": -0.1},
        lambda _: {"q95": math.nan},
    )
    last = pl.int_range(pl.len()) == pl.len() - 1
    beyond = spread.with_columns(last=pl.col("last") + last.cast(pl.Int32))
    assert broken(judged_summary(found, spread=beyond)) == {
        "spread-contiguous": 2,
        "spread-in-order": 3,
    }
    own = found.summary["spread"].filter(side="generated")
    assert broken(judged_summary(found, spread=own)) == {"spread-of-both-sides": 0}
    named = own.with_columns(side=pl.lit("own"))
    both = pl.concat([named, found.summary["spread"].filter(side="human")])
    assert broken(judged_summary(found, spread=both)) == {"spread-side-known": own.height}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"texts": 0}, {"gate-replayed-something": 1}),
        ({"tokens": 1}, {"gate-replayed-something": 1}),
        ({"texts": 81}, {"one-gate": 0}),
        ({"z": None}, {"gate-finite": 1}),
        ({"bias": math.inf}, {"gate-finite": 1}),
        ({"detectable": -0.1}, {"gate-finite": 1}),
    ],
)
def test_faults_in_the_account_of_the_gate_are_named(
    values: Row, named: dict[str, int], broken: Broken
) -> None:
    found = world("tokens", "stop")
    gate = planted(found.summary["gate"], lambda _: values)
    assert broken(judged_summary(found, gate=gate)) == named


def test_a_second_account_of_the_gate_is_named(broken: Broken) -> None:
    found = world("tokens", "stop")
    twice = pl.concat([found.summary["gate"]] * 2)
    assert broken(judged_summary(found, gate=twice)) == {"one-gate": 0}


def test_faults_in_what_is_read_are_named(broken: Broken) -> None:
    found = world("bytes", "natural")
    readings = found.summary["readings"]
    assert readings.height == 6
    faulty = planted(
        readings,
        lambda row: {"generated": row["generated"][1:]},
        lambda row: {"human_log_loss": row["human_log_loss"][1:]},
        lambda row: {"human_entropy": [row["human_entropy"][0] + 0.01, *row["human_entropy"][1:]]},
        lambda row: {"human_log_loss": [-1.0, *row["human_log_loss"][1:]]},
        lambda _: {"example": 1000, "prompt": ""},
        lambda _: {"chosen_as": "worst"},
    )
    assert broken(judged_summary(found, readings=faulty)) == {
        "pieces-generated-have-values": 1,
        "pieces-human-have-values": 1,
        "readings-start-alike": 1,
        "readings-in-range": 1,
        "readings-measured": 1,
        "prompt-readable": 1,
        "reason-known": 1,
    }
    assert broken(judged_summary(found, readings=pl.concat([readings, readings.head(1)]))) == {
        "read-once": 2
    }
    assert broken(judged_summary(found, readings=readings.clear())) == {"some-readings": 0}


def test_in_bytes_the_first_step_may_drift(broken: Broken) -> None:
    """The first tokens have one entropy, and different numbers of bytes to spread it over."""
    found = world("bytes", "continue")
    first = found.summary["positions"].head(1)
    assert first.select((pl.col("entropy") - pl.col("teacher_entropy")).abs()).item() > 0.1
    assert broken(judged_summary(found)) == {}


@pytest.mark.parametrize(("unit", "at_end"), WORLDS)
def test_steps_that_do_not_hold_what_they_count_are_named(
    unit: Unit, at_end: AtEnd, broken: Broken
) -> None:
    found = world(unit, at_end)
    one = unit.removesuffix("s")
    sums = found.summary["examples"].with_columns(
        pl.col(f"{unit}_{side}").list.eval(pl.element() + 0.5) for side in ("generated", "human")
    )
    names = broken(judged_summary(found, examples=sums))
    assert names[f"one-{one}-a-step-generated"] > 0
    assert names[f"one-{one}-a-step-human"] > 0


def test_steps_without_a_byte_are_named_where_no_text_ends(broken: Broken) -> None:
    sums = pl.col("bytes_generated").list.eval(pl.element() * 0.5)
    going, ending = world("bytes", "continue"), world("bytes", "stop")
    lacking = [one.summary["examples"].with_columns(sums) for one in (going, ending)]
    assert broken(judged_summary(going, examples=lacking[0]))["one-byte-a-step-generated"] == 80
    assert "one-byte-a-step-generated" not in broken(judged_summary(ending, examples=lacking[1]))


def test_a_text_ends_once(broken: Broken) -> None:
    found = world("tokens", "natural")
    twice = found.summary["examples"].with_columns(pl.col("ended").list.eval(pl.element() * 2))
    ended = int(found.samples["ended"].sum())
    names = broken(judged_summary(found, examples=twice))
    assert names == {"ended-once": ended, "ended-adds-up": 0}


@pytest.mark.parametrize("at_end", ["continue", "stop"])
def test_positions_with_more_generated_than_human_are_named(at_end: AtEnd, broken: Broken) -> None:
    found = world("bytes", at_end)
    positions = found.summary["positions"]
    more = planted(positions, lambda row: {"count_generated": row["count_generated"] + 1})
    names = broken(judged_summary(found, positions=more))
    assert names == {"no-more-generated": 1, "all-start": 1, "count-generated-adds-up": 0}
