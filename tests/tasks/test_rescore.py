"""Own texts read by weights in another precision, and the summary that is made of them."""

import sys
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from bench import Bench

from calibration.engine.decoding import Decoding
from calibration.errors import ModelError
from calibration.measurement import as_rescored
from calibration.recipes import RescoresRecipe, ScoresRecipe, SummaryRecipe, WeightPrecision
from expectations.suites import rescores_verdict
from storage.artifacts import read_table
from storage.loading import load_network, require_loadable
from storage.weights import Checkpoint
from tasks.rescore import rescore
from tasks.score import score
from tasks.summarize import summarize

HALF = 0.05  # nats: far beyond what 16 bits round the log probabilities of a chain to


def in_precision(bench: Bench, precision: WeightPrecision) -> RescoresRecipe:
    model = bench.one.samples.model.model_copy(update={"precision": precision})
    return RescoresRecipe(samples=bench.one.samples, model=model)


def made(bench: Bench, precision: WeightPrecision) -> RescoresRecipe:
    bench.sample()
    bench.judge(bench.one.samples)
    recipe = in_precision(bench, precision)
    call = {"model": "m0", "checkpoint": bench.checkpoint, "store": str(bench.store.root)}
    assert rescore.fn({recipe: "texts"}, **call) == [recipe.address]
    assert rescore.fn({recipe: "texts"}, **call) == []
    bench.judge(recipe)
    return recipe


def values(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].explode().to_numpy()


def test_the_same_precision_reads_what_was_sampled(bench: Bench) -> None:
    recipe = made(bench, "float32")
    samples = read_table(bench.store, recipe.samples, "samples")
    again = read_table(bench.store, recipe, "rescores")
    for name in ("entropy", "log_prob", "end_probability"):
        assert values(again, name) == pytest.approx(values(samples, name), abs=1e-4)
    assert again["example"].to_list() == samples["example"].to_list()


def test_another_precision_stands_in_for_the_sampler_in_the_summary(bench: Bench) -> None:
    recipe = made(bench, "bfloat16")
    store = str(bench.store.root)
    plain = bench.one.scores
    scores = ScoresRecipe(
        examples=plain.examples,
        model=recipe.model,
        decoding=plain.decoding,
        at_end=plain.at_end,
        end_ids=plain.end_ids,
    )
    call = {"checkpoint": bench.checkpoint, "store": store}
    score.fn({scores: "texts"}, model="m0", **call)
    bench.judge(scores)
    summary = SummaryRecipe(
        samples=recipe.samples, scores=scores, rescored=recipe, alignment="slipped"
    )
    summarize.fn(summary, title="texts", **call)
    bench.judge(summary)
    samples = read_table(bench.store, recipe.samples, "samples")
    again = read_table(bench.store, recipe, "rescores")
    sums = read_table(bench.store, summary, "examples")
    total = sums["entropy"].list.last().sum()
    assert total == pytest.approx(float(values(again, "entropy").sum()), rel=1e-6)
    assert total != pytest.approx(float(values(samples, "entropy").sum()), rel=1e-9)
    assert values(again, "entropy") == pytest.approx(values(samples, "entropy"), abs=HALF)
    losses = read_table(bench.store, scores, "scores")["log_loss"]
    late = float(losses.list.slice(1).list.sum().sum())
    assert sums["log_loss"].list.last().sum() == pytest.approx(late, rel=1e-6)
    # The gate is the sampler's own, in its own precision.
    gate = read_table(bench.store, summary, "gate")
    assert gate["largest_difference"].item() < 1e-4
    assert as_rescored(samples, again)["tokens"].equals(samples["tokens"])


@pytest.mark.parametrize(
    ("rule", "spoiled"),
    [
        ("same-texts", pl.col("example").reverse()),
        ("read-to-the-end", pl.col("entropy", "log_prob", "end_probability").list.slice(1)),
        ("token-possible", pl.col("log_prob").list.eval(pl.element() + 9)),
        ("entropy-in-range", pl.col("entropy").list.eval(pl.element() + 9)),
    ],
)
def test_a_defect_planted_in_what_was_read_again_is_named(rule: str, spoiled: pl.Expr) -> None:
    own = pl.DataFrame(
        {
            "cluster": ["a", "b"],
            "example": pl.Series([0, 1], dtype=pl.Int32),
            "tokens": [[1, 2], [3, 0]],
            "entropy": [[1.0, 0.5], [0.2, 0.1]],
            "log_prob": [[-1.0, -0.5], [-0.2, -0.1]],
            "end_probability": [[0.0, 0.1], [0.0, 0.1]],
        }
    )
    decoding = Decoding(temperature=1.0)
    whole = rescores_verdict(own.drop("tokens"), own, vocabulary=8, decoding=decoding)
    assert whole["passed"].all()
    verdict = rescores_verdict(
        own.drop("tokens").with_columns(spoiled), own, vocabulary=8, decoding=decoding
    )
    assert rule in verdict.filter(~pl.col("passed"))["rule"].to_list()


def test_without_its_package_four_bits_are_refused_before_any_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(ModelError, match=r"pip install -e '\.\[four-bit\]'"):
        require_loadable(bench.checkpoint, precision="four-bit")
    require_loadable(bench.checkpoint, precision="bfloat16")


def test_a_gguf_file_is_not_packed_again() -> None:
    with pytest.raises(ModelError, match=r"found the GGUF file model-q8\.gguf"):
        require_loadable(Checkpoint("somewhere", file="model-q8.gguf"), precision="four-bit")


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs pip install -e '.[four-bit]'")
def test_four_bits_are_near_the_weights_and_not_the_same(bench: Bench) -> None:
    network = load_network(bench.checkpoint, precision="four-bit")
    assert network.vocabulary == 8
    recipe = made(bench, "four-bit")
    samples = read_table(bench.store, recipe.samples, "samples")
    again = read_table(bench.store, recipe, "rescores")
    difference = np.abs(values(again, "entropy") - values(samples, "entropy"))
    assert 0 < difference.mean() < 0.2
