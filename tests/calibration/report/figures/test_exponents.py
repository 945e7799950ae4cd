"""The figures of exponents: what is drawn is what the tables say, and what is not is in words."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study, study_of
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.report.figures.exponents import exponents_against_length, exponents_over_series


def two() -> Study:
    return study_of(
        {"ladder": SIZES, "other": SIZES},
        datasets=("one", "two"),
        decodings=DECODINGS,
        steps=64,
    )


def bars(panel: Axes, width: float) -> list[tuple[float, float]]:
    found = [
        np.asarray(line.get_xdata()) for line in panel.get_lines() if line.get_linewidth() == width
    ]
    return [(float(ends[0]), float(ends[1])) for ends in found if len(ends) == 2]


def key(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_series_has_its_own_and_its_common_interval() -> None:
    tables = two().tables
    for panel, quantity in zip(
        exponents_over_series(tables).axes, ("ent_ce", "drift", "drift_slope"), strict=True
    ):
        rows = tables.fits.filter(quantity=quantity, decoding=DECODINGS[0])
        assert bars(panel, 3.2) == rows.select("low", "high").rows()
        assert bars(panel, 1.3) == rows.select("pooled_low", "pooled_high").rows()


def test_the_key_names_what_is_drawn_and_nothing_else() -> None:
    tables = two().tables
    pooled = [name for name in tables.fits.columns if name.startswith("pooled_")]
    alone = replace(tables, fits=tables.fits.with_columns(**dict.fromkeys(pooled)))
    predicted = pl.DataFrame({"dataset": ["one"], "predicted": [-0.13]})
    assert key(exponents_over_series(tables)) == ["own scatter", "common scatter"]
    assert key(exponents_over_series(alone)) == ["own scatter"]
    assert key(exponents_over_series(alone, predicted=predicted)) == [
        "own scatter",
        "predicted by the simplified theory",
    ]


def test_rows_name_family_and_data_set() -> None:
    panel = exponents_over_series(two().tables).axes[0]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels == ["ladder\none", "other\none", "ladder\ntwo", "other\ntwo"]


def test_a_predicted_exponent_is_drawn_for_its_data_set_alone() -> None:
    predicted = pl.DataFrame({"dataset": ["one", "two"], "predicted": [-0.13, None]})
    panel = exponents_over_series(two().tables, predicted=predicted).axes[0]
    diamonds = [line for line in panel.get_lines() if line.get_marker() == "D"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in diamonds] == [-0.13, -0.13]
    assert [float(np.asarray(line.get_ydata())[0]) for line in diamonds] == [0, 1]


def test_an_exponent_that_is_not_determined_is_words() -> None:
    panel = exponents_over_series(made_up_study().unidentified().tables).axes[0]
    assert bars(panel, 3.2) == []
    assert [text.get_text() for text in panel.texts] == ["not determined"]


def test_an_interval_without_news_ends_in_an_arrow_and_leaves_room_for_the_others() -> None:
    study = made_up_study()
    fits = study.tables.fits.with_columns(high=pl.lit(7.0))
    panel = exponents_over_series(replace(study.tables, fits=fits)).axes[0]
    assert panel.get_xlim()[1] == pytest.approx(1.02)
    assert any(line.get_marker() == ">" for line in panel.get_lines())


def test_lengths_without_an_exponent_have_no_point() -> None:
    tables = made_up_study().tables
    figure = exponents_against_length(tables, dataset=DATASET, decoding=DECODINGS[0])
    known = tables.horizons.filter("identified").filter(quantity="ent_ce", decoding=DECODINGS[0])
    [line] = [one for one in figure.axes[0].get_lines() if one.get_marker() == "o"]
    assert np.asarray(line.get_xdata()).tolist() == known["steps"].to_list()
    assert np.asarray(line.get_ydata()).tolist() == known["exponent"].to_list()


def test_without_any_exponent_the_axes_still_have_a_width() -> None:
    study = made_up_study()
    nothing = study.tables.horizons.with_columns(identified=pl.lit(False))
    tables = replace(study.tables, horizons=nothing)
    figure = exponents_against_length(tables, dataset=DATASET, decoding=DECODINGS[0])
    low, high = figure.axes[0].get_ylim()
    assert low < 0 < high
