"""The theory on the page: every row of the table, every label, and nothing that is not text."""

import polars as pl
from made_up_theory import DATASETS, LABEL, made_up_theory

from calibration.report.page import Html, escaped
from calibration.report.theory_section import COLUMNS, theory_cells, theory_section
from calibration.theory_tables import THEORY


def section(pictures: dict[str, dict[str, Html]] | None = None) -> str:
    return "".join(theory_section(made_up_theory().theory, pictures or {}, datasets=DATASETS))


def test_every_estimate_is_a_row() -> None:
    theory, page = made_up_theory().theory, section()
    assert page.count('scope="row"') == len(theory)
    for row in theory.rows(named=True):
        cells = theory_cells(row)
        assert len(cells) == len(COLUMNS)
        assert all(escaped(cell) in page for cell in cells)


def test_every_data_set_says_what_its_predictions_assume() -> None:
    assert section().count(LABEL) == len(DATASETS)


def test_names_cannot_become_markup() -> None:
    assert "<h3>code &lt;&amp;&gt;</h3>" in section()


def test_figures_stand_with_their_data_set() -> None:
    pictures = {
        DATASETS[1]: {
            "rank-frequency": Html("<b>ranks</b>"),
            "ent-ce-against-size": Html("<b>x</b>"),
        }
    }
    page = section(pictures)
    assert page.index("<b>ranks</b>") > page.index("code &lt;")
    assert "<b>x</b>" not in page


def test_a_row_without_an_estimate_has_words_for_it() -> None:
    unknown = (
        made_up_theory()
        .theory.head(1)
        .with_columns(
            pl.lit(None).cast(kind).alias(name)
            for name, kind in THEORY.items()
            if name in {"alpha", "low", "high", "vocabulary", "predicted", "predicted_finite"}
        )
    )
    page = "".join(theory_section(unknown, {}, datasets=DATASETS))
    assert "undetermined" in page
    assert "not predicted" in page
    assert "None" not in page


def test_a_study_without_a_long_text_is_a_sentence() -> None:
    page = "".join(theory_section(pl.DataFrame(schema=THEORY), {}, datasets=DATASETS))
    assert page == "<p>No text of the study is long enough to be counted.</p>"


def test_a_data_set_whose_texts_are_short_is_named() -> None:
    page = "".join(theory_section(made_up_theory().theory, {}, datasets=[*DATASETS, "short"]))
    assert page.endswith(
        "<h3>short</h3><p>No text of this data set is long enough to be counted.</p>"
    )
