"""Each thing a table cannot be is one sentence with its row."""

import numpy as np
import pytest
from made_up_laws import LAWS, PAIRS

from calibration.statistics.laws import NAMES, law_named
from calibration.statistics.table_checks import UnusableTable, checked, listed

NAN = float("nan")
BAD = {
    "nan": ("power", [1, 2, 3], [1, NAN, 3], "a finite value was expected, found nan in row 2"),
    "negative": ("power", [1, 2, -3], [1, 2, 3], "a positive x was expected, found -3 in row 3"),
    "one row": ("power", [1], [1], "at least 3 rows that differ in x were expected, found 1: add"),
    "alike": ("power", [1, 5, 5], [1, 2, 3], r"found 2 \(rows 2 and 3 are alike\)"),
    "below": ("power", [1, 2, 3], [-1, -2, 0], "values above 0 were expected, found none"),
    "zeros": ("linear", [1, 2, 3], [0, 0, 0], "values other than 0 were expected"),
    "one column": ("chinchilla", [1, 2], [1, 2], "N, D as the columns of x expected, found 1"),
    "lengths": ("power", [1, 2], [1, 2, 3], "one value a row was expected"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_one_sentence(name: str) -> None:
    law, x, values, message = BAD[name]
    with pytest.raises(UnusableTable, match=message):
        checked(law_named(law), x, values, None)


@pytest.mark.parametrize("name", NAMES)
def test_every_law_refuses_below_its_fewest_points(name: str) -> None:
    law, made = law_named(name), LAWS[name]
    checked(law, made.x[: law.min_points], made.values[: law.min_points], None)
    few = law.min_points - 1
    with pytest.raises(UnusableTable, match=f"{name}: at least {law.min_points} rows"):
        checked(law, made.x[:few], made.values[:few], None)


def test_a_straight_line_may_lie_anywhere() -> None:
    table = checked(law_named("linear"), [-1, 0, 1], [-3, -2, -1], None)
    assert table.x.shape == (3, 1)


def test_a_variable_must_vary() -> None:
    x = np.column_stack([np.full(24, 1e9), PAIRS[:, 1]])
    with pytest.raises(UnusableTable, match=r"a N that varies was expected, found 1e\+09"):
        checked(law_named("chinchilla"), x, np.ones(24), None)


def test_errors_must_fit_the_table() -> None:
    law = law_named("power")
    with pytest.raises(UnusableTable, match=r"variances of shape \(3,\) .* found \(2,\)"):
        checked(law, [1, 2, 3], [1, 2, 3], np.ones(2))
    with pytest.raises(UnusableTable, match="not negative was expected, found -1 in row 2"):
        checked(law, [1, 2, 3], [1, 2, 3], np.array([1.0, -1, 1]))


def test_only_some_rows_keep_their_own_errors() -> None:
    kept = np.array([True, False, True])
    law = law_named("power")
    variances = checked(law, [1, 2, 3], [1, 2, 3], np.array([1.0, 2, 3])).only(kept)
    matrix = checked(law, [1, 2, 3], [1, 2, 3], np.arange(9.0).reshape(3, 3)).only(kept)
    assert variances.sampling is not None
    assert variances.sampling.tolist() == [1, 3]
    assert matrix.sampling is not None
    assert matrix.sampling.tolist() == [[0, 2], [6, 8]]


def test_rows_are_listed_in_words() -> None:
    assert listed([4]) == "row 4"
    assert listed([4, 7, 9]) == "rows 4, 7 and 9"
    assert listed(range(1, 13)) == "rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"
