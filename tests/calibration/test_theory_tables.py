"""The tables of the theory: texts of known laws, short ones, used-up ones, and the labels."""

import math

import numpy as np
import polars as pl
import pytest
from zipf_texts import ZipfTexts

from calibration.assumptions import ASSUMES
from calibration.statistics.toy import ZipfLaw, passed_on
from calibration.statistics.zipf import Counts, counts_of
from calibration.theory import Counted, theory_tables
from calibration.theory_tables import RANKS, SINGLETONS, THEORY

STEPS = 200.0


def counted(counts: Counts, *, unit: str = "tokens", steps: float | None = STEPS) -> Counted:
    return Counted("letters", "m0", unit, counts, steps, ASSUMES)


@pytest.fixture(scope="module")
def text() -> Counts:
    """300,000 tokens of α = 1.3 with 100,000 types, in 60 documents."""
    tokens = ZipfTexts(1.3, 100_000).tokens(300_000, np.random.default_rng(0))
    return counts_of(np.arange(len(tokens)) % 60, tokens)


def rows(counts: Counts, **labels: object) -> list[dict[str, object]]:
    return theory_tables([counted(counts, **labels)], seed=0).theory.to_dicts()  # type: ignore[arg-type]


def test_a_text_of_a_known_law_is_found_and_predicted(text: Counts) -> None:
    half, top = rows(text)
    assert (half["estimator"], top["estimator"]) == ("split half", "top 5,000")
    assert half["alpha"] == pytest.approx(1.3, abs=0.02)
    assert half["predicted"] == pytest.approx(1 / 1.3 - 1, abs=0.02)
    assert half["predicted_finite"] == pytest.approx(
        float(ZipfLaw(1.3, 100_000).local_exponent(300_000)), abs=0.05
    )
    # The prediction and what was counted are of the same text, and agree as the law is true.
    assert half["local_exponent"] == pytest.approx(half["predicted_finite"], abs=0.05)
    assert half["documents"] == 60
    assert (half["tokens"], half["types"]) == (300_000, text.types)
    assert half["warnings"] == []


def test_saturation_is_that_of_the_mass_of_the_text(text: Counts) -> None:
    half, _ = rows(text)
    mass = (text.totals == 1).sum() / 300_000
    assert half["singleton_mass"] == pytest.approx(mass, rel=1e-9)
    assert half["derailments"] == pytest.approx(mass * STEPS)
    assert half["passed_on"] == pytest.approx(float(passed_on(mass, STEPS)))
    words, _ = rows(text, unit="words", steps=None)
    assert words["passed_on"] is words["steps"] is words["derailments"] is None


def test_an_alpha_of_one_or_less_predicts_nothing_that_rises() -> None:
    tokens = ZipfTexts(0.8, 20_000).tokens(100_000, np.random.default_rng(1))
    half, _ = rows(counts_of(np.arange(len(tokens)) % 50, tokens))
    assert half["alpha"] == pytest.approx(0.8, abs=0.03)
    assert half["predicted"] is None
    assert float(str(half["predicted_finite"])) < 0


def test_a_used_up_vocabulary_has_no_finite_exponent() -> None:
    tokens = ZipfTexts(1.0, 30).tokens(100_000, np.random.default_rng(2))
    half, _ = rows(counts_of(np.arange(len(tokens)) % 50, tokens))
    assert half["singleton_mass"] == 0
    assert half["predicted_finite"] is half["local_exponent"] is half["passed_on"] is None
    assert "under this α every type would be seen twice or more" in str(half["warnings"])


def test_few_documents_are_warned_of_and_one_has_no_alpha(text: Counts) -> None:
    tokens = ZipfTexts(1.3, 1_000).tokens(5_000, np.random.default_rng(3))
    few, _ = rows(counts_of(np.arange(len(tokens)) % 5, tokens))
    assert "below 40 source texts, found 5" in str(few["warnings"])
    alone = rows(counts_of(np.zeros(len(tokens)), tokens))
    for row in alone:
        assert row["alpha"] is row["predicted"] is row["predicted_finite"] is None
        assert row["singleton_mass"] is not None
        assert "α is not estimated" in str(row["warnings"])


def test_types_that_are_all_as_frequent_have_no_law() -> None:
    _, top = rows(counts_of(np.arange(400), np.arange(400)))
    assert top["alpha"] == pytest.approx(0)
    assert top["predicted"] is top["predicted_finite"] is top["vocabulary"] is None
    assert top["warnings"] == ["α is not above 0: the theory takes frequencies to fall with rank"]


def test_a_text_that_says_nothing_has_no_row() -> None:
    tables = theory_tables([counted(counts_of(np.zeros(99), np.arange(99)))], seed=0)
    assert all(frame.is_empty() for frame in tables)
    assert (tables.theory.schema, tables.ranks.schema) == (THEORY, RANKS)
    assert tables.singletons.schema == SINGLETONS


def test_no_value_is_nan(text: Counts) -> None:
    single = counts_of(np.zeros(200), np.arange(200) % 150)
    for frame in theory_tables([counted(text), counted(single)], seed=0):
        floats = frame.select(pl.selectors.float())
        assert not floats.select(pl.all().is_nan().any()).row(0).count(True)


def test_the_masses_are_of_the_text_and_then_of_the_law_alone(text: Counts) -> None:
    masses = theory_tables([counted(text)], seed=0).singletons
    within = masses.filter(pl.col("singleton_mass").is_not_null())
    assert within["tokens"].max() == 300_000
    assert within["singleton_mass"].to_numpy() == pytest.approx(
        within["predicted_mass"].to_numpy(), rel=0.05
    )
    beyond = masses.filter(pl.col("tokens") > 300_000)
    assert beyond["singleton_mass"].is_null().all()
    law = beyond["predicted_mass"].drop_nulls().to_list()
    assert law == sorted(law, reverse=True)
    assert len(law) > 5
    assert beyond["tokens"].max() == 10**13


def test_the_line_of_the_ranks_has_the_slope_of_alpha(text: Counts) -> None:
    tables = theory_tables([counted(text)], seed=0)
    line = tables.ranks.drop_nulls("fitted").sort("rank")
    first, last = line.row(0, named=True), line.row(-1, named=True)
    slope = math.log(last["fitted"] / first["fitted"]) / math.log(last["rank"] / first["rank"])
    assert slope == pytest.approx(-tables.theory["alpha"][0])
    assert line["fitted"].to_numpy() == pytest.approx(line["frequency"].to_numpy(), rel=0.3)
    whole = tables.ranks.filter(pl.col("ranking") == "the whole text")
    assert whole["fitted"].is_null().all()
    assert (whole["rank"][0], whole["rank"][-1]) == (1, text.types)
    assert whole["frequency"][0] == text.totals.max() / 300_000
