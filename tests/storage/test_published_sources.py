"""The three published data sets, from a directory in the hub's layout to the texts selected."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from small_recipes import TEXTS, changed

from calibration.errors import TextError
from calibration.published_texts import CODE_INSTRUCTION, STORY_INSTRUCTION
from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.study import DatasetEntry
from calibration.text import selected, text_digest
from storage.texts import check_source, read_texts, source_identity, source_texts

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the library keeps of earlier runs must not reach a test.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


def words(seed: object, count: int) -> str:
    generator = random.Random(str(seed))
    return " ".join(f"w{generator.randrange(4000)}" for _ in range(count))


def write(place: Path, rows: Iterable[dict[str, Any]]) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(rows)).write_parquet(place)
    return place


def entry(kind: str, **fields: Any) -> DatasetEntry:  # noqa: ANN401
    source = {"kind": kind, "dataset": "set"} | fields.pop("source", {})
    asked = {"name": "mine", "prompt": 4, "continuation": 8, "examples": 16}
    return DatasetEntry.model_validate(asked | fields | {"source": source})


def recipe(examples: int = 100, **fields: object) -> TextsRecipe:
    return changed(TEXTS, examples=examples, span_bytes=400, spans="first", **fields)


def articles(*lengths: int) -> Rows:
    return [{"text": words(place, length)} for place, length in enumerate(lengths)]


def stories(prompts: Iterable[int], length: int = 30) -> Rows:
    return [
        {"prompt": f"[ WP ] {words(f'p{prompt}', 12)}", "story": words(f"s{place}", length)}
        for place, prompt in enumerate(prompts)
    ]


def problems(*names: str, length: int = 30) -> Rows:
    return [
        {
            "name": name,
            "description": words(f"d{name}", 20),
            "solutions": {"language": [2, 3], "solution": ["short", words(f"c{name}", length)]},
            "private_tests": {"input": ["1"], "output": ["2"]},
        }
        for name in names
    ]


def test_articles_are_selected_from_their_beginning(tmp_path: Path) -> None:
    rows = articles(30, 200, 200)
    write(tmp_path / "set/data/train-0.parquet", [rows[0], rows[1], {"text": None}])
    write(tmp_path / "set/data/train-1.parquet", [rows[2], {"text": " = Heading = "}])
    wanted = recipe()
    found = selected(source_texts(entry("wikitext"), tmp_path, wanted), wanted)
    assert len(found) == found["cluster"].n_unique() == 2
    whole = {text_digest(row["text"]): row["text"] for row in rows[1:]}
    assert set(found["cluster"]) == set(whole)
    assert all(
        whole[name].startswith(text) for name, text in found.select("cluster", "text").rows()
    )
    assert set(found["context"]) == {""}
    assert not found["ends"].any()


def test_stories_of_a_prompt_are_examples_of_its_cluster_in_turn(tmp_path: Path) -> None:
    rows = stories([1, 2, 1, 3, 1])
    write(tmp_path / "set/data/train-0.parquet", rows)
    write(tmp_path / "set/data/test-0.parquet", stories([9]))
    wanted = recipe()
    found = selected(source_texts(entry("writingprompts"), tmp_path, wanted), wanted)
    assert set(found["text"]) == {row["story"] for row in rows}
    prompts = {f"{STORY_INSTRUCTION}{row['prompt'].removeprefix('[ WP ] ')}" for row in rows}
    assert set(found["context"]) == prompts
    assert found["cluster"][:3].n_unique() == found["cluster"].n_unique() == 3
    assert found["ends"].all()


@pytest.mark.parametrize("second", ["valid", "validation"])
def test_problems_of_all_splits_are_read_one_after_the_other(tmp_path: Path, second: str) -> None:
    for split in ("test", second, "train"):
        write(tmp_path / f"set/data/{split}-0.parquet", problems(split))
    found = source_texts(entry("codecontests"), tmp_path, recipe())
    named = ["train", second, "test"]
    assert [one.text for one in found] == [f"```{words(f'c{name}', 30)}```" for name in named]
    assert [one.context for one in found] == [
        f"{CODE_INSTRUCTION}\n{words(f'd{name}', 20)}" for name in named
    ]
    (only,) = source_texts(entry("codecontests", source={"split": "test"}), tmp_path, recipe())
    assert only == found[2]


def test_columns_that_are_not_needed_are_not_read(tmp_path: Path) -> None:
    place = write(tmp_path / "set/data/train-0.parquet", problems("a", "b"))
    before = source_texts(entry("codecontests"), tmp_path, recipe())
    group = pq.ParquetFile(place).metadata.row_group(0)
    raw = bytearray(place.read_bytes())
    for index in range(group.num_columns):
        column = group.column(index)
        if not column.path_in_schema.startswith(("description", "solutions")):
            start = column.dictionary_page_offset or column.data_page_offset
            raw[start : start + column.total_compressed_size] = b"\xff" * (
                column.total_compressed_size
            )
    place.write_bytes(raw)
    with pytest.raises(Exception, match=r"."):
        pl.read_parquet(place)
    assert source_texts(entry("codecontests"), tmp_path, recipe()) == before


def test_identity_is_the_kind_the_content_and_the_split(tmp_path: Path) -> None:
    write(tmp_path / "set/data/train-0.parquet", stories([1]) + stories([2]))
    found = source_identity(entry("writingprompts"), tmp_path)
    assert found == SourceIdentity(kind="writingprompts", content=found.content, split="train")
    unpinned = entry("writingprompts", source={"revision": None})
    assert source_identity(unpinned, tmp_path) == found
    assert source_identity(entry("wikitext"), tmp_path).content == found.content
    assert source_identity(entry("wikitext"), tmp_path) != found


def test_near_identical_prompts_and_near_identical_stories_are_one_cluster(tmp_path: Path) -> None:
    rows = stories([1, 2, 3, 4], length=60)
    asked, told = rows[0]["prompt"], rows[2]["story"]
    rows += [
        {"prompt": f"{asked} , again", "story": words("another", 60)},
        {"prompt": f"[ WP ] {words('another', 12)}", "story": f"As told before : {told}"},
    ]
    write(tmp_path / "set/data/train-0.parquet", rows)
    found = [one.cluster for one in source_texts(entry("writingprompts"), tmp_path, recipe())]
    assert found[0] == found[4]
    assert found[2] == found[5]
    assert len(set(found)) == 4


def test_instructions_that_all_share_join_nothing(tmp_path: Path) -> None:
    rows = [{"prompt": f"[ WP ] {word}", "story": words(word, 40)} for word in ("cats", "dogs")]
    write(tmp_path / "set/data/train-0.parquet", rows)
    found = source_texts(entry("writingprompts"), tmp_path, recipe())
    assert len({one.cluster for one in found}) == 2


@pytest.mark.parametrize("seed", [0, 5])
def test_a_larger_selection_extends_a_smaller_one(tmp_path: Path, seed: int) -> None:
    rows = stories([place % 29 for place in range(60)], length=25) + stories(range(40, 50), 9)
    write(tmp_path / "set/data/train-0.parquet", rows)
    source = entry("writingprompts")

    def select(examples: int) -> pl.DataFrame:
        wanted = recipe(examples, seed=seed, shortest=80)
        return selected(source_texts(source, tmp_path, wanted), wanted)

    everything = select(1000)
    assert len(everything) == 60
    for examples in (1, 10, 29, 40):
        assert_frame_equal(select(examples), everything.head(examples))


def test_what_was_left_out_is_counted(tmp_path: Path) -> None:
    rows = stories(range(6)) + stories(range(6, 9), length=3)
    rows.append({"prompt": f"[ WP ] {words('long', 90)}", "story": words(0, 30)})
    rows.append({"prompt": "[ WP ]", "story": words(1, 30)})
    write(tmp_path / "set/data/train-0.parquet", rows)
    wanted = recipe(shortest=60, longest_context=200)
    found = read_texts(entry("writingprompts"), tmp_path, wanted)
    assert len(found.texts) == 6
    assert (found.read, found.left_out) == (11, {"short": 3, "long_context": 1, "unusable": 1})


def sentence(dataset: DatasetEntry, root: Path, **fields: object) -> str:
    with pytest.raises(TextError) as caught:
        read_texts(dataset, root, recipe(**fields))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_lengths_that_leave_nothing_are_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "set/data/train-0.parquet", stories(range(3)))
    source = entry("writingprompts")
    assert sentence(source, tmp_path, shortest=9000) == (
        "data set 'mine': texts of at least 9000 bytes were expected, found none among 3: lower "
        "`shortest`"
    )
    assert sentence(source, tmp_path, longest_context=9) == (
        "data set 'mine': texts with a context of at most 9 bytes were expected, found none among "
        "3: raise `longest_context`"
    )


def test_another_data_set_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "set/data/train-0.parquet", stories([1]))
    for said in (
        lambda: check_source(entry("codecontests"), tmp_path),
        lambda: source_texts(entry("codecontests"), tmp_path, recipe()),
    ):
        with pytest.raises(TextError) as caught:
            said()
        assert str(caught.value) == (
            "data set 'mine': a column 'description' was expected in set, found prompt, story: "
            "set `source.dataset` to a data set that has it"
        )
    write(tmp_path / "set/data/train-0.parquet", [{"prompt": 1, "story": "x"}])
    with pytest.raises(TextError) as caught:
        check_source(entry("writingprompts"), tmp_path)
    assert str(caught.value) == (
        "data set 'mine': text was expected, found int in the column 'prompt' of set: set "
        "`source.dataset` to a copy of the published one"
    )


def test_rows_that_the_protocol_leaves_out_to_the_last_are_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "set/data/train-0.parquet", [{"text": "short"}] * 3)
    assert sentence(entry("wikitext"), tmp_path) == (
        "data set 'mine': rows that the published protocol takes were expected in set, found none "
        "among 3: set `source.dataset` to a copy of the published one"
    )


def test_an_unknown_split_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "set/data/train-0.parquet", stories([1]))
    assert sentence(entry("writingprompts", source={"split": "held"}), tmp_path) == (
        "data set 'mine': a split 'held' was expected in set, found train: set `source.split` to "
        "one of them"
    )


def test_other_formats_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    rows = problems("a", "b")
    (tmp_path / "set/train.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    found = source_texts(entry("codecontests"), tmp_path, recipe())
    assert [one.text for one in found] == [f"```{words(f'c{name}', 30)}```" for name in "ab"]
