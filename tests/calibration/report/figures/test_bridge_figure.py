"""EntCE by step: a panel a data set and decoding, a line a model, ticks that name the steps."""

import polars as pl
import pytest

from calibration.bridge_tables import BRIDGE
from calibration.report.figures.bridge import ent_ce_by_step

STEPS = ["as published", "without the slip", "windows of bytes"]


def table(datasets: int = 2, models: int = 3) -> pl.DataFrame:
    rows = [
        {
            "number": number,
            "step": step,
            "model": f"m{model}",
            "family": f"family {model % 2}",
            "dataset": f"d{dataset}",
            "decoding": "temperature 1",
            "ent_ce": None if model == 0 and number == 1 else 0.1 * model - 0.05 * number,
            "low": 0.1 * model - 0.05 * number - 0.02,
            "high": 0.1 * model - 0.05 * number + 0.02,
        }
        for dataset in range(datasets)
        for model in range(models)
        for number, step in enumerate(STEPS)
    ]
    return pl.DataFrame(rows, schema=BRIDGE)


def test_every_model_has_a_line_with_its_values_in_every_panel() -> None:
    figure = ent_ce_by_step(table())
    panels = figure.axes
    assert [panel.get_title() for panel in panels] == ["d0, temperature 1", "d1, temperature 1"]
    for panel in panels:
        drawn = [one.lines[0].get_ydata() for one in panel.containers]
        assert [len(values) for values in drawn] == [2, 3, 3]
        assert list(drawn[1]) == pytest.approx([0.1, 0.05, 0.0])
        assert [tick.get_text() for tick in panel.get_xticklabels()] == STEPS


def test_no_more_panels_are_drawn_than_a_page_holds() -> None:
    assert len(ent_ce_by_step(table(datasets=20, models=1)).axes) == 15


def test_an_empty_table_has_no_figure() -> None:
    with pytest.raises(ValueError, match="found none"):
        ent_ce_by_step(table(datasets=0))
