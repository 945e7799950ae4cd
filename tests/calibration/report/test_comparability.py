"""A word of caution stands where families have tokens of their own, and nowhere else."""

import polars as pl
import pytest

from calibration.report.comparability import brief_note_on_tokens, note_on_tokens


def rows(*sizes: float, unit: str = "tokens", families: int = 2) -> pl.DataFrame:
    names = [f"family {number % families}" for number in range(len(sizes))]
    return pl.DataFrame({"family": names, "unit": unit, "bytes_per_token_human": sizes})


def test_two_families_with_tokens_of_their_own_are_told_apart() -> None:
    assert "3.60 to 4.40 bytes" in note_on_tokens(rows(3.6, 4.4))
    assert brief_note_on_tokens(rows(3.6, 4.4)).endswith("measure in bytes.")


@pytest.mark.parametrize(
    "alike", [rows(4.0, 4.01), rows(3.6, 4.4, unit="bytes"), rows(3.6, 4.4, families=1)]
)
def test_one_tokenizer_bytes_and_one_family_need_no_note(alike: pl.DataFrame) -> None:
    assert note_on_tokens(alike) == brief_note_on_tokens(alike) == ""
