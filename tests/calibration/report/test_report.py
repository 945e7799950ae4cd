"""The page and the terminal's lines: complete, safe, and never surer than the tables."""

import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from urllib.parse import unquote

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, PROVENANCE, SIZES, Study, made_up_study, study_of

from calibration.report.contents import report_page, summary_text
from calibration.report.downloads import SAVED
from calibration.report.figures.catalogue import StudyFigure, study_figures
from calibration.report.style import MOST_COLUMNS

HOSTILE = "<script>alert(1)</script>"
UNSEEN = HOSTILE + "\u202e\x00"
WIDTH = 110
LARGEST_PAGE = 4_000_000  # bytes
FIGURES = 11
OF_ONE_MODEL = 6  # none against size
PAPER_FAMILIES = {  # parameters in billions, as the paper's models have them
    "llama2": (6.7, 13, 69),
    "llama3": (1.2, 3.2, 8, 70),
    "pythia": (0.41, 1.4, 2.8, 6.9, 12),
    "qwen2.5": (0.49, 1.5, 3.1, 7.6, 14, 32, 72),
    "llama2-chat": (6.7, 13, 69),
    "llama3-instruct": (1.2, 3.2, 8, 70),
    "qwen2.5-instruct": (0.49, 1.5, 3.1, 7.6, 14, 32, 72),
}


def paged(study: Study) -> str:
    figures = study_figures(study.tables)
    return report_page(study.tables, study.provenance, figures=figures)


def drawn_once(figures: list[StudyFigure]) -> list[StudyFigure]:
    """Each kind of figure as the first data set has it: of equal studies they differ in a name."""
    first = {one.name: one for one in reversed(figures)}
    return [replace(one, draw=lambda name=one.name: first[name].drawn) for one in figures]


@pytest.fixture(scope="module")
def study() -> Study:
    return made_up_study()


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    return paged(study)


@pytest.fixture(scope="module")
def two_units(study: Study) -> str:
    """The page of one model on a data set in tokens and another in bytes."""
    two = study.of_model("ladder-6m").twice("letters")
    bytes_there = pl.when(pl.col("dataset") == "letters").then(pl.lit("bytes"))
    return paged(two.changed(unit=bytes_there.otherwise(pl.lit("tokens"))))


def spoken(page: str) -> str:
    """The page without what its pictures and links hold, and without its style."""
    return re.sub(r'"data:[^"]*"|<style>.*?</style>', "", page, flags=re.DOTALL)


def section(page: str, heading: str) -> str:
    return page.partition(f">{heading}</h2>")[2].partition("<h2")[0]


def part(page: str, heading: str) -> str:
    return page.partition(f"<h3>{heading}</h3>")[2].partition("<h3")[0]


def without_intervals(study: Study) -> Study:
    """The study with no interval anywhere."""
    ends = [f"{name}_{end}" for name in ("ent_ce", "drift", "static") for end in ("low", "high")]
    ends += [f"{name}_se" for name in ("ent_ce", "drift", "static")]
    ends += ["exponent", "p_zero", "scatter"]
    unknown = dict.fromkeys(ends, pl.lit(None))
    fits = study.tables.fits.with_columns(
        *(pl.lit(None, pl.Float64).alias(end) for end in ("low", "high")), identified=pl.lit(False)
    )
    return study.changed(**unknown).with_tables(fits=fits.with_columns(exponent=None))


def test_every_measured_number_is_on_the_page(study: Study, page: str) -> None:
    for row in study.tables.ent_ce.rows(named=True):
        for quantity in ("ent_ce", "drift", "static"):
            low, high = row[f"{quantity}_low"], row[f"{quantity}_high"]
            assert f"{row[quantity]:+.4f} [{low:+.4f}, {high:+.4f}]" in page
        for column in ("log_loss", "entropy", "teacher_entropy"):
            assert f">{row[column]:.4f}<" in page
        assert f">{row['parameters']:,}<" in page


def test_every_exponent_that_is_determined_is_on_the_page(study: Study, page: str) -> None:
    for fit in study.tables.fits.filter("identified").rows(named=True):
        words = f"{fit['exponent']:+.2f} [{fit['low']:+.2f}, {fit['high']:+.2f}]"
        assert page.count(words) >= 1


