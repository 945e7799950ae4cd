"""The State of the Union messages: one split for training, stopping and measuring."""

import random
from pathlib import Path
from typing import get_args

import pytest
from small_recipes import TEXTS

from calibration.study import DatasetEntry
from calibration.text import SourceText
from storage.speeches import Split, speech_files, speeches, split_of_cluster
from storage.texts import source_identity, source_texts

Speeches = dict[str, list[SourceText]]


@pytest.fixture(scope="module")
def split() -> Speeches:
    return {name: speeches(name) for name in get_args(Split)}


def entry(split: str) -> DatasetEntry:
    return DatasetEntry.model_validate(
        {
            "name": "speeches",
            "source": {"kind": "speeches", "split": split},
            "prompt": 4,
            "continuation": 8,
            "examples": 16,
        }
    )


def test_the_splits_cover_every_speech_once(split: Speeches) -> None:
    assert len(speech_files()) == 249
    assert sum(len(found) for found in split.values()) == 249
    assert len({one.text for found in split.values() for one in found}) == 249


def test_the_splits_share_no_cluster(split: Speeches) -> None:
    clusters = [{one.cluster for one in found} for found in split.values()]
    assert sum(map(len, clusters)) == len(set.union(*clusters))


def test_the_splits_are_about_70_10_and_20_hundredths_of_the_bytes(split: Speeches) -> None:
    bytes_of = {name: sum(len(one.text.encode()) for one in found) for name, found in split.items()}
    total = sum(bytes_of.values())
    assert bytes_of["train"] / total == pytest.approx(0.7, abs=0.03)
    assert bytes_of["stop"] / total == pytest.approx(0.1, abs=0.02)
    assert bytes_of["held-out"] / total == pytest.approx(0.2, abs=0.02)


def test_there_are_enough_clusters_to_measure_on(split: Speeches) -> None:
    assert len({one.cluster for one in split["held-out"]}) >= 40


def test_a_cluster_is_named_by_the_first_of_its_speeches(split: Speeches) -> None:
    names = list(speech_files())
    clusters = {one.cluster for found in split.values() for one in found}
    assert clusters <= set(names)
    assert len(clusters) < len(names)  # some were both delivered and printed


def test_speeches_are_decoded_and_not_wrapped(split: Speeches) -> None:
    for one in split["held-out"]:
        assert "\r" not in one.text
        assert "\ufffd" not in one.text
        assert one.context == ""


def test_identity_needs_no_second_reading_and_names_the_split(tmp_path: Path) -> None:
    assert speech_files() is speech_files()
    found = {name: source_identity(entry(name), tmp_path) for name in get_args(Split)}
    assert len({one.digest for one in found.values()}) == 3
    assert {one.content for one in found.values()} == {found["stop"].content}
    assert [one.split for one in found.values()] == list(found)


def test_a_source_of_speeches_is_one_split_of_them(split: Speeches, tmp_path: Path) -> None:
    assert source_texts(entry("stop"), tmp_path, TEXTS) == split["stop"]


def test_a_speech_has_the_year_of_its_name(split: Speeches) -> None:
    everything = [one for found in split.values() for one in found]
    assert sorted(one.year or 0 for one in everything) == sorted(
        int(name.partition("-")[0]) for name in speech_files()
    )


def test_a_split_depends_on_the_names_of_clusters_and_not_on_their_order() -> None:
    generator = random.Random(0)
    clusters = [f"c{generator.randrange(60)}" for _ in range(100)]
    sizes = [generator.randrange(1, 50) for _ in clusters]
    pairs = list(zip(clusters, sizes, strict=True))
    generator.shuffle(pairs)
    shuffled, moved = zip(*pairs, strict=True)
    assert split_of_cluster(clusters, sizes) == split_of_cluster(shuffled, moved)
    assert set(split_of_cluster(clusters, sizes)) == set(clusters)


def test_held_out_is_filled_first_then_stop() -> None:
    found = split_of_cluster([f"c{n}" for n in range(1000)], [1] * 1000)
    counts = {name: list(found.values()).count(name) for name in get_args(Split)}
    assert counts == pytest.approx({"train": 700, "stop": 100, "held-out": 200}, abs=1)
