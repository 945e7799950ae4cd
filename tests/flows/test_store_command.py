"""The commands that look after a store, as a person meets them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from small_recipes import OF_REPORT, REPORT, SAMPLES, SUMMARY, TEXTS
from typer.testing import CliRunner
from whole_store import (
    UNFINISHED,
    UNWANTED,
    UNWANTED_VERDICT,
    add_unwanted,
    contents,
    fill,
    key_of,
    path_of,
)

from flows.cli import app
from flows.store_text import size
from storage.artifacts import is_complete
from storage.local import LocalStore


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    fill(store)
    add_unwanted(store)
    return store.root


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> LocalStore:
    shutil.copytree(filled, tmp_path / "store")
    return LocalStore(tmp_path / "store")


def call(store: LocalStore, *words: str) -> Result:
    return CliRunner().invoke(app, ["store", *words, "--store", str(store.root)])


def test_ls_shows_a_line_an_artifact_and_totals_in_a_hundred_columns(store: LocalStore) -> None:
    result = call(store, "ls")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(len(line) for line in lines) <= 100
    [samples] = [line for line in lines if SAMPLES.digest[:10] in line]
    assert samples.startswith("samples ")
    assert samples.endswith("  study    samples of letters")
    [unfinished] = [line for line in lines if UNFINISHED.digest[:10] in line]
    assert "unfinished" in unfinished
    assert len({line.index("study ") for line in lines if "  study " in line}) == 1
    assert f"{len(OF_REPORT) + 3} artifacts, " in result.stdout
    assert lines[-1] == "1 unfinished: run their studies again"


def test_ls_as_json_says_the_same(store: LocalStore) -> None:
    content = json.loads(call(store, "ls", "--format", "json", "--kind", "samples").stdout)
    assert content["store"] == str(store.root)
    assert {one["address"] for one in content["artifacts"]} == {SAMPLES.address, UNWANTED.address}
    [samples] = [one for one in content["artifacts"] if one["address"] == SAMPLES.address]
    assert samples["studies"] == ["study"]
    assert samples["state"] == "complete"


def test_show_prints_what_how_from_what_and_what_came_of_it(store: LocalStore) -> None:
    result = call(store, "show", SUMMARY.digest[:6])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == SUMMARY.address
    for start in ("state     complete", "title     summaries of letters", "studies   study"):
        assert start in lines
    below = lines[lines.index("made from") :]
    assert below[1:4] == [
        f"  samples     {SAMPLES.digest[:10]}  samples of letters",
        f"    examples    {SAMPLES.examples.digest[:10]}  examples of letters",
        f"      texts       {TEXTS.digest[:10]}  texts of letters",
    ]
    assert below[-2:] == ["made from it", "  1 fits, 1 study-fits, 1 reports"]


def test_show_as_json_holds_the_manifest(store: LocalStore) -> None:
    content = json.loads(call(store, "show", SUMMARY.digest, "--format", "json").stdout)
    assert content["manifest"]["address"] == SUMMARY.address
    assert content["studies"] == ["study"]
    assert [one["depth"] for one in content["ancestry"]] == [1, 2, 3, 1]


def test_verify_of_a_whole_store_ends_well(store: LocalStore) -> None:
    result = call(store, "verify", "--jobs", "2")
    assert result.exit_code == 0
    assert result.stdout.endswith(", 0 bad\n")
    assert result.stderr == ""


def test_verify_names_what_is_bad_takes_it_out_and_exits_with_one(store: LocalStore) -> None:
    part = path_of(store, SAMPLES)
    part.write_bytes(part.read_bytes()[:-1])
    result = call(store, "verify")
    assert result.exit_code == 1
    first, *_, last = result.stderr.splitlines()
    assert first.startswith(f"{key_of(store, part)} has sha256 ")
    assert last == "1 taken out of the store: run their studies again to make them again."
    assert result.stdout.endswith(", 1 bad\n")
    assert not is_complete(store, SAMPLES)
    assert call(store, "verify").exit_code == 0


def test_prune_lists_and_only_with_remove_removes(store: LocalStore) -> None:
    before = contents(store)
    result = call(store, "prune")
    assert result.exit_code == 0
    assert contents(store) == before
    kept, first, second, total = result.stdout.splitlines()
    assert "kept: it may be being written" in kept
    assert UNWANTED_VERDICT.digest[:10] in first
    assert UNWANTED.digest[:10] in second
    assert total.startswith("2 to remove from ")
    assert total.endswith(": add --remove to remove them")
    result = call(store, "prune", "--remove")
    assert result.stdout.splitlines()[-1].startswith("2 removed from ")
    assert not is_complete(store, UNWANTED)


def test_prune_forgets_a_study_by_name(store: LocalStore) -> None:
    result = call(store, "prune", "--forget", "study", "--remove")
    assert result.exit_code == 0
    assert not is_complete(store, REPORT)
    result = call(store, "prune", "--forget", "study")
    assert result.exit_code == 2
    assert "found 'study': none was run on it" in result.stderr


def test_copy_says_what_it_copied_and_ends_with_one_for_a_damaged_file(
    store: LocalStore, tmp_path: Path
) -> None:
    part = path_of(store, UNWANTED)
    part.write_bytes(b"")
    result = call(store, "copy", str(tmp_path / "copy"))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{key_of(store, part)} has sha256 ")
    assert "1 left out" in result.stdout
    assert "1 damaged" in result.stdout
    result = call(store, "copy", str(tmp_path / "copy"), "--study", "study")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"0 copied to {tmp_path / 'copy'}, ")


@pytest.mark.parametrize(
    "words", [["ls"], ["show", "0000"], ["verify"], ["prune", "--remove"], ["copy", "elsewhere"]]
)
def test_a_store_where_nothing_lies_is_a_sentence_and_nothing_is_made(
    tmp_path: Path, words: list[str]
) -> None:
    result = call(LocalStore(tmp_path / "none"), *words)
    assert result.exit_code == 2
    assert "a store of artifacts was expected" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (2.5e15, "2500.0 TB")],
)
def test_sizes_are_in_decimal_units(count: int, text: str) -> None:
    assert size(int(count)) == text
