"""Entropy over steps: a panel a model, and no more panels than can be read."""

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study, study_of
from matplotlib.figure import Figure

from calibration.report.figures.drawing import MOST_PANELS
from calibration.report.figures.files import rendered
from calibration.report.figures.steps import entropy_over_steps
from calibration.report.results import BINS


def drawn(study: Study, decoding: str = DECODINGS[0]) -> Figure:
    return entropy_over_steps(study.tables, dataset=DATASET, decoding=decoding)


def of_models(count: int, *, families: int = 1) -> Study:
    sizes = {
        f"family {family}": {f"{family}-{number}": 10**6 + number for number in range(count)}
        for family in range(families)
    }
    return study_of(sizes, datasets=(DATASET,), decodings=DECODINGS[:1], steps=12)


def test_every_model_has_a_panel_under_its_name() -> None:
    assert [panel.get_title() for panel in drawn(made_up_study()).axes] == list(SIZES)


@pytest.mark.parametrize("models", [1, 2, 4, 5, 8])
def test_any_number_of_models_has_as_many_panels(models: int) -> None:
    assert len(drawn(of_models(models)).axes) == models


def test_of_too_many_models_the_ends_of_the_families_have_panels() -> None:
    figure = drawn(of_models(MOST_PANELS, families=2))
    assert [panel.get_title() for panel in figure.axes] == ["0-0", "0-14", "1-0", "1-14"]
    assert "4 of 30 models" in " ".join(text.get_text() for text in figure.texts)


def test_many_steps_are_averaged_into_few_bins() -> None:
    lines = drawn(made_up_study()).axes[0].get_lines()
    assert [len(np.asarray(line.get_xdata())) for line in lines] == [BINS] * 3


@pytest.mark.parametrize(("unit", "one"), [("tokens", "token"), ("bytes", "byte")])
def test_axes_name_the_unit(unit: str, one: str) -> None:
    panels = drawn(made_up_study().changed(unit=pl.lit(unit))).axes
    assert panels[0].get_ylabel() == f"nats per {one}"
    assert panels[-1].get_xlabel() == f"step ({unit})"


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    odd = made_up_study().renamed("ladder-6m", "a$b$c_$")
    assert drawn(odd).axes[-1].get_title() == "a$b$c_$"
    assert rendered(drawn(odd), "svg")


def test_a_long_name_is_broken_and_stays_whole() -> None:
    name = "a-model-whose-name-is-longer-than-a-panel-is-wide"
    title = drawn(made_up_study().renamed("ladder-6m", name)).axes[-1].get_title()
    assert title.replace("\n", "") == name
    assert max(map(len, title.splitlines())) <= 34


def test_what_was_not_measured_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="'temperature 7'"):
        drawn(made_up_study(), "temperature 7")
