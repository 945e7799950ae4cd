"""Truncated decodings are told over all their mixtures, and no single λ speaks for one."""

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, PROVENANCE, SIZES, Study, made_up_study
from made_up_truncations import LABELS, MIXTURES, TRUNCATION, truncated_alone, truncated_study

from calibration.report.contents import report_page, summary_text
from calibration.report.downloads import csv_of
from calibration.report.figures.catalogue import study_figures
from calibration.report.figures.files import rendered
from calibration.report.paths import NONE, PATHS, path_cells, path_findings, path_rows, paths
from calibration.report.published import findings_markdown
from calibration.report.results import first_decoding, read_measurements
from calibration.report.wording import UNDETERMINED, findings, unsigned

WHOLE, ALONE = truncated_study().tables, truncated_alone().tables
PATH = f"temperature 1, {TRUNCATION}"


def pure_alone() -> Study:
    study = truncated_alone()
    frames = {
        name: frame.filter(decoding=LABELS[-1])
        for name, frame in vars(study.tables).items()
        if "decoding" in frame.columns and name != "readings"
    }
    readings = study.tables.readings.with_columns(decoding=pl.lit(LABELS[-1]))
    return study.with_tables(**frames, readings=readings)


def page(study: Study) -> str:
    return report_page(study.tables, PROVENANCE, figures=[])


def headline(text: str) -> str:
    return text.partition('class="headline"')[2].partition("</div>")[0]


def test_a_truncation_is_one_path_from_the_largest_mixture_on() -> None:
    ((title, rows),) = paths(WHOLE.ent_ce.filter(model=next(iter(SIZES))))
    assert title == PATH
    assert rows["mixture"].to_list() == list(MIXTURES)
    assert list(paths(made_up_study().tables.ent_ce)) == []


def test_a_path_is_told_with_its_coverage_and_beside_it_the_pure_sampler() -> None:
    ((_, rows),) = paths(WHOLE.ent_ce.filter(model="ladder-60k"))
    cells = dict(zip((one.heading for one in PATHS), path_cells(rows), strict=True))
    assert cells["coverage"] == "95 %"
    assert cells["mixtures λ"] == "0.1 → 0.001"
    assert cells["H of the pure sampler"] == unsigned(rows["entropy"][-1])
    alone = path_cells(rows.filter(pl.col("mixture") > 0))
    assert alone[-2:] == [NONE, NONE]
    assert path_cells(rows.filter(mixture=0))[3:7] == [NONE] * 4
    assert len(path_rows(WHOLE.ent_ce)) == len(SIZES)


def test_a_range_over_mixtures_names_its_ends_and_the_entropy_it_leads_to() -> None:
    (sentence,) = path_findings(WHOLE.ent_ce)
    known = WHOLE.ent_ce.filter(truncation=TRUNCATION).filter(pl.col("mixture") > 0).sort("ent_ce")
    for row in (known.row(0, named=True), known.row(-1, named=True)):
        assert f"({row['model']}, λ {row['mixture']:g})" in sentence
    assert "over 5 models and 3 mixtures λ" in sentence
    assert "the pure sampler (λ 0) has an entropy from" in sentence
    assert "infinite" not in sentence


def test_pure_samplers_alone_are_told_by_their_entropy() -> None:
    (sentence,) = path_findings(WHOLE.ent_ce.filter(mixture=0))
    assert sentence.startswith(f"At {PATH}, there is no EntCE, since no mixture λ above 0")
    assert "has an entropy from" in sentence


def test_the_headline_is_of_a_decoding_that_truncates_nothing() -> None:
    reordered = WHOLE.ent_ce.sort("truncation", nulls_last=True, maintain_order=True)
    assert first_decoding(reordered) == DECODINGS[0]
    assert {decoding for _, _, decoding in read_measurements(reordered)} == {DECODINGS[0]}
    told = headline(page(truncated_study()))
    assert f"({DECODINGS[0]})" in told
    assert "λ" not in told
    assert "top-p" not in told


def test_where_all_truncate_the_headline_is_a_range_over_mixtures() -> None:
    told = headline(page(truncated_alone()))
    assert path_findings(ALONE.ent_ce)[0].replace("'", "&#x27;") in told
    assert first_decoding(ALONE.ent_ce.reverse()) == LABELS[2]  # the first that has a log loss


def test_what_is_published_has_findings_of_plain_decodings_and_ranges_of_the_others() -> None:
    text = findings_markdown("s", WHOLE.ent_ce, WHOLE.fits, report="r")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        *(f"## {DATASET}, {decoding}" for decoding in DECODINGS),
        f"## {DATASET}, truncated",
    ]
    assert text.count("λ 0.001") == text.count("λ 0.1") == 1


def test_the_page_shows_the_path_its_coverage_and_an_infinite_loss_as_such() -> None:
    text = page(truncated_study())
    assert "<h3>Truncated decodings</h3>" in text
    assert text.count(">infinite</td>") == len(SIZES)
    assert "nan" not in text.lower().replace("finance", "")
    assert "<h3>Truncated decodings</h3>" not in page(made_up_study())


def test_every_figure_of_pure_samplers_alone_can_be_drawn() -> None:
    figures = study_figures(pure_alone().tables)
    assert "loss-ent-ce-plane" not in {figure.name for figure in figures}
    of_loss = ("entropy-over-steps", "ent-ce-against-size")
    drawn = [figure for figure in figures if figure.name in of_loss]
    assert len(drawn) == len(of_loss)
    for figure in drawn:
        assert rendered(figure.drawn, "svg")


def test_a_page_of_pure_samplers_alone_says_that_there_is_no_ent_ce() -> None:
    assert "there is no EntCE" in headline(page(pure_alone()))


def test_the_terminal_shows_every_decoding_within_its_width() -> None:
    text = summary_text(WHOLE.ent_ce, WHOLE.fits)
    assert max(map(len, text.splitlines())) <= 110
    assert all(label in text for label in LABELS)
    assert "infinite" in text


def test_findings_of_a_pure_sampler_give_no_ent_ce() -> None:
    of = {"decoding": LABELS[-1]}
    told = findings(WHOLE.ent_ce.filter(**of), WHOLE.fits.filter(**of).clear())
    assert told[0] == f"EntCE is {UNDETERMINED} for {len(SIZES)} models."


@pytest.mark.parametrize("name", ["ent_ce", "curves"])
def test_tables_to_take_away_hold_numbers_infinities_and_nothing_else(name: str) -> None:
    text = csv_of(WHOLE, name).content.decode()
    found = pl.read_csv(text.encode())
    assert "NaN" not in text
    if name == "ent_ce":
        pure = found.filter(mixture=0)
        assert (pure["log_loss"].cast(pl.Float64) == float("inf")).all()
        assert pure["ent_ce"].is_null().all()
