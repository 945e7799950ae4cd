"""Rank and frequency: the points and the line are the table's, each unit with a look of its own."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from made_up_theory import DATASETS, TOKENIZERS, made_up_theory
from matplotlib.figure import Figure

from calibration.report.figures.files import rendered
from calibration.report.figures.ranks import MOST_TOKENIZERS, drawn_tokenizers, rank_frequency
from calibration.report.theory_words import alpha


@cache
def drawn() -> Figure:
    tables = made_up_theory()
    return rank_frequency(tables.theory, tables.ranks, dataset=DATASETS[0])


def test_words_and_each_tokenizer_have_a_panel() -> None:
    titles = [panel.get_title().replace("\n", " ") for panel in drawn().axes]
    assert titles == ["words", *(f"tokenizer of {name}" for name in TOKENIZERS)]


def test_the_line_is_the_tables_and_the_key_states_its_alpha() -> None:
    tables, panel = made_up_theory(), drawn().axes[0]
    words = tables.ranks.filter((pl.col("unit") == "words") & (pl.col("dataset") == DATASETS[0]))
    fitted = words.drop_nulls("fitted").sort("rank")
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in panel.get_lines()}
    name = f"words: α {alpha(tables.theory.row(0, named=True))}"
    assert lines[name] == pytest.approx(fitted["fitted"].to_numpy())
    whole = words.filter(pl.col("fitted").is_null())["frequency"].to_numpy()
    assert any(np.array_equal(line, whole) for line in lines.values())


def test_units_differ_in_colour_line_and_marker() -> None:
    lines = drawn().axes[1].get_lines()
    fitted = [line for line in lines if not str(line.get_label()).startswith("_")]
    assert len({line.get_color() for line in fitted}) == 3
    assert len({str(line.get_linestyle()) for line in fitted}) == 3
    markers = {line.get_marker() for line in lines} - {"None"}
    assert len(markers) == 3


def test_both_axes_are_logarithmic_with_labels_in_words() -> None:
    figure = drawn()
    assert all((p.get_xscale(), p.get_yscale()) == ("log", "log") for p in figure.axes)
    svg = rendered(figure, "svg").decode()
    assert ">1k<" in svg
    assert "mathdefault" not in svg


def test_more_tokenizers_than_there_is_room_for_are_left_out() -> None:
    names = [None, *(f"m{number}" for number in range(MOST_TOKENIZERS + 2))]
    found = drawn_tokenizers(pl.DataFrame({"tokenizer": names}), "x")
    assert found == names[: MOST_TOKENIZERS + 1]


def test_equal_tables_give_equal_files() -> None:
    tables = made_up_theory()
    again = rank_frequency(tables.theory, tables.ranks, dataset=DATASETS[0])
    assert rendered(drawn(), "svg") == rendered(again, "svg")


def test_a_data_set_that_is_not_there_is_refused() -> None:
    tables = made_up_theory()
    with pytest.raises(ValueError, match="rows of data set 'x' were expected, the table has none"):
        rank_frequency(tables.theory, tables.ranks, dataset="x")
