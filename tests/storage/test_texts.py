"""Texts where they come from: read, clustered and named by content, wherever they lie."""

import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from small_recipes import TEXTS, changed

from calibration.errors import TextError
from calibration.study import DatasetEntry
from calibration.text import SourceText
from storage.texts import check_source, read_texts, source_identity, source_texts


def story(seed: int, words: int = 300) -> str:
    generator = random.Random(seed)
    return " ".join(f"w{generator.randrange(4000)}" for _ in range(words))


def entry(path: str, **source: object) -> DatasetEntry:
    return DatasetEntry.model_validate(
        {
            "name": "mine",
            "source": {"kind": "files", "path": path} | source,
            "prompt": 4,
            "continuation": 8,
            "examples": 16,
        }
    )


def write(path: Path, *rows: dict[str, object]) -> Path:
    """A table of the rows, in the format that the suffix names."""
    frame = pl.DataFrame(rows)
    match path.suffix:
        case ".jsonl":
            path.write_text("\n".join(json.dumps(row) for row in rows))
        case ".csv":
            frame.write_csv(path)
        case _:
            frame.write_parquet(path)
    return path


def clusters(texts: list[SourceText]) -> dict[str, str]:
    return {one.text: one.cluster for one in texts}


def sentence(dataset: DatasetEntry, root: Path) -> str:
    """What is said of a source that cannot be used: the same when it is checked and when read."""
    with pytest.raises(TextError) as checked:
        check_source(dataset, root)
    with pytest.raises(TextError) as read:
        source_texts(dataset, root, TEXTS)
    assert str(checked.value) == str(read.value)
    assert "\n" not in str(read.value)
    return str(read.value)


def test_a_text_file_is_one_text_of_its_own_cluster(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(story(number))
    found = source_texts(entry("*.txt"), tmp_path, TEXTS)
    assert {one.text for one in found} == {story(number) for number in range(3)}
    assert len({one.cluster for one in found}) == 3
    assert {one.context for one in found} == {""}


def test_texts_are_unwrapped_when_they_are_read(tmp_path: Path) -> None:
    lines = ["a line of prose that is wrapped by hand at seventy columns"] * 3
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert source_texts(entry("a.txt"), tmp_path, TEXTS)[0].text == " ".join(lines)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_table_is_one_text_a_row_with_the_cluster_it_names(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, object]] = [
        {"body": story(1), "author": "né"},
        {"body": story(2), "author": "né"},
        {"body": f"{story(3)}\n", "author": "other"},
        {"body": None, "author": "other"},
    ]
    write(tmp_path / f"t{suffix}", *rows)
    found = source_texts(entry(f"t{suffix}", column="body", cluster="author"), tmp_path, TEXTS)
    assert clusters(found) == {story(1): "né", story(2): "né", story(3): "other"}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_clusters_may_be_numbers_and_are_kept_as_written(tmp_path: Path, suffix: str) -> None:
    number = "007" if suffix == ".csv" else 7
    write(tmp_path / f"t{suffix}", {"text": story(1), "who": number})
    found = source_texts(entry(f"t{suffix}", cluster="who"), tmp_path, TEXTS)
    assert clusters(found) == {story(1): str(number)}


def test_rows_without_a_named_cluster_have_one_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", {"text": story(1), "who": None}, {"text": story(2), "who": "x"})
    found = clusters(source_texts(entry("t.jsonl", cluster="who"), tmp_path, TEXTS))
    assert found[story(2)] == "x"
    assert len(found[story(1)]) == 16


def test_near_identical_texts_share_a_cluster(tmp_path: Path) -> None:
    write(
        tmp_path / "t.csv",
        {"text": story(1)},
        {"text": story(2)},
        {"text": f"As printed. {story(1)}"},
    )
    found = clusters(source_texts(entry("t.csv"), tmp_path, TEXTS))
    assert found[story(1)] == found[f"As printed. {story(1)}"]
    assert found[story(1)] != found[story(2)]


