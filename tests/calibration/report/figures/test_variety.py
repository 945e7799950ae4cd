"""Repetition and distinct n-grams: own text filled, human text hollow, as the tables say."""

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, made_up_study

from calibration.report.figures.variety import variety_against_size


def test_own_and_human_shares_are_the_tables() -> None:
    study = made_up_study()
    rows = study.tables.of(DATASET, DECODINGS[0]).ent_ce
    figure = variety_against_size(study.tables, dataset=DATASET, decoding=DECODINGS[0])
    expected = {
        (panel, fill): rows[f"distinct_{n}_{side}"]
        for panel, n in ((0, 4), (1, 2))
        for fill, side in (("none", "human"), ("full", "generated"))
    }
    for number, panel in enumerate(figure.axes):
        for line in panel.get_lines():
            shares = expected[number, str(line.get_fillstyle())].to_numpy()
            drawn = np.asarray(line.get_ydata())
            assert drawn == pytest.approx(1 - shares if number == 0 else shares)


def test_texts_too_short_for_an_n_gram_have_no_point() -> None:
    unknown = made_up_study().changed(distinct_4_generated=pl.lit(None))
    panel = variety_against_size(unknown.tables, dataset=DATASET, decoding=DECODINGS[0]).axes[0]
    own = next(line for line in panel.get_lines() if line.get_fillstyle() == "full")
    assert np.isnan(np.asarray(own.get_ydata(), dtype=float)).all()
