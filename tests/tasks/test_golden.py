"""What each stage makes of one small study, as it was when its VERSION was set.

A failure here means that a stage's output has changed: raise its recipe's VERSION and write the
new values, or find the mistake.
"""

import hashlib

import pytest
from bench import Bench

from calibration.recipes import (
    ExamplesRecipe,
    SamplesRecipe,
    ScoresRecipe,
    TextsRecipe,
    TheoryRecipe,
)
from calibration.theory_tables import THEORY_TABLES
from storage.artifacts import read_table
from tasks.theorize import theorize


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_texts_and_examples(bench: Bench) -> None:
    texts = read_table(bench.store, bench.one.examples.texts, "texts")
    examples = read_table(bench.store, bench.one.examples, "examples")
    assert (TextsRecipe.VERSION, digest(texts.write_ndjson())) == (2, "5db2f2e4e66f0e56")
    assert (ExamplesRecipe.VERSION, digest(examples.write_ndjson())) == (2, "00433e29b4df34d3")


def test_samples_and_scores(bench: Bench) -> None:
    bench.sample()
    bench.score()
    samples = read_table(bench.store, bench.one.samples, "samples")
    scores = read_table(bench.store, bench.one.scores, "scores")
    tokens = digest(str(samples["tokens"].to_list()))
    assert (SamplesRecipe.VERSION, tokens) == (1, "8a040662c13f86dd")
    assert samples["entropy"].list.sum().sum() == pytest.approx(4120.5205078125, rel=1e-5)
    assert (ScoresRecipe.VERSION, scores["log_loss"].list.sum().sum()) == (
        2,
        pytest.approx(5633.76953125, rel=1e-5),
    )
    # What version 2 added.
    assert scores["inside"].list.len().to_list() == scores["log_loss"].list.len().to_list()
    assert scores["inside"].explode().all()


def test_the_theory(bench: Bench) -> None:
    recipe = bench.lineage.report.theory
    theorize.fn(recipe, title="letters", store=str(bench.store.root))
    theory, ranks, singletons = (read_table(bench.store, recipe, table) for table in THEORY_TABLES)
    assert (TheoryRecipe.VERSION, len(theory), len(ranks), len(singletons)) == (1, 8, 120, 271)
    of_runs = theory.filter(unit="3-grams", estimator="split half").row(0, named=True)
    assert of_runs["alpha"] == pytest.approx(0.5046331514172052, rel=1e-6)
    assert of_runs["predicted_finite"] == pytest.approx(-4.48804118303691, rel=1e-6)
    assert ranks["frequency"].sum() == pytest.approx(3.3721103896103894, rel=1e-9)
    assert singletons["singleton_mass"].sum() == pytest.approx(3.357167683665561, rel=1e-9)
