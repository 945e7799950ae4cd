"""What a bridge shows: one unit in a column, changes over shared texts, the published slope."""

import math

import polars as pl
import pytest
from made_up_summaries import summary

from calibration.bridge_tables import (
    BRIDGE,
    BRIDGE_EXPONENTS,
    Held,
    Walked,
    bridge_exponents,
    bridge_lines,
    bridge_table,
    per_token,
    published_exponent,
)
from calibration.pairing import Label
from calibration.statistics.ent_ce import estimate
from calibration.tables import FITS

LABEL = Label("small", "letters", "temperature 1")
NAMES = ["a", "b", "c", "d"]
BEFORE = summary(NAMES, entropy=[2.0, 2.5, 3.0, 2.2])
AFTER = summary(NAMES, entropy=[2.1, 2.9, 3.0, 2.6])


def fits(exponent: float | None) -> pl.DataFrame:
    row = {"family": "chains", "dataset": "letters", "decoding": "temperature 1"}
    values = {"quantity": "ent_ce", "exponent": exponent, "low": -0.2, "high": 0.1}
    other = {"quantity": "drift", "exponent": 9.0}
    return pl.DataFrame([row | values, row | other], schema=FITS)


def walked(name: str, found: pl.DataFrame, *, exponent: float | None = -0.1) -> Walked:
    return Walked(name, {LABEL: Held("chains", 100, "tokens", found)}, fits(exponent))


STEPS = [walked("as published", BEFORE), walked("without the slip", AFTER)]


def test_a_row_is_what_was_measured_and_its_change_from_the_row_before() -> None:
    table = bridge_table(STEPS)
    assert table.schema == BRIDGE
    first, second = table.rows(named=True)
    one, other = (estimate(frame).ent_ce for frame in (BEFORE, AFTER))
    assert (first["ent_ce"], first["low"], first["high"]) == (one.value, one.low, one.high)
    assert first["change"] is None
    assert second["change"] == pytest.approx(other.value - one.value)
    # The texts are shared, so that the change is known better than either value.
    assert second["paired"]
    assert second["shared"] == len(NAMES)
    assert second["change_high"] - second["change_low"] < other.high - other.low


def test_bytes_become_tokens_of_the_human_text() -> None:
    here = per_token(AFTER, "bytes")
    human = {one: AFTER[f"{one}_human"].list.last().sum() for one in ("tokens", "bytes")}
    ratio = human["bytes"] / human["tokens"]
    assert estimate(here).ent_ce.value == pytest.approx(estimate(AFTER).ent_ce.value * ratio)
    assert per_token(AFTER, "tokens").equals(AFTER)


def test_exponents_are_those_of_ent_ce_and_the_first_is_published_too() -> None:
    found = bridge_exponents(STEPS)
    assert found.schema == BRIDGE_EXPONENTS
    assert found["exponent"].to_list() == [-0.1, -0.1]
    assert found["published"].to_list() == [None, None]  # one model has no slope


def test_the_published_slope_is_that_of_least_squares() -> None:
    sizes = [1e6, 1e7, 1e8]
    assert published_exponent(sizes, [3.0, 3.0 * 10**-0.25, 3.0 * 10**-0.5]) == pytest.approx(-0.25)
    assert published_exponent(sizes, [3.0, 2.0, -0.1]) is None
    assert published_exponent(sizes, [3.0, 2.0, math.nan]) is None
    assert published_exponent([1e6, 1e6], [3.0, 2.0]) is None


def test_the_terminal_shows_a_row_a_step() -> None:
    lines = list(bridge_lines(bridge_table(STEPS), bridge_exponents(STEPS)))
    text = "\n".join(lines)
    assert "letters at temperature 1: EntCE, nats per token" in text
    assert sum("without the slip" in line for line in lines) == 2
    assert "(paired)" in text
    assert "by least squares, as published: undetermined" in text