def test_an_exponent_that_is_not_identified_is_nowhere_a_number(study: Study) -> None:
    fits = study.unidentified().tables.fits
    page = spoken(paged(study.unidentified()))
    page = page.replace(section(page, "The theory"), "")  # its exponents are of texts
    terminal = summary_text(study.tables.ent_ce, fits)
    for fit in fits.rows(named=True):
        for number in (fit["exponent"], fit["low"], fit["high"], fit["measurement_low"]):
            assert not re.search(rf"(?<!\d){re.escape(f'{number:+.2f}')}(?!\d)", page + terminal)
    assert page.count("not determined") >= len(fits)
    assert terminal.count("not determined: ") == len(fits)


def test_an_interval_around_zero_is_said_to_contain_it(study: Study) -> None:
    cooler_first = study.with_tables(
        ent_ce=study.tables.ent_ce.sort("decoding", maintain_order=True),
        fits=study.tables.fits.with_columns(high=pl.lit(0.05), identified=pl.lit(True)),
    )
    page = paged(cooler_first)
    assert "contains 0, so no miscalibration is shown, for 2 of 5 models" in page
    assert "the interval contains 0, so these models do not show whether EntCE" in page


def test_missing_intervals_are_undetermined_and_never_nan(study: Study) -> None:
    bare = without_intervals(study)
    for text in (spoken(paged(bare)), summary_text(bare.tables.ent_ce, bare.tables.fits)):
        assert "[undetermined]" in text
        assert not re.search(r"\b(nan|NaN|None|null|inf)\b", text)


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(page: str) -> None:
    addresses = re.findall(r'(?:src|href|action|data|srcset|poster)="([^"]*)"', page)
    assert len(addresses) == 2 * FIGURES + len(SAVED)
    assert all(re.match(r"data:(image/svg\+xml|text/csv)", address) for address in addresses)
    assert not re.search(r"<script|@import|url\(|<link|<iframe|\bon\w+=", spoken(page))
    assert not re.search(r"https?:", spoken(page))


def test_names_are_text_wherever_they_stand(study: Study) -> None:
    hostile = pl.lit(HOSTILE)
    changed = study.of_model("ladder-6m").changed(
        model=hostile,
        family=hostile,
        **dict.fromkeys(("chosen_as", "cluster", "prompt"), pl.lit(UNSEEN)),
    )
    page = paged(
        replace(
            changed.with_tables(
                seen=changed.tables.seen.with_columns(texts=hostile),
                fits=study.tables.fits.with_columns(
                    family=hostile, warnings=pl.lit([HOSTILE], pl.List(pl.String))
                ),
            ),
            provenance=replace(
                PROVENANCE,
                study=HOSTILE,
                versions={HOSTILE: HOSTILE},
                devices=[HOSTILE],
                notes=[HOSTILE],
                differences=[HOSTILE],
                ancestry=study.provenance.ancestry.with_columns(
                    *(hostile.alias(name) for name in ("model", "dataset", "device", "code_commit"))
                ),
            ),
        )
    )
    assert "<script" not in page
    assert not re.search("[\x00\u202e]", page)
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 20
    assert page.count("&lt;/script&gt;⟨U+202E⟩␀") == 3 * 6


def test_every_column_of_every_table_has_a_look(page: str) -> None:
    columns = [found.count('<th scope="col"') for found in re.findall(r"<thead>.*?</thead>", page)]
    assert 10 < max(columns) <= MOST_COLUMNS


