"""Columns are found by their names as they stand, and arithmetic on them is arithmetic."""

import polars as pl
import pytest

from calibration.column_terms import term_values, terms
from calibration.errors import InputError

TABLE = pl.DataFrame(
    {
        "Model Size": ["1e9", " 2e9", "4e9"],
        "Training FLOP": [6e18, 6e19, 6e20],
        "loss (nats)": [3.0, 2.5, 2.25],
        "N": [1, 2, 3],
        "a,b": [1.0, 2.0, 3.0],
        "note": ["7B", None, "x"],
        "done": [True, False, True],
    }
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("N", ["N"]),
        ("Model Size,Training FLOP", ["Model Size", "Training FLOP"]),
        (
            "Model Size, Training FLOP/(6*Model Size)",
            ["Model Size", "Training FLOP/(6*Model Size)"],
        ),
        ("a,b,N", ["a,b", "N"]),
    ],
)
def test_terms_part_at_commas_outside_names(given: str, found: list[str]) -> None:
    assert terms(given, TABLE.columns) == found


@pytest.mark.parametrize(
    ("term", "values"),
    [
        ("N", [1, 2, 3]),
        ("Training FLOP/(6*Model Size)", [1e9, 5e9, 2.5e10]),
        ("loss (nats) - 1.5", [1.5, 1, 0.75]),
        ("-N + 2*N*N", [1, 6, 15]),
        ("a,b", [1, 2, 3]),
        ("1e1*N", [10, 20, 30]),
        ("7", [7, 7, 7]),
    ],
)
def test_arithmetic_on_columns(term: str, values: list[float]) -> None:
    assert term_values(TABLE, term).tolist() == values


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("Modl Size", r"found 'Modl Size'; did you mean 'Model Size'\? \(columns: Model Size, Tr"),
        ("n", r"found 'n'; did you mean 'N'\?"),
        ("N**2", r"a column, or \+ - \* / of columns and numbers, was expected, found 'N \*\* 2'"),
        ("__import__('os')", "found "),
        ("N if N else N", "found "),
        ("'text'", "found "),
        ("True", "found 'True'"),
        ("note", "column 'note': a number was expected, found '7B' in row 1 .and in 2 more rows."),
        ("done", "column 'done': numbers were expected, found Boolean"),
        ("1/(N-2)", r"column '1/\(N-2\)': a finite number was expected, found inf in row 2"),
    ],
)
def test_what_is_no_number_is_one_sentence(term: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        term_values(TABLE, term)


@pytest.mark.parametrize(("cell", "said"), [(None, "nothing"), ("nan", "'nan'"), ("1,5", "'1,5'")])
def test_a_cell_that_is_no_number_is_named(cell: str | None, said: str) -> None:
    with pytest.raises(InputError, match=f"found {said} in row 2: mend the table"):
        term_values(pl.DataFrame({"N": ["1", cell]}), "N")
