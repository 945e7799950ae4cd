"""Figures against size: what is drawn is what the tables say, and nothing that they do not."""

import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.report.figures.files import rendered
from calibration.report.figures.sizes import THINNED, ent_ce_against_size, parts_against_size

Drawing = Callable[..., Figure]
BOTH = pytest.mark.parametrize("draw", [ent_ce_against_size, parts_against_size])


def drawn(study: Study, draw: Drawing = ent_ce_against_size, decoding: str = "") -> Figure:
    return draw(study.tables, dataset=DATASET, decoding=decoding or DECODINGS[0])


def key(panel: Axes) -> str:
    legend = panel.get_legend()
    assert legend is not None
    return " ".join(text.get_text() for text in legend.get_texts())


def curves_drawn(panel: Axes) -> list[np.ndarray]:
    """The lines with more points than models: fits, not bars or the line at zero."""
    lines = [np.asarray(line.get_ydata()) for line in panel.get_lines()]
    return [line for line in lines if len(line) > len(SIZES)]


def test_the_fitted_line_is_the_one_of_the_tables() -> None:
    study = made_up_study()
    for panel, quantity in zip(drawn(study).axes, ("ent_ce", "drift"), strict=True):
        band = study.tables.bands.filter(
            (pl.col("quantity") == quantity) & (pl.col("decoding") == DECODINGS[0])
        )
        (line,) = curves_drawn(panel)
        places = sorted({*range(0, len(band), THINNED), len(band) - 1})
        assert line == pytest.approx(band["fitted"][places].to_numpy())


def test_no_chord_of_a_line_can_be_told_from_its_curve() -> None:
    band = made_up_study().tables.bands.filter(quantity="drift", decoding=DECODINGS[0])
    sizes, fitted = np.log(band["size"].to_numpy()), band["fitted"].to_numpy()
    chords = np.interp(sizes, sizes[::THINNED], fitted[::THINNED])
    inside = sizes <= sizes[::THINNED][-1]
    # Of a panel three hundred pixels high, half a pixel; a line is two wide.
    assert np.abs(chords - fitted)[inside].max() < 0.5 / 300 * np.ptp(fitted)


def test_an_identified_exponent_is_annotated_with_its_interval() -> None:
    first, second = drawn(made_up_study()).axes
    assert "family ladder: exponent -0.20 [-0.29, -0.11]" in key(first)
    assert "family ladder: exponent -0.24 [-0.36, -0.12]" in key(second)


def test_an_exponent_that_is_not_identified_has_neither_number_nor_line() -> None:
    for panel in drawn(made_up_study().unidentified()).axes:
        assert key(panel) == "family ladder: exponent not determined"
        assert not re.search(r"\d", key(panel))
        assert curves_drawn(panel) == []


def test_static_stands_beside_drift_and_has_no_law() -> None:
    drift, static = drawn(made_up_study(), parts_against_size).axes
    assert len(curves_drawn(drift)) == 1
    assert curves_drawn(static) == []
    assert key(static) == "family ladder"


@BOTH
def test_both_quantities_are_on_one_scale(draw: Drawing) -> None:
    first, second = drawn(made_up_study(), draw).axes
    assert first.get_ylim() == second.get_ylim()


@BOTH
def test_size_axes_are_logarithmic_and_quantities_linear_around_zero(draw: Drawing) -> None:
    for panel in drawn(made_up_study(), draw, DECODINGS[1]).axes:
        assert (panel.get_xscale(), panel.get_yscale()) == ("log", "linear")
        low, high = panel.get_ylim()
        assert low < 0 < high


@BOTH
def test_axes_name_the_unit(draw: Drawing) -> None:
    for panel in drawn(made_up_study().changed(unit=pl.lit("bytes")), draw).axes:
        assert panel.get_ylabel().endswith("(nats per byte)")


def test_models_without_intervals_are_drawn_without_bars() -> None:
    unknown = dict.fromkeys(("ent_ce_low", "ent_ce_high"), pl.lit(None))
    assert rendered(drawn(made_up_study().changed(**unknown)), "svg")


def test_sizes_are_what_the_fits_say_where_every_model_has_them() -> None:
    tokens = {"x": pl.lit("tokens")}
    known = made_up_study().changed(**tokens, training_tokens=pl.col("parameters") * 20)
    assert drawn(known).axes[0].get_xlabel() == "training tokens"
    assert len(curves_drawn(drawn(known).axes[0])) == 1
    assert drawn(made_up_study().changed(**tokens)).axes[0].get_xlabel() == "parameters"


def test_one_size_has_an_axis() -> None:
    low, high = drawn(made_up_study().of_model("ladder-6m")).axes[0].get_xlim()
    assert low < SIZES["ladder-6m"] < high
