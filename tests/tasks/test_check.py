"""What a failed check stops, says and leaves."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from bench import Bench

from calibration.conventions import AtEnd, Unit
from calibration.errors import CheckFailed
from calibration.recipes import SamplesRecipe, VerdictRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete, read_table
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.resolution import resolved
from storage.studies import read_study
from storage.verdicts import read_verdict
from studies import CONTINUATION, PROMPT, model, write_models, write_study
from tasks.encode import encode
from tasks.fit import fit
from tasks.fit_study import fit_study
from tasks.ingest import ingest
from tasks.summarize import summarize
from tasks.theorize import theorize


def respoiled(bench: Bench, spoil: Callable[[pl.DataFrame], pl.DataFrame]) -> SamplesRecipe:
    """The samples made, then sealed again with something wrong in them."""
    bench.sample()
    recipe = bench.one.samples
    samples = read_table(bench.store, recipe, "samples")
    replay = read_table(bench.store, recipe, "replay")
    bench.store.remove(manifest_key(recipe.address))
    draft = Draft(bench.store, recipe)
    files = [
        draft.write_table(spoil(samples), table="samples"),
        draft.write_table(replay, table="replay"),
    ]
    draft.seal(files, title="spoiled", facts={"vocabulary": 8})
    return recipe


def summarized(bench: Bench, title: str) -> None:
    store = str(bench.store.root)
    summarize.fn(bench.one.summary, title=title, checkpoint=bench.checkpoint, store=store)


def test_clean_samples_pass_and_can_be_read(bench: Bench) -> None:
    bench.sample()
    bench.score()
    bench.judge(bench.one.samples)
    bench.judge(bench.one.scores)
    summarize.fn(
        bench.one.summary, title="clean", checkpoint=bench.checkpoint, store=str(bench.store.root)
    )
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
    bench.score()
    for _ in range(2):  # the verdict is kept: a rerun says the same
        with pytest.raises(CheckFailed, match="kept at samples/"):
            bench.judge(recipe)
    with pytest.raises(CheckFailed, match="cannot be used"):
        summarize.fn(
            bench.one.summary,
            title="spoiled",
            checkpoint=bench.checkpoint,
            store=str(bench.store.root),
        )
    assert is_complete(bench.store, recipe)
    assert not is_complete(bench.store, bench.one.summary)


def test_what_was_never_checked_cannot_be_read(bench: Bench) -> None:
    bench.sample()
    bench.score()
    with pytest.raises(CheckFailed, match="has not been checked"):
        summarize.fn(
            bench.one.summary,
            title="unchecked",
            checkpoint=bench.checkpoint,
            store=str(bench.store.root),
        )


def measured(root: Path, unit: Unit, at_end: AtEnd) -> Bench:
    """A study whose windows reach past the ends of its texts, nothing of it made yet."""
    write_models(root, count=1)
    letters = {
        "name": "letters",
        "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
        "prompt": PROMPT,
        "continuation": CONTINUATION + 2,
        "unit": unit,
        "examples": 50,
    }
    study = write_study(root, models=[model(0)], datasets=[letters], decodings=[{}], at_end=at_end)
    lineage = resolved(read_study(study), file=str(study))
    return Bench(root, lineage, LocalStore(root / "store"))


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
@pytest.mark.parametrize("at_end", ["continue", "stop", "natural"])
def test_every_table_of_a_study_is_judged_by_its_own_unit_and_policy(
    tmp_path: Path, unit: Unit, at_end: AtEnd
) -> None:
    bench = measured(tmp_path, unit, at_end)
    one, store = bench.one, str(bench.store.root)
    source, study_fit = one.examples, bench.lineage.report.study_fit
    ingest.fn(source.texts, dataset=one.dataset, root=str(tmp_path), store=store)
    bench.judge(source.texts)
    encode.fn(source, title="letters", checkpoint=bench.checkpoint, store=store)
    bench.judge(source)
    bench.sample()
    bench.judge(one.samples)
    bench.score()
    bench.judge(one.scores)
    summarized(bench, "letters")
    bench.judge(one.summary)
    fit.fn(study_fit.fits[0], title="chains", store=store)
    bench.judge(study_fit.fits[0])
    fit_study.fn(study_fit, title="chains", store=store)
    bench.judge(study_fit)
    theorize.fn(bench.lineage.report.theory, title="chains", store=store)
    bench.judge(bench.lineage.report.theory)
    ended = read_table(bench.store, source, "examples")["continuation_bytes"].list.last() == 0
    assert ended.all() == (at_end == "natural")
