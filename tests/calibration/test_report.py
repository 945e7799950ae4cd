"""The page and the terminal's lines: complete, safe, and never surer than the tables."""

import re
from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study

from calibration.report import report_page, summary_text

HOSTILE = "<script>alert(1)</script>"
WIDTH = 110


@pytest.fixture(scope="module")
def study() -> Study:
    return made_up_study()


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    return paged(study)


def paged(study: Study) -> str:
    return report_page(study.ent_ce, study.curves, study.fits, study.bands, study.provenance)


def spoken(page: str) -> str:
    """The page without its pictures' bytes and its style."""
    return re.sub(r"base64,[^\"]*|<style>.*?</style>", "", page, flags=re.DOTALL)


def without_intervals(study: Study) -> Study:
    """The study with no interval anywhere."""
    ends = [f"{name}_{end}" for name in ("ent_ce", "drift", "static") for end in ("low", "high")]
    ends += [f"{name}_se" for name in ("ent_ce", "drift", "static")]
    fit_ends = ("exponent", "low", "high", "p_zero", "scatter")
    return replace(
        study,
        ent_ce=study.ent_ce.with_columns(pl.lit(None, pl.Float64).alias(end) for end in ends),
        fits=study.fits.with_columns(
            *(pl.lit(None, pl.Float64).alias(end) for end in fit_ends),
            identified=pl.lit(False),
        ),
    )


def test_every_measured_number_is_on_the_page(study: Study, page: str) -> None:
    for row in study.ent_ce.rows(named=True):
        for quantity in ("ent_ce", "drift", "static"):
            low, high = row[f"{quantity}_low"], row[f"{quantity}_high"]
            assert f"{row[quantity]:+.4f} [{low:+.4f}, {high:+.4f}]" in page
        for column in ("log_loss", "entropy", "teacher_entropy"):
            assert f">{row[column]:.4f}<" in page
        assert f">{row['parameters']:,}<" in page


def test_every_exponent_that_is_determined_is_on_the_page(study: Study, page: str) -> None:
    for fit in study.fits.filter("identified").rows(named=True):
        words = f"{fit['exponent']:+.2f} [{fit['low']:+.2f}, {fit['high']:+.2f}]"
        assert page.count(words) >= 1


def test_an_exponent_that_is_not_identified_is_nowhere_a_number(study: Study) -> None:
    page = spoken(paged(study.unidentified()))
    terminal = summary_text(study.ent_ce, study.unidentified().fits)
    for fit in study.fits.rows(named=True):
        for number in (fit["exponent"], fit["low"], fit["high"], fit["measurement_low"]):
            assert not re.search(rf"(?<!\d){re.escape(f'{number:+.2f}')}(?!\d)", page + terminal)
    assert page.count("not determined") >= len(study.fits)
    assert terminal.count("not determined: ") == len(study.fits)


def test_an_interval_around_zero_is_said_to_contain_it(study: Study) -> None:
    plain_last = replace(
        study,
        ent_ce=study.ent_ce.sort("decoding", maintain_order=True),
        fits=study.fits.with_columns(high=pl.lit(0.05), identified=pl.lit(True)),
    )
    page = paged(plain_last)
    assert "contains 0, so no miscalibration is shown, for 2 of 5 models" in page
    assert "the interval contains 0, so these models do not show whether EntCE" in page


def test_missing_intervals_are_undetermined_and_never_nan(study: Study) -> None:
    bare = without_intervals(study)
    for text in (spoken(paged(bare)), summary_text(bare.ent_ce, bare.fits)):
        assert "[undetermined]" in text
        assert not re.search(r"\b(nan|NaN|None|null|inf)\b", text)


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    sources = re.findall(r"""(?:src|href|action|data)\s*=\s*["']([^"']*)""", page)
    assert len(sources) == 3
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "<script" not in page
    assert not re.search(r"@import|url\(|https?:|<link", page)


