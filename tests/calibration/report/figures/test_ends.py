"""Ends by step: what was taken out where texts go on, what has ended where they may end."""

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study
from matplotlib.figure import Figure

from calibration.report.figures.ends import ends_over_steps
from calibration.report.results import binned, width_of_bins


def drawn(study: Study) -> Figure:
    return ends_over_steps(study.tables, dataset=DATASET, decoding=DECODINGS[0])


@pytest.mark.parametrize(
    ("at_end", "column"),
    [("continue", "end_probability"), ("stop", "ended"), ("natural", "ended")],
)
def test_the_end_policy_decides_what_is_drawn(at_end: str, column: str) -> None:
    study = made_up_study().changed(at_end=pl.lit(at_end))
    curves = study.tables.of(DATASET, DECODINGS[0]).curves
    (panel,) = drawn(study).axes
    for model, line in zip(SIZES, panel.get_lines(), strict=True):
        expected = binned(curves.filter(pl.col("model") == model), width_of_bins(curves))[column]
        assert np.asarray(line.get_ydata()) == pytest.approx(expected.to_numpy())


def test_a_family_has_a_panel_and_its_models_a_line() -> None:
    larger = pl.when(pl.col("parameters") > 10**6).then(pl.lit("large")).otherwise(pl.lit("small"))
    study = made_up_study()
    ent_ce = study.tables.ent_ce.with_columns(family=larger)
    panels = drawn(study.with_tables(ent_ce=ent_ce)).axes
    assert [panel.get_title() for panel in panels] == ["family small", "family large"]
    named = [[str(line.get_label()) for line in panel.get_lines()] for panel in panels]
    assert named == [list(SIZES)[:3], list(SIZES)[3:]]
