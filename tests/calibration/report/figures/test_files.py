"""The files of figures: equal for equal figures, undated, and no longer than they need be."""

import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from calibration.report.figures.files import Kind, rendered


def drawing() -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0.0, 1 / 3, 1.0], [2.0, 1.0, 4.0], color="#D55E00", marker="o")
    return figure


@pytest.mark.parametrize(
    ("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_a_figure_is_rendered_to_the_kind_asked_for(kind: Kind, start: bytes) -> None:
    assert rendered(drawing(), kind).startswith(start)


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_equal_figures_give_equal_files(kind: Kind) -> None:
    assert rendered(drawing(), kind) == rendered(drawing(), kind)


def test_a_file_does_not_say_when_it_was_made() -> None:
    assert b"date" not in rendered(drawing(), "svg")
    assert b"CreationDate" not in rendered(drawing(), "pdf")


def test_rendering_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(matplotlib.rcParams)
    rendered(drawing(), "svg")
    assert dict(matplotlib.rcParams) == before


def test_an_svg_is_whole_and_states_each_look_once() -> None:
    content = rendered(drawing(), "svg")
    tree = ElementTree.fromstring(content)
    sheet = "".join(tree.itertext())
    used = {name for one in tree.iter() if (name := one.get("class")) is not None}
    assert all(sheet.count(f".{name}{{") == 1 for name in used)
    assert "stroke:#d55e00" in sheet
    assert b" style='" not in content


def test_every_mark_that_an_svg_uses_is_in_it() -> None:
    tree = ElementTree.fromstring(rendered(drawing(), "svg"))
    names = {one.get("id") for one in tree.iter()}
    used = {name[1:] for one in tree.iter() if (name := one.get("href")) is not None}
    assert used
    assert used <= names


@pytest.mark.parametrize("words", ["a < b & 'c' \"d\" x='1.2345'; e", "<!-- a --> style='b'"])
def test_text_stays_as_it_was_given(words: str) -> None:
    figure = drawing()
    figure.axes[0].set_title(words)
    tree = ElementTree.fromstring(rendered(figure, "svg"))
    assert words in [one.text for one in tree.iter() if one.tag.endswith("text")]


def test_text_has_a_font_of_the_same_widths_to_fall_back_on() -> None:
    assert b"DejaVu Sans,Verdana,sans-serif" in rendered(drawing(), "svg")
