"""Where a model came from stands in the manifest of what it made."""

from dataclasses import replace

from bench import Bench

from storage.manifests import manifest_of
from tasks.sample import sample
from tasks.score import score

SOURCE = "owner/name@0123456789abcdef0123456789abcdef01234567"


def test_the_commit_of_a_hub_model_is_a_fact_of_its_samples_and_scores(bench: Bench) -> None:
    place, where = str(bench.store.root), replace(bench.checkpoint, source=SOURCE)
    sample.fn({bench.one.samples: "s"}, model="m0", checkpoint=where, store=place)
    score.fn({bench.one.scores: "s"}, model="m0", checkpoint=where, store=place)
    for recipe in (bench.one.samples, bench.one.scores):
        manifest = manifest_of(bench.store, recipe)
        assert manifest is not None
        assert manifest.facts["source"] == SOURCE


def test_a_local_model_has_no_such_fact_and_no_path(bench: Bench) -> None:
    bench.score()
    manifest = manifest_of(bench.store, bench.one.scores)
    assert manifest is not None
    assert manifest.facts["source"] is None
    assert str(bench.root) not in manifest.model_dump_json()
