"""Data sets in the hub's layout: read by stream, cut down to what can be selected, by content."""

import json
import random
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest
from small_recipes import TEXTS, changed

from calibration.errors import TextError
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.study import DatasetEntry
from calibration.text import SourceText, selected
from storage.texts import check_source, read_texts, source_identity, source_texts

CONFIGS = """---
configs:
- config_name: main
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
- config_name: other
  data_files:
  - {split: train, path: other.parquet}
---
A data set.
"""
WORDS = 40


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the library keeps of earlier runs must not reach a test.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


def story(seed: int, words: int = WORDS) -> str:
    generator = random.Random(seed)
    return " ".join(f"w{generator.randrange(4000)}" for _ in range(words))


def rows(numbers: range, **columns: Any) -> list[dict[str, object]]:  # noqa: ANN401
    return [
        {"text": story(number), "who": f"a{number % 7}", "when": f"{1900 + number}-01-02"} | columns
        for number in numbers
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two subsets as parquet: two files and two splits, and one without a cluster."""
    directory = tmp_path / "set"
    (directory / "data").mkdir(parents=True)
    for place, numbers in (("train-0", range(10)), ("train-1", range(10, 25)), ("test-0", [99])):
        frame = pl.DataFrame([row for number in numbers for row in rows(range(number, number + 1))])
        frame.write_parquet(directory / f"data/{place}.parquet")
    pl.DataFrame({"body": [story(1)], "n": [3], "list": [[1]]}).write_parquet(
        directory / "other.parquet"
    )
    (directory / "README.md").write_text(CONFIGS)
    return tmp_path


def entry(**source: object) -> DatasetEntry:
    return DatasetEntry.model_validate(
        {
            "name": "mine",
            "source": {"kind": "hub", "dataset": "set", "subset": "main"} | source,
            "prompt": 4,
            "continuation": 8,
            "examples": 16,
        }
    )


def sentence(dataset: DatasetEntry, root: Path) -> str:
    with pytest.raises(TextError) as caught:
        check_source(dataset, root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def recipe(**fields: object) -> TextsRecipe:
    return changed(TEXTS, **fields)


def test_rows_of_a_split_are_texts_with_the_cluster_and_year_they_name(data: Path) -> None:
    found = source_texts(entry(cluster="who", year="when"), data, recipe(examples=100))
    assert found == [
        SourceText(f"a{number % 7}", "", story(number), 1900 + number) for number in range(25)
    ]
    (only,) = source_texts(entry(split="test"), data, recipe(examples=100))
    assert (only.text, only.year) == (story(99), None)


def test_json_lines_are_read_like_parquet(tmp_path: Path) -> None:
    directory = tmp_path / "set"
    directory.mkdir()
    (directory / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows(range(5))))
    lines = entry(subset=None, cluster="who", year="when")
    found = source_texts(lines, tmp_path, recipe(examples=100))
    assert [(one.text, one.year) for one in found] == [
        (story(number), 1900 + number) for number in range(5)
    ]


@pytest.mark.parametrize("cluster", [None, "who"])
@pytest.mark.parametrize("independent", [None, "passages"])
def test_no_more_is_kept_than_a_selection_needs(
    data: Path, cluster: str | None, independent: str | None
) -> None:
    everything = source_texts(entry(cluster=cluster), data, recipe(examples=1000))
    wanted = recipe(examples=3, span_bytes=60, independent=independent)
    few = source_texts(entry(cluster=cluster), data, wanted)
    assert len(few) < len(everything)
    assert selected(few, wanted).equals(selected(everything, wanted))


def test_copies_are_one_cluster_and_so_are_near_identical_texts(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    long = story(1, 300)
    texts = [long, story(2, 300), long, f"As printed. {long}"]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "set/train.parquet")
    found = source_texts(entry(subset=None), tmp_path, recipe(examples=100))
    clusters = [one.cluster for one in found]
    assert clusters[0] == clusters[2] == clusters[3] != clusters[1]


def test_empty_rows_are_passed_over_and_lines_unwrapped(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    lines = ["a line of prose that is wrapped by hand at seventy columns"] * 3
    texts = [None, " \n", "\n".join(lines)]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "set/train.parquet")
    (found,) = source_texts(entry(subset=None), tmp_path, recipe())
    assert found.text == " ".join(lines)


def test_identity_is_the_content_of_the_files_and_how_they_are_read(data: Path) -> None:
    plain = source_identity(entry(), data)
    found: dict[str, SourceIdentity] = {
        "split": source_identity(entry(split="test"), data),
        "subset": source_identity(entry(subset="other"), data),
        "column": source_identity(entry(column="who"), data),
        "cluster": source_identity(entry(cluster="who"), data),
        "year": source_identity(entry(year="when"), data),
        "context": source_identity(entry(context="who"), data),
    }
    assert {one.content for one in found.values()} == {plain.content}
    assert len({plain, *found.values()}) == len(found) + 1
    (data / "set").rename(data / "moved")
    assert source_identity(entry(dataset="moved"), data) == plain
    (data / "moved/.cache").write_text("what a download leaves")
    assert source_identity(entry(dataset="moved"), data) == plain
    (data / "moved/data/test-0.parquet").rename(data / "moved/data/train-9.parquet")
    assert source_identity(entry(dataset="moved"), data) != plain


def test_an_unknown_split_or_subset_is_a_sentence(data: Path) -> None:
    assert sentence(entry(split="validation"), data) == (
        "data set 'mine': a split 'validation' was expected in set, found train, test: set "
        "`source.split` to one of them"
    )
    assert sentence(entry(subset="mian"), data) == (
        "data set 'mine': a subset 'mian' was expected in set, found main, other: set "
        "`source.subset` to one of them"
    )
    assert sentence(entry(subset=None), data) == (
        "data set 'mine': one subset was expected in set, found main, other: name one of them in "
        "`source.subset`"
    )


def test_columns_that_are_not_there_or_hold_something_else_are_a_sentence(data: Path) -> None:
    assert sentence(entry(column="body"), data) == (
        "data set 'mine': a column 'body' was expected in set, found text, who, when: set "
        "`source.column` to one of them"
    )
    assert "set `source.cluster` to one of them" in sentence(entry(cluster="by"), data)
    assert "set `source.context` to one of them" in sentence(entry(context="by"), data)
    assert "set `source.year` to one of them" in sentence(entry(year="by"), data)
    other = {"subset": "other", "column": "body"}
    assert sentence(entry(subset="other", column="n"), data) == (
        "data set 'mine': text was expected in the column 'n' of set, found 3: set "
        "`source.column` to another column"
    )
    assert sentence(entry(**other, cluster="list"), data) == (
        "data set 'mine': a name was expected in the column 'list' of set, found [1]: set "
        "`source.cluster` to another column"
    )
    assert sentence(entry(**other, year="body"), data).startswith(
        "data set 'mine': a year or a date such as 2024-01-31 was expected in the column 'body' of "
        "set, found 'w"
    )


@pytest.mark.parametrize("content", [None, b"PAR1 and nothing"])
def test_files_that_cannot_be_read_are_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "set").mkdir()
    if content is not None:
        (tmp_path / "set/train.parquet").write_bytes(content)
    said = sentence(entry(subset=None), tmp_path)
    assert said.startswith("data set 'mine': rows were expected in set, but it cannot be read (")
    assert said.endswith("): mend its files, or save it as .parquet and use `kind: files`")


def test_texts_that_are_all_empty_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    pl.DataFrame({"text": ["", " "]}).write_parquet(tmp_path / "set/train.parquet")
    with pytest.raises(TextError, match="texts were expected in the column 'text' of set, found"):
        source_texts(entry(subset=None), tmp_path, TEXTS)


def asked(tmp_path: Path, *contexts: object, **more: object) -> DatasetEntry:
    """A data set whose texts answer something."""
    (tmp_path / "set").mkdir(exist_ok=True)
    lines = [
        {"text": story(number), "question": context} for number, context in enumerate(contexts)
    ]
    (tmp_path / "set/train.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return entry(subset=None, context="question", **more)


def test_a_column_may_hold_what_a_text_answers(tmp_path: Path) -> None:
    question = " Why?\n\n  a wrapped line stays as it is, since how it is laid out may matter\nso? "
    dataset = asked(tmp_path, question, "Who?")
    found = source_texts(dataset, tmp_path, recipe())
    assert [one.context for one in found] == [question.strip(), "Who?"]
    assert [one.text for one in found] == [story(0), story(1)]
    assert source_identity(dataset, tmp_path).context == "question"


def test_a_text_whose_context_is_lacking_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read_texts(asked(tmp_path, "Why?", None, " \n"), tmp_path, recipe())
    assert [one.text for one in found.texts] == [story(0)]
    assert (found.read, found.left_out) == (3, {"unusable": 2})


def test_answers_to_one_question_are_one_cluster_unless_another_is_named(tmp_path: Path) -> None:
    questions = ["Why is that?", "Who is there?", "Why is that?"]
    clusters = [
        [one.cluster for one in source_texts(dataset, tmp_path, recipe())]
        for dataset in (asked(tmp_path, *questions), asked(tmp_path, *questions, cluster="text"))
    ]
    assert clusters[0][0] == clusters[0][2] != clusters[0][1]
    assert len(set(clusters[1])) == 3


def test_contexts_that_are_all_empty_or_no_text_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TextError) as caught:
        source_texts(asked(tmp_path, " ", None), tmp_path, recipe())
    assert str(caught.value) == (
        "data set 'mine': contexts were expected in the column 'question' of set, found only empty "
        "ones: set `source.context` to where they are"
    )
    assert sentence(asked(tmp_path, 3), tmp_path) == (
        "data set 'mine': text was expected in the column 'question' of set, found 3: set "
        "`source.context` to another column"
    )


def test_all_splits_are_read_one_after_the_other(data: Path) -> None:
    found = source_texts(entry(split="all"), data, recipe(examples=100))
    assert [one.text for one in found] == [story(number) for number in (*range(25), 99)]


def test_a_split_that_is_called_all_is_itself(tmp_path: Path) -> None:
    (tmp_path / "set/data").mkdir(parents=True)
    for split, number in (("train", 1), ("all", 2)):
        frame = pl.DataFrame({"text": [story(number)]})
        frame.write_parquet(tmp_path / f"set/data/{split}-00000-of-00001.parquet")
    (only,) = source_texts(entry(subset=None, split="all"), tmp_path, recipe())
    assert only.text == story(2)
