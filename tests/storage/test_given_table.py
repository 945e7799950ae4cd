"""A table comes as it stands, or not at all."""

from pathlib import Path

import polars as pl
import pytest

from calibration.errors import InputError
from storage.given_table import read_given_table


def test_cells_of_a_csv_are_text_and_names_have_no_space_around(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("N, loss\n1e9,3.0\n7B,\n")
    assert read_given_table(path).to_dict(as_series=False) == {
        "N": ["1e9", "7B"],
        "loss": ["3.0", None],
    }


def test_a_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    pl.DataFrame({"N": [1, 2]}).write_parquet(path)
    assert read_given_table(path)["N"].dtype == pl.Int64


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("runs.csv", None, "a table was expected, found no such file"),
        ("runs.xlsx", "N", r"a table ending in \.csv or \.parquet was expected"),
        ("empty.csv", "", r"empty\.csv: a csv table was expected, found one that cannot be read"),
        ("ragged.csv", "N,loss\n1,2,3\n", "cannot be read"),
        ("text.parquet", "N,loss\n", "a parquet table was expected, found one that cannot be read"),
    ],
)
def test_what_is_no_table_is_one_sentence(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message) as found:
        read_given_table(tmp_path / name)
    assert "\n" not in str(found.value)