def test_headings_come_in_order_and_the_language_is_named(page: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert '<html lang="en">' in page


def test_every_figure_has_words_for_who_cannot_see_it(page: str) -> None:
    words = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(words) == FIGURES
    assert all(len(text) > 40 for text in words)


def test_the_page_says_how_it_was_made_and_what_differs(study: Study, page: str) -> None:
    made = study.provenance
    facts = [made.study, made.made_at, made.commit, made.at_end, *made.notes, *made.differences]
    facts += [f"{name} {version}" for name, version in made.versions.items()]
    facts += list(made.devices)
    assert [fact for fact in facts if fact not in page] == []


def test_every_measurement_has_the_artifacts_behind_it(study: Study, page: str) -> None:
    behind = section(page, "How it was made")
    digests = study.provenance.ancestry["address"].str.split("/").list.last()
    assert [digest for digest in digests if digest[:12] not in behind] == []


def test_warnings_are_collected_once_with_the_fits_that_raised_them(page: str) -> None:
    collected = section(page, "Warnings")
    assert collected.count("2 of 5 values are at or below 0") == 1
    assert collected.count(DECODINGS[1]) == 3


def test_a_study_of_one_model_and_no_fit_has_a_page(two_units: str) -> None:
    assert "No family was fitted." in two_units
    assert "1 model, 2 data sets and 2 decodings" in two_units


def test_every_data_set_has_its_section_and_a_link_to_it(two_units: str) -> None:
    found = re.findall(r'<h2 id="([\w-]+)">Data set (\w+)</h2>', two_units)
    assert [name for _, name in found] == [DATASET, "letters"]
    for anchor, name in found:
        assert f'<a href="#{anchor}">Data set {name}</a>' in two_units
    assert two_units.count("<img ") == 2 * OF_ONE_MODEL


def test_one_data_set_needs_no_table_of_contents(page: str) -> None:
    assert "<nav" not in page


def test_each_data_set_is_told_in_its_own_unit(two_units: str) -> None:
    first, second = (section(two_units, f"Data set {name}") for name in (DATASET, "letters"))
    assert ("nats per token" in first, "nats per byte" in first) == (True, False)
    assert ("nats per token" in second, "nats per byte" in second) == (False, True)
    assert re.search(r"On letters .{20,200}in nats per byte", two_units)


def test_the_spread_and_the_variety_of_texts_are_told(page: str) -> None:
    told = part(page, "Loops, derailed texts and repetition")
    assert told.count("<img ") == 2
    assert told.count("<td>8.3 %</td>") == len(SIZES)


def test_results_with_and_without_seen_texts_are_told(page: str) -> None:
    told = part(page, "Texts that a model may have seen")
    for texts in ("all", "up to 2019", "after 2019"):
        assert told.count(f">{texts}</td>") == len(SIZES)


def test_without_years_the_page_says_what_would_give_them(study: Study) -> None:
    alone = study.of_model("ladder-6m")
    told = part(
        paged(alone.with_tables(seen=study.tables.seen.clear())), "Texts that a model may have seen"
    )
    assert "<code>trained_until</code>" in told
    assert "<table" not in told


def test_the_theory_of_every_text_is_told(study: Study, page: str) -> None:
    told = section(page, "The theory")
    assert told.count('scope="row"') == len(study.tables.theory)
    assert told.count("<img ") == 2
    assert study.tables.theory["assumes"][0] in told


def test_the_forest_says_what_its_predictions_assume(page: str) -> None:
    told = section(page, "Exponents")
    assert f"the tokens of a data set at their finite (v, m): {DATASET} under the tokenizer" in told
    assert "assumes m ∝ N" in told


def test_the_gate_of_every_measurement_is_told(page: str) -> None:
    told = section(page, "The gate")
    assert told.count("<td>+0.00031</td>") == len(SIZES) * len(DECODINGS)
    assert told.count("<td>2.4e-06</td>") == len(SIZES) * len(DECODINGS)


def test_generations_of_the_ends_of_a_family_are_read(page: str) -> None:
    told = part(page, "Generations to read")
    assert re.findall(r"<summary>(.*?)</summary>", told) == [
        "ladder-60k: 6 texts",
        "ladder-6m: 6 texts",
    ]
    assert "the first 256 tokens of each text" in told


def test_without_generations_the_page_says_so(study: Study) -> None:
    alone = study.of_model("ladder-6m")
    page = paged(alone.with_tables(readings=study.tables.readings.clear()))
    assert "No generations were kept" in part(page, "Generations to read")


def test_every_table_and_figure_can_be_saved_from_the_page(page: str) -> None:
    saved = dict(re.findall(r'download="([^"]*)" href="data:[^,]*,([^"]*)"', page))
    assert [name for name in saved if name.endswith(".csv")] == [f"{name}.csv" for name in SAVED]
    shown = re.findall(r'src="data:image/svg\+xml,([^"]*)"', page)
    assert [saved[name] for name in saved if name.endswith(".svg")] == shown
    assert unquote(unescape(saved["ent_ce.csv"])).startswith("model,family,chat,base,")


def test_a_long_table_shows_its_first_decoding_and_folds_the_others() -> None:
    sizes = {f"m{number}": 10**6 + number for number in range(21)}
    study = study_of({"f": sizes}, datasets=(DATASET,), decodings=DECODINGS, steps=4)
    told = part(paged(study), "EntCE and its parts")
    before, folded, inside = told.partition("<details>")
    assert before.count(f">{DECODINGS[0]}</td>") == len(sizes)
    assert "The same for 1 other decoding: 21 rows" in folded + inside
    assert inside.count(f">{DECODINGS[1]}</td>") == len(sizes)


def test_equal_tables_give_equal_pages(study: Study, page: str) -> None:
    again = study_of({"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=224)
    assert paged(again) == page


@pytest.mark.slow
def test_a_study_as_large_as_the_papers_is_a_page_that_opens() -> None:
    families = {
        family: {f"{family}-{size:g}B": int(size * 1e9) for size in sizes}
        for family, sizes in PAPER_FAMILIES.items()
    }
    study = study_of(
        families,
        datasets=("wikitext", "writing-prompts", "code-contests"),
        decodings=[f"temperature {temperature}" for temperature in (1.0, 0.95, 0.9, 0.85, 0.8)],
        steps=1000,
    )
    figures = drawn_once(study_figures(study.tables))
    page = report_page(study.tables, study.provenance, figures=figures)
    assert len(page.encode()) < LARGEST_PAGE
    assert page.count("<img ") == 3 * (FIGURES - 1) + 1
    assert page.count("<summary>") > 3 * 2 * len(families)


def test_the_summary_has_a_row_for_every_model_and_decoding(study: Study) -> None:
    text = summary_text(study.tables.ent_ce, study.tables.fits)
    assert [line for line in text.splitlines() if line.startswith("speeches, ")] == [
        f"speeches, {decoding} (512 texts from 43 sources; nats per token, 95 % intervals)"
        for decoding in DECODINGS
    ]
    for row in study.tables.ent_ce.rows(named=True):
        low, high = row["ent_ce_low"], row["ent_ce_high"]
        words = f"{row['ent_ce']:+.3f} [{low:+.3f}, {high:+.3f}]"
        assert any(words in line and line.startswith(row["model"]) for line in text.splitlines())


def test_the_summary_names_the_unit(study: Study) -> None:
    tables = study.changed(unit=pl.lit("bytes")).tables
    assert "; nats per byte, 95 % intervals)" in summary_text(tables.ent_ce, tables.fits)


def test_the_summary_is_aligned(study: Study) -> None:
    rows = [
        line
        for line in summary_text(study.tables.ent_ce, study.tables.fits).splitlines()
        if line.startswith("ladder-")
    ]
    assert len(rows) == len(SIZES) * len(DECODINGS)
    assert len({len(line) for line in rows}) == 1


def test_the_summary_states_each_fit_in_a_line(study: Study) -> None:
    text = summary_text(study.tables.ent_ce, study.tables.fits)
    assert "exponent of EntCE over 5 models: -0.20 [-0.29, -0.11]" in text
    assert "exponent of drift over 5 models: not determined: " in text


@pytest.mark.parametrize("name", ["m", "Llama-3.1-70B-Instruct", "x" * 130, "several words " * 12])
def test_the_summary_is_never_wider_than_it_promises(study: Study, name: str) -> None:
    long = study.renamed("ladder-6m", name).tables
    lines = summary_text(long.ent_ce, long.fits).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert name.strip().replace(" ", "") in "".join(lines).replace(" ", "")