def test_names_are_text_wherever_they_stand(study: Study) -> None:
    family = pl.lit(HOSTILE).alias("family")
    hostile = replace(
        study,
        ent_ce=study.ent_ce.with_columns(family, model=pl.lit(HOSTILE)),
        curves=study.curves.with_columns(model=pl.lit(HOSTILE)),
        fits=study.fits.with_columns(family, warnings=pl.lit([HOSTILE], pl.List(pl.String))),
        bands=study.bands.with_columns(family),
        provenance=replace(
            study.provenance,
            study=HOSTILE,
            versions={HOSTILE: HOSTILE},
            notes=[HOSTILE],
            differences=[HOSTILE],
            addresses=[(HOSTILE, HOSTILE)],
        ),
    )
    page = paged(hostile)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


def test_headings_come_in_order_and_the_language_is_named(page: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert '<html lang="en">' in page


def test_every_figure_has_words_for_who_cannot_see_it(page: str) -> None:
    words = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(words) == 3
    assert all(len(text) > 40 for text in words)


def test_the_page_says_how_it_was_made_and_what_differs(study: Study, page: str) -> None:
    made = study.provenance
    facts = [made.study, made.made_at, made.commit, made.at_end, *made.notes, *made.differences]
    facts += [f"{name} {version}" for name, version in made.versions.items()]
    facts += [text for pair in made.addresses for text in pair]
    assert [fact for fact in facts if fact not in page] == []


def test_warnings_are_collected_once_with_the_fits_that_raised_them(page: str) -> None:
    collected = page.partition("<h2>Warnings</h2>")[2].partition("<h2>")[0]
    assert collected.count("2 of 5 values are at or below 0") == 1
    assert collected.count(DECODINGS[1]) == 3


def test_a_study_of_one_model_and_no_fit_has_a_page(study: Study) -> None:
    alone = pl.col("model") == "ladder-6m"
    page = report_page(
        study.ent_ce.filter(alone),
        study.curves.filter(alone),
        study.fits.clear(),
        study.bands.clear(),
        study.provenance,
    )
    assert "No family was fitted." in page
    assert "1 model, 1 data set and 2 decodings" in page


def test_every_data_set_has_its_section(study: Study) -> None:
    def twice(frame: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([frame, frame.with_columns(dataset=pl.lit("letters"))])

    alone = pl.col("model") == "ladder-6m"
    page = report_page(
        twice(study.ent_ce.filter(alone)),
        twice(study.curves.filter(alone)),
        twice(study.fits),
        twice(study.bands),
        study.provenance,
    )
    assert re.findall(r"<h2>Data set (\w+)</h2>", page) == [DATASET, "letters"]
    assert page.count("<img ") == 6


def test_equal_tables_give_equal_pages(page: str) -> None:
    assert paged(made_up_study()) == page


def test_the_summary_has_a_row_for_every_model_and_decoding(study: Study) -> None:
    text = summary_text(study.ent_ce, study.fits)
    assert [line for line in text.splitlines() if line.startswith("speeches, ")] == [
        f"speeches, {decoding} (512 texts from 43 sources; nats per token, 95 % intervals)"
        for decoding in DECODINGS
    ]
    for row in study.ent_ce.rows(named=True):
        low, high = row["ent_ce_low"], row["ent_ce_high"]
        words = f"{row['ent_ce']:+.3f} [{low:+.3f}, {high:+.3f}]"
        assert any(words in line and line.startswith(row["model"]) for line in text.splitlines())


def test_the_summary_is_aligned(study: Study) -> None:
    rows = [
        line
        for line in summary_text(study.ent_ce, study.fits).splitlines()
        if line.startswith("ladder-")
    ]
    assert len(rows) == len(SIZES) * len(DECODINGS)
    assert len({len(line) for line in rows}) == 1


def test_the_summary_states_each_fit_in_a_line(study: Study) -> None:
    text = summary_text(study.ent_ce, study.fits)
    assert "exponent of EntCE over 5 models: -0.20 [-0.29, -0.11]" in text
    assert "exponent of drift over 5 models: not determined: " in text


@pytest.mark.parametrize("name", ["m", "Llama-3.1-70B-Instruct", "x" * 130, "several words " * 12])
def test_the_summary_is_never_wider_than_it_promises(study: Study, name: str) -> None:
    long = study.renamed("ladder-6m", name)
    lines = summary_text(long.ent_ce, long.fits).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert name.strip().replace(" ", "") in "".join(lines).replace(" ", "")
