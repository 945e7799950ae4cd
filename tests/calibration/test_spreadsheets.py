"""Text that a spreadsheet would calculate gets an apostrophe, and nothing else changes."""

import polars as pl
import pytest

from calibration.spreadsheets import uncalculated


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "=1\n=2"]
)
def test_a_formula_becomes_text(text: str) -> None:
    frame = pl.DataFrame({"family": [text, "plain"], "ent_ce": [-0.5, 0.5]})
    found = uncalculated(frame)
    assert found["family"].to_list() == [f"'{text}", "plain"]
    assert found["ent_ce"].to_list() == [-0.5, 0.5]


def test_other_text_is_as_it_was() -> None:
    frame = pl.DataFrame({"a": ["", None, "a=b", " =1", "'=1", "言語"], "b": [[-1.0]] * 6})
    assert uncalculated(frame).equals(frame)
    assert uncalculated(frame).schema == frame.schema
    assert uncalculated(pl.DataFrame({"n": [1]})).equals(pl.DataFrame({"n": [1]}))
