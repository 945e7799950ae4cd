"""The spread of single texts: both sides of every model, with the shares that would cancel."""

import numpy as np
import polars as pl
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study
from matplotlib.figure import Figure

from calibration.report.figures.spread import spread_over_steps


def drawn(study: Study) -> Figure:
    return spread_over_steps(study.tables, dataset=DATASET, decoding=DECODINGS[0])


def test_panels_say_how_many_texts_loop_and_derail() -> None:
    titles = [panel.get_title() for panel in drawn(made_up_study()).axes]
    assert titles == [f"{model}\nlooping 6.1 %, derailed 8.3 %" for model in SIZES]


def test_shares_that_are_not_known_are_undetermined() -> None:
    unknown = made_up_study().changed(looping_share=pl.lit(None))
    assert "looping undetermined" in drawn(unknown).axes[0].get_title()


def test_medians_of_both_sides_are_the_tables() -> None:
    study = made_up_study()
    of_model = study.tables.spread.filter(
        (pl.col("model") == "ladder-60k") & (pl.col("decoding") == DECODINGS[0])
    )
    lines = [np.asarray(line.get_ydata()) for line in drawn(study).axes[0].get_lines()]
    for side in ("generated", "human"):
        median = of_model.filter(pl.col("side") == side)["q50"].to_numpy()
        assert any(np.array_equal(line, median) for line in lines)


def test_sides_differ_in_line_as_well_as_in_colour() -> None:
    lines = drawn(made_up_study()).axes[0].get_lines()
    looks = {(str(line.get_color()), str(line.get_linestyle())) for line in lines}
    assert len({colour for colour, _ in looks}) == len({line for _, line in looks}) == 2
