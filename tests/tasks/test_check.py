"""What a failed check stops, says and leaves."""

from collections.abc import Callable

import polars as pl
import pytest
from bench import Bench

from calibration.errors import CheckFailed
from calibration.recipes import SamplesRecipe, VerdictRecipe
from expectations.suites import VERSIONS
from storage.artifacts import MANIFEST, is_complete, read_table, seal, write_table
from storage.verdicts import read_verdict
from tasks.summarize import summarize


def respoiled(bench: Bench, spoil: Callable[[pl.DataFrame], pl.DataFrame]) -> SamplesRecipe:
    """The samples made, then sealed again with something wrong in them."""
    bench.sample()
    recipe = bench.one.samples
    samples = read_table(bench.store, recipe, "samples")
    replay = read_table(bench.store, recipe, "replay")
    bench.store.remove(f"{recipe.address}/{MANIFEST}")
    files = [
        write_table(bench.store, recipe, spoil(samples), table="samples"),
        write_table(bench.store, recipe, replay, table="replay"),
    ]
    seal(bench.store, recipe, files, title="spoiled", seconds=1.0, facts={"vocabulary": 8})
    return recipe


def test_clean_samples_pass_and_can_be_read(bench: Bench) -> None:
    bench.sample()
    bench.score()
    bench.judge(bench.one.samples)
    bench.judge(bench.one.scores)
    summarize.fn(bench.one.summary, title="clean", store=str(bench.store.root))
    assert is_complete(bench.store, bench.one.summary)


def test_a_failed_check_names_rule_count_and_three_examples(bench: Bench) -> None:
    negative = pl.col("entropy").list.eval(pl.element() - 5)
    recipe = respoiled(bench, lambda samples: samples.with_columns(negative))
    with pytest.raises(CheckFailed) as failure:
        bench.judge(recipe)
    verdict = read_verdict(bench.store, VerdictRecipe(table=recipe, suite=VERSIONS["samples"]))
    assert verdict is not None
    broken = verdict.filter(~pl.col("passed") & (pl.col("severity") == "fail"))
    assert not broken.is_empty()
    for row in broken.rows(named=True):
        assert row["rule"] in str(failure.value)
    counted = broken.filter(pl.col("count") == 100)
    assert counted["examples"].list.len().to_list() == [3] * len(counted)
    assert len(counted) > 0


def test_a_failed_check_stops_what_depends_on_it_and_keeps_what_was_made(bench: Bench) -> None:
    recipe = respoiled(bench, lambda samples: samples.with_columns(pl.lit(True).alias("ended")))
    for _ in range(2):  # the verdict is kept: a rerun says the same
        with pytest.raises(CheckFailed, match="kept at samples/"):
            bench.judge(recipe)
    with pytest.raises(CheckFailed, match="cannot be used"):
        summarize.fn(bench.one.summary, title="spoiled", store=str(bench.store.root))
    assert is_complete(bench.store, recipe)
    assert not is_complete(bench.store, bench.one.summary)


def test_what_was_never_checked_cannot_be_read(bench: Bench) -> None:
    bench.sample()
    with pytest.raises(CheckFailed, match="has not been checked"):
        summarize.fn(bench.one.summary, title="unchecked", store=str(bench.store.root))
