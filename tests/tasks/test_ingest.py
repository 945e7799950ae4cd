"""ingest: what was selected is sealed, and what was left out is stated beside it."""

import logging
from pathlib import Path

import polars as pl
import pytest
from small_recipes import TEXTS, changed

from calibration.study import DatasetEntry
from storage.artifacts import read_table
from storage.local import LocalStore
from storage.manifests import manifest_of
from tasks.ingest import ingest


def dataset(root: Path) -> DatasetEntry:
    """Four stories of three prompts, one of them of two words."""
    prompts = ("a door", "a door", "the sea", "a hat")
    told = ("It opened slowly .", "It closed at once .", "No .", "It was too large .")
    rows = {"prompt": [f"[ WP ] {prompt}" for prompt in prompts], "story": told}
    (root / "set").mkdir()
    pl.DataFrame(rows).write_parquet(root / "set/train-0.parquet")
    source = {"kind": "writingprompts", "dataset": "set"}
    return DatasetEntry.model_validate(
        {"name": "stories", "source": source, "prompt": 4, "continuation": 8, "examples": 9}
    )


def test_texts_are_made_with_what_they_answer_and_a_count_of_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry, store = dataset(tmp_path), LocalStore(tmp_path / "store")
    recipe = changed(TEXTS, examples=9, span_bytes=99, spans="first", shortest=10)
    with caplog.at_level(logging.INFO, logger="calibration"):
        made = ingest.fn(recipe, dataset=entry, root=str(tmp_path), store=str(store.root))
    assert made == recipe.address
    texts = read_table(store, recipe, "texts")
    assert set(texts.select("context", "text").rows()) == {
        ("Write a story based on the following prompt: a door", "It opened slowly."),
        ("Write a story based on the following prompt: a door", "It closed at once."),
        ("Write a story based on the following prompt: a hat", "It was too large."),
    }
    manifest = manifest_of(store, recipe)
    assert manifest is not None
    assert manifest.facts == {"clusters": 2, "texts_read": 4, "left_out_short": 1}
    assert caplog.messages == [
        "ingest stories: 3 texts from 2 clusters; left out of 4 read: 1 shorter than asked"
    ]


def test_where_nothing_is_left_out_nothing_is_said_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry, store = dataset(tmp_path), LocalStore(tmp_path / "store")
    recipe = changed(TEXTS, examples=9, span_bytes=99, spans="first")
    with caplog.at_level(logging.INFO, logger="calibration"):
        ingest.fn(recipe, dataset=entry, root=str(tmp_path), store=str(store.root))
    manifest = manifest_of(store, recipe)
    assert manifest is not None
    assert manifest.facts == {"clusters": 3}
    assert caplog.messages == ["ingest stories: 4 texts from 3 clusters"]
