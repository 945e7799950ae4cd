"""The singleton mass: what was counted is marked, what is predicted is a line, on both sides."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from made_up_theory import DATASETS, made_up_theory
from matplotlib.figure import Figure

from calibration.report.figures.files import rendered
from calibration.report.figures.singletons import STEEPEST, singleton_mass


@cache
def drawn() -> Figure:
    return singleton_mass(made_up_theory().singletons, dataset=DATASETS[0])


def of_words() -> pl.DataFrame:
    return made_up_theory().singletons.filter(
        (pl.col("dataset") == DATASETS[0]) & (pl.col("unit") == "words")
    )


def column(name: str) -> np.ndarray:
    return of_words()[name].fill_null(np.nan).to_numpy()


def has_line(figure: Figure, panel: int, values: np.ndarray, *, marked: bool) -> bool:
    lines = figure.axes[panel].get_lines()
    return any(
        (line.get_marker() != "None") == marked
        and np.array_equal(np.asarray(line.get_ydata(), dtype=float), values, equal_nan=True)
        for line in lines
    )


def test_counted_values_are_markers_and_laws_are_lines() -> None:
    figure = drawn()
    assert has_line(figure, 0, column("singleton_mass"), marked=True)
    assert has_line(figure, 0, column("predicted_mass"), marked=False)
    assert has_line(figure, 1, column("local_exponent"), marked=True)
    assert has_line(figure, 1, column("predicted_exponent"), marked=False)


def test_each_tokenizer_has_a_row_of_two_panels() -> None:
    assert len(drawn().axes) == 2 * 3


def test_an_asymptote_is_drawn_only_where_it_is_predicted() -> None:
    words, tokens = drawn().axes[1], drawn().axes[3]
    predicted = made_up_theory().singletons.filter(pl.col("unit") == "tokens")
    level = predicted["asymptotic_exponent"][0]
    assert any(list(line.get_ydata()) == [level, level] for line in tokens.get_lines())
    legend = words.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["words (1/α - 1: not predicted)"]
    flat = [line for line in words.get_lines() if len(line.get_ydata()) == 2]
    assert [list(line.get_ydata()) for line in flat] == [[0, 0]]  # the line of no change


def test_exponents_that_fall_without_end_are_cut_off() -> None:
    assert drawn().axes[1].get_ylim()[0] == STEEPEST


def test_equal_tables_give_equal_files() -> None:
    again = singleton_mass(made_up_theory().singletons, dataset=DATASETS[0])
    assert rendered(drawn(), "svg") == rendered(again, "svg")


def test_a_data_set_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="rows of data set 'x' were expected, the table has none"):
        singleton_mass(made_up_theory().singletons, dataset="x")