def test_moving_and_renaming_files_changes_nothing(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there" / "deeper"
    here.mkdir()
    there.mkdir(parents=True)
    written = [story(1), f"As printed. {story(1)}", story(2), f"{story(1)} Applause."]
    for number, text in enumerate(written):
        (here / f"{number}.txt").write_text(text)
        (there / f"{'zyxw'[number]}.txt").write_text(text)
    before, after = entry("here/*.txt"), entry(str(tmp_path / "there/**/*.txt"))
    assert source_identity(before, tmp_path) == source_identity(after, Path("elsewhere"))
    assert source_texts(before, tmp_path, TEXTS) == source_texts(after, Path("elsewhere"), TEXTS)


def test_moving_and_renaming_tables_changes_nothing(tmp_path: Path) -> None:
    for folder, names in (("here", "ab"), ("there", "ba")):
        (tmp_path / folder).mkdir()
        for number, name in enumerate(names):
            rows = [{"text": story(10 * number + row), "who": "x"} for row in range(3)]
            write(tmp_path / folder / f"{name}.jsonl", *rows)
    before, after = (entry(f"{folder}/*", cluster="who") for folder in ("here", "there"))
    assert source_identity(before, tmp_path) == source_identity(after, tmp_path)
    assert source_texts(before, tmp_path, TEXTS) == source_texts(after, tmp_path, TEXTS)


def test_the_name_of_a_data_set_and_its_lengths_are_no_identity(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    renamed = entry("*.txt").model_copy(update={"name": "other", "prompt": 9, "examples": 1})
    assert source_identity(renamed, tmp_path) == source_identity(entry("*.txt"), tmp_path)


def test_identity_is_the_content_and_how_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text\nhello")
    (tmp_path / "b.txt").write_text("text\nother")
    shutil.copy(tmp_path / "a.txt", tmp_path / "a.csv")
    write(tmp_path / "c.csv", {"text": "x", "body": "y", "who": "z"})
    different = [
        entry("a.txt"),
        entry("b.txt"),
        entry("[ab].txt"),
        entry("a.csv"),
        entry("c.csv"),
        entry("c.csv", column="body"),
        entry("c.csv", cluster="who"),
        entry("c.csv", context="who"),
    ]
    found = [source_identity(one, tmp_path) for one in different]
    assert len(set(found)) == len(found)
    assert len({one.digest for one in found}) == len(found)
    assert source_identity(entry("a.txt", column="unused"), tmp_path) == found[0]


def test_files_of_several_formats_are_read_together(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {"text": story(1)})
    (tmp_path / "t.txt").write_text(story(2))
    assert set(clusters(source_texts(entry("t.*"), tmp_path, TEXTS))) == {story(1), story(2)}


def test_a_format_changes_what_a_file_says(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.csv", {"text": story(1)})
        write(tmp_path / folder / "b.csv", {"text": story(2)})
    (tmp_path / "there/b.csv").rename(tmp_path / "there/b.txt")
    identities = {source_identity(entry(f"{name}/*"), tmp_path) for name in ("here", "there")}
    assert len(identities) == 2


def test_a_column_of_digits_is_text_wherever_words_begin(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": str(number)} for number in range(200)]
    write(tmp_path / "t.csv", *rows, {"text": story(1)})
    assert len(source_texts(entry("t.csv"), tmp_path, TEXTS)) == 201


@pytest.mark.parametrize("path", ["none/*.txt", "none.txt", "a**", "", "."])
def test_a_pattern_that_finds_nothing_is_a_sentence(tmp_path: Path, path: str) -> None:
    assert sentence(entry(path), tmp_path) == (
        f"data set 'mine': files were expected at {tmp_path / path}, found none: set "
        "`source.path` to a file or a pattern such as texts/*.txt"
    )


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    assert "found none: set `source.path`" in sentence(entry("*.txt"), tmp_path)


def test_an_unknown_format_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"")
    assert sentence(entry("*"), tmp_path) == (
        "data set 'mine': .txt, .jsonl, .csv or .parquet was expected, found "
        f"{tmp_path / 'a.pdf'}: narrow the pattern in `source.path`"
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_column_that_is_not_there_is_a_sentence(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"t{suffix}", {"body": "x", "who": "y"})
    assert sentence(entry(path.name), tmp_path) == (
        f"{path}: a column 'text' was expected, found body, who: set `source.column` to one of them"
    )
    assert sentence(entry(path.name, column="body", cluster="by"), tmp_path) == (
        f"{path}: a column 'by' was expected, found body, who: set `source.cluster` to one of them"
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_column_that_is_no_text_is_a_sentence(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"t{suffix}", {"text": 3, "body": "x", "who": [1]})
    assert sentence(entry(path.name), tmp_path) == (
        f"{path}: text was expected in the column 'text', found Int64: set `source.column` to a "
        "column of text"
    )
    assert sentence(entry(path.name, column="body", cluster="who"), tmp_path) == (
        f"{path}: text was expected in the column 'who', found List(Int64): set `source.cluster` "
        "to a column of text"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b""),
        ("t.csv", b"text,who\n1,2,3,4\n"),
        ("t.csv", b"text\n\xff\xfe\n"),
        ("t.jsonl", b""),
        ("t.jsonl", b'{"text": "a"}\n{broken'),
        ("t.jsonl", b"text\nhello"),
        ("t.parquet", b""),
        ("t.parquet", b"PAR1 and nothing"),
    ],
)
def test_a_table_that_does_not_parse_is_a_sentence(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = sentence(entry("t.*"), tmp_path)
    kind = path.suffix.removeprefix(".")
    assert found.startswith(f"{path}: a {kind} file was expected, but it cannot be read (")
    assert found.endswith("): mend the file, or leave it out of `source.path`")


@pytest.mark.parametrize("text", ["Grüße".encode("latin-1"), "Grüße".encode("utf-16")])
def test_text_that_is_not_utf_8_is_a_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(text)
    found = sentence(entry("a.txt"), tmp_path)
    assert found.startswith(f"{tmp_path / 'a.txt'}: UTF-8 text was expected, found other bytes at ")
    assert found.endswith(": convert the file, for instance with iconv")


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff", "\r\n"])
def test_texts_that_are_all_empty_are_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "b.txt").write_bytes(b"")
    assert sentence(entry("*.txt"), tmp_path) == (
        "data set 'mine': texts were expected at *.txt, found only empty ones: set `source.path` "
        "and `source.column` to where the texts are"
    )


def test_empty_texts_among_others_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n")
    (tmp_path / "b.txt").write_text(story(1))
    assert list(clusters(source_texts(entry("*.txt"), tmp_path, TEXTS))) == [story(1)]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_table_may_say_when_a_text_was_written(tmp_path: Path, suffix: str) -> None:
    number: object = "1863" if suffix == ".csv" else 1863
    write(tmp_path / f"t{suffix}", {"text": story(1), "when": number})
    assert [one.year for one in source_texts(entry("t.*", year="when"), tmp_path, TEXTS)] == [1863]
    assert [one.year for one in source_texts(entry("t.*"), tmp_path, TEXTS)] == [None]


def test_dates_give_their_year_and_a_text_file_has_none(tmp_path: Path) -> None:
    dates = ["2021-03-04", "20220101", None]
    rows: list[dict[str, object]] = [
        {"text": story(number), "when": when} for number, when in enumerate(dates)
    ]
    write(tmp_path / "t.jsonl", *rows)
    (tmp_path / "t.txt").write_text(story(9))
    found = source_texts(entry("t.*", year="when"), tmp_path, TEXTS)
    years = {one.text: one.year for one in found}
    assert [years[story(number)] for number in (0, 1, 2, 9)] == [2021, 2022, None, None]


def test_the_column_of_years_is_identity_of_tables_alone(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", {"text": story(1), "when": 1863})
    (tmp_path / "t.txt").write_text(story(2))
    plain, dated = (source_identity(entry("t.jsonl", year=year), tmp_path) for year in (None, "w"))
    assert plain != dated
    one, other = (source_identity(entry("t.txt", year=year), tmp_path) for year in (None, "w"))
    assert one == other


@pytest.mark.parametrize("found", ["4 March", 170000, 3.5, True])
def test_what_is_no_year_is_a_sentence(tmp_path: Path, found: object) -> None:
    path = write(tmp_path / "t.jsonl", {"text": story(1), "when": found})
    assert sentence(entry("t.jsonl", year="when"), tmp_path) == (
        f"{path}: a year or a date such as 2024-01-31 was expected in the column 'when', found "
        f"{found!r}: set `source.year` to another column"
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_table_may_hold_what_a_text_answers(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, object]] = [
        {"text": story(1), "question": "Why?\n"},
        {"text": story(2), "question": "Who?"},
        {"text": story(3), "question": "Why?"},
        {"text": story(4), "question": None},
        {"text": story(5), "question": " "},
    ]
    write(tmp_path / f"t{suffix}", *rows)
    (tmp_path / "t.txt").write_text(story(6))
    found = read_texts(entry("t.*", context="question"), tmp_path, TEXTS)
    contexts = {one.text: one.context for one in found.texts}
    assert contexts == {story(1): "Why?", story(2): "Who?", story(3): "Why?"}
    assert (found.read, found.left_out) == (6, {"unusable": 3})
    named = clusters(found.texts)
    assert named[story(1)] == named[story(3)] != named[story(2)]


def test_a_column_of_contexts_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {"text": story(1), "empty": " ", "number": 3})
    assert sentence(entry("t.jsonl", context="empty"), tmp_path) == (
        "data set 'mine': contexts were expected in the column 'empty' of t.jsonl, found only "
        "empty ones: set `source.context` to where they are"
    )
    assert sentence(entry("t.jsonl", context="number"), tmp_path) == (
        f"{path}: text was expected in the column 'number', found Int64: set `source.context` to "
        "a column of text"
    )
    assert "set `source.context` to one of them" in sentence(entry("t.*", context="by"), tmp_path)


def test_texts_that_are_too_short_are_counted_and_none_left_is_a_sentence(tmp_path: Path) -> None:
    for number, words in enumerate((10, 20, 300)):
        (tmp_path / f"{number}.txt").write_text(story(number, words))
    asked = changed(TEXTS, shortest=200)
    found = read_texts(entry("*.txt"), tmp_path, asked)
    assert [one.text for one in found.texts] == [story(2)]
    assert (found.read, found.left_out) == (3, {"short": 2})
    with pytest.raises(TextError) as caught:
        read_texts(entry("*.txt"), tmp_path, changed(TEXTS, shortest=20_000))
    assert str(caught.value) == (
        "data set 'mine': texts of at least 20000 bytes were expected, found none among 3: lower "
        "`shortest`"
    )
