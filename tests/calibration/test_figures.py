"""The figures: what is drawn is what the tables say, and equal tables give equal files."""

import re
from collections.abc import Callable

import matplotlib
import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, STEPS, Study, made_up_study
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.figures import (
    BINS,
    Kind,
    binned,
    ent_ce_against_size,
    entropy_over_steps,
    loss_ent_ce_plane,
    rendered,
)


@pytest.fixture(scope="module")
def study() -> Study:
    return made_up_study()


def steps(study: Study, decoding: str = DECODINGS[0]) -> Figure:
    return entropy_over_steps(study.curves, dataset=DATASET, decoding=decoding)


def sizes(study: Study, decoding: str = DECODINGS[0]) -> Figure:
    return ent_ce_against_size(
        study.ent_ce, study.fits, bands=study.bands, dataset=DATASET, decoding=decoding
    )


def plane(study: Study) -> Figure:
    return loss_ent_ce_plane(study.ent_ce, dataset=DATASET)


DRAWN = pytest.mark.parametrize("drawn", [steps, sizes, plane])


def key(panel: Axes) -> str:
    legend = panel.get_legend()
    assert legend is not None
    return " ".join(text.get_text() for text in legend.get_texts())


def curves_drawn(panel: Axes) -> list[np.ndarray]:
    """The lines with more than two points: fits, not bars or the line at zero."""
    lines = [np.asarray(line.get_ydata()) for line in panel.get_lines()]
    return [line for line in lines if len(line) > len(SIZES)]


@DRAWN
def test_equal_tables_give_equal_svg_files(study: Study, drawn: Callable[[Study], Figure]) -> None:
    figure = drawn(study)
    first, second = rendered(figure, "svg"), rendered(figure, "svg")
    assert first == second == rendered(drawn(made_up_study()), "svg")


@pytest.mark.parametrize(
    ("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_figures_are_rendered_to_the_kind_asked_for(study: Study, kind: Kind, start: bytes) -> None:
    assert rendered(plane(study), kind).startswith(start)


def test_a_file_does_not_say_when_it_was_made(study: Study) -> None:
    assert b"<dc:date>" not in rendered(plane(study), "svg")
    assert b"CreationDate" not in rendered(plane(study), "pdf")


@DRAWN
def test_drawing_leaves_the_settings_of_matplotlib_alone(
    study: Study, drawn: Callable[[Study], Figure]
) -> None:
    before = dict(matplotlib.rcParams)
    rendered(drawn(study), "svg")
    assert dict(matplotlib.rcParams) == before


def test_every_model_has_a_panel_under_its_name(study: Study) -> None:
    assert [panel.get_title() for panel in steps(study).axes] == list(SIZES)


@pytest.mark.parametrize("models", [1, 2, 4, 5, 8])
def test_any_number_of_models_has_as_many_panels(study: Study, models: int) -> None:
    one = study.curves.filter(pl.col("model") == "ladder-6m")
    many = pl.concat(one.with_columns(model=pl.lit(f"model {number}")) for number in range(models))
    figure = entropy_over_steps(many, dataset=DATASET, decoding=DECODINGS[0])
    assert len(figure.axes) == models


def test_many_steps_are_averaged_into_few_bins(study: Study) -> None:
    lines = steps(study).axes[0].get_lines()
    assert [len(np.asarray(line.get_xdata())) for line in lines] == [BINS] * 3


def test_bins_average_by_count_and_keep_standard_errors() -> None:
    curve = pl.DataFrame(
        {
            "position": [1, 2, 3, 4],
            "entropy": [1.0, 4.0, 2.0, 2.0],
            "entropy_se": [0.3, 0.6, 0.1, None],
            "log_loss": [2.0, 4.0, 3.0, 3.0],
            "count": [2, 1, 1, 1],
            "count_human": [1, 1, 1, 1],
        }
    )
    bins = binned(curve, 2)
    assert bins["position"].to_list() == [1.5, 3.5]
    assert bins["entropy"].to_list() == [2.0, 2.0]
    assert bins["log_loss"].to_list() == [3.0, 3.0]
    assert bins["entropy_se"][0] == pytest.approx(0.4)
    assert np.isnan(bins["entropy_se"][1])


def test_bins_of_one_step_change_nothing(study: Study) -> None:
    curve = study.curves.head(STEPS).sort("position")
    assert binned(curve, 1)["entropy"].to_list() == pytest.approx(curve["entropy"].to_list())


def test_the_fitted_line_is_the_one_of_the_tables(study: Study) -> None:
    for panel, quantity in zip(sizes(study).axes, ("ent_ce", "drift"), strict=True):
        band = study.bands.filter(
            (pl.col("quantity") == quantity) & (pl.col("decoding") == DECODINGS[0])
        )
        (line,) = curves_drawn(panel)
        assert line == pytest.approx(band["fitted"].to_numpy())


def test_an_identified_exponent_is_annotated_with_its_interval(study: Study) -> None:
    first, second = sizes(study).axes
    assert "family ladder: exponent -0.20 [-0.29, -0.11]" in key(first)
    assert "family ladder: exponent -0.24 [-0.36, -0.12]" in key(second)


def test_an_exponent_that_is_not_identified_has_neither_number_nor_line(study: Study) -> None:
    for panel in sizes(study.unidentified()).axes:
        assert key(panel) == "family ladder: exponent not determined"
        assert not re.search(r"\d", key(panel))
        assert curves_drawn(panel) == []


def test_size_axes_are_logarithmic_and_errors_linear_around_zero(study: Study) -> None:
    for panel in sizes(study, DECODINGS[1]).axes:
        assert (panel.get_xscale(), panel.get_yscale()) == ("log", "linear")
        low, high = panel.get_ylim()
        assert low < 0 < high


def test_models_without_intervals_are_drawn_without_bars(study: Study) -> None:
    unknown = [pl.lit(None, pl.Float64).alias(f"ent_ce_{end}") for end in ("low", "high")]
    bare = Study(**{**vars(study), "ent_ce": study.ent_ce.with_columns(unknown)})
    assert rendered(sizes(bare), "svg")
    assert rendered(plane(bare), "svg")


def test_the_plane_names_models_and_temperatures(study: Study) -> None:
    texts = [text.get_text() for text in plane(study).axes[0].texts]
    assert sorted(texts) == sorted([*SIZES, *["1.0", "0.9"] * len(SIZES)])


def test_families_differ_in_colour_and_marker_and_line(study: Study) -> None:
    families = [f"family {number}" for number in range(7)]
    rows = study.ent_ce.head(1)
    many = pl.concat(
        rows.with_columns(family=pl.lit(name), model=pl.lit(name)) for name in families
    )
    legend = loss_ent_ce_plane(many, dataset=DATASET).axes[0].get_legend()
    assert legend is not None
    lines = legend.get_lines()
    assert len({str(line.get_color()) for line in lines}) == len(families)
    assert len({str(line.get_marker()) for line in lines}) == len(families)


def test_a_dollar_in_a_name_is_a_dollar(study: Study) -> None:
    odd = study.renamed("ladder-6m", "a$b$c_$")
    assert steps(odd).axes[-1].get_title() == "a$b$c_$"
    assert rendered(steps(odd), "svg")


def test_what_was_not_measured_cannot_be_drawn(study: Study) -> None:
    with pytest.raises(ValueError, match="'temperature 7'"):
        steps(study, "temperature 7")
    with pytest.raises(ValueError, match="'nothing'"):
        loss_ent_ce_plane(study.ent_ce, dataset="nothing")
