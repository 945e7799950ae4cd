"""The catalogue: every figure once, under a name of its own, drawn the same way every time."""

import matplotlib
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, made_up_study, study_of

from calibration.report.figures.catalogue import StudyFigure, study_figures
from calibration.report.figures.files import rendered

NAMES = [
    "entropy-over-steps",
    "ent-ce-against-size",
    "exponents-against-length",
    "drift-and-static-against-size",
    "loss-ent-ce-plane",
    "spread-over-steps",
    "variety-against-size",
    "ends-over-steps",
    "rank-frequency",
    "singleton-mass",
]
OF_STUDY = ["exponents-over-series"]
EVERY = pytest.mark.parametrize(
    "figure", study_figures(made_up_study().tables), ids=NAMES + OF_STUDY
)


def again() -> list[StudyFigure]:
    same = study_of({"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=224)
    return study_figures(same.tables)


def test_a_study_has_its_figures_in_order() -> None:
    assert [figure.name for figure in study_figures(made_up_study().tables)] == NAMES + OF_STUDY


def test_files_of_two_data_sets_have_names_of_their_own() -> None:
    figures = study_figures(made_up_study().twice("letters").tables)
    assert len({figure.file for figure in figures}) == len(figures) == 2 * len(NAMES) + 1
    assert [figure.file for figure in figures[: -1 : len(NAMES)]] == [
        "figure-1-entropy-over-steps",
        "figure-2-entropy-over-steps",
    ]


@EVERY
def test_equal_tables_give_equal_files(figure: StudyFigure) -> None:
    twin = next(one for one in again() if one.file == figure.file)
    assert rendered(figure.draw(), "svg") == rendered(twin.draw(), "svg")


@EVERY
def test_drawing_leaves_the_settings_of_matplotlib_alone(figure: StudyFigure) -> None:
    before = dict(matplotlib.rcParams)
    figure.draw()
    assert dict(matplotlib.rcParams) == before


@EVERY
def test_words_say_of_what_a_figure_is(figure: StudyFigure) -> None:
    assert DATASET in figure.caption
    assert DATASET in figure.alt
    assert "{" not in figure.caption + figure.alt


@pytest.mark.parametrize(
    ("nothing", "name"),
    [
        ({"end_probability": pl.lit(0.0), "ended_share": pl.lit(0.0)}, "ends-over-steps"),
        (
            {f"distinct_{n}_generated": pl.lit(None) for n in (2, 4)},
            "variety-against-size",
        ),
    ],
)
def test_a_figure_that_would_show_nothing_is_left_out(
    nothing: dict[str, pl.Expr], name: str
) -> None:
    study = made_up_study().changed(**nothing)
    assert [one.name for one in study_figures(study.tables)] == [
        other for other in NAMES + OF_STUDY if other != name
    ]


def test_a_study_without_a_spread_has_no_figure_of_it() -> None:
    study = made_up_study()
    bare = study.with_tables(spread=study.tables.spread.clear())
    assert "spread-over-steps" not in [one.name for one in study_figures(bare.tables)]
