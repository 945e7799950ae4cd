"""Comparing out of the store alone: no model is there, and what was chosen is said."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from made_up_store import member, put_study
from made_up_summaries import summary
from small_recipes import EXAMPLES, MODEL, SAMPLES, SUMMARY, changed

from calibration.errors import InputError, StoreError
from calibration.pairing import COMPARED
from calibration.study import Study
from flows.compare import compared, found_side, require_writable, write_compared
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.roots import read_roots

TEXTS = ["a", "b", "c", "d"]
LARGE = changed(SUMMARY, samples=changed(SAMPLES, model=changed(MODEL, weights="w1")))
IN_BYTES = changed(SUMMARY, samples=changed(SAMPLES, examples=changed(EXAMPLES, unit="bytes")))
TABLES = {
    SUMMARY: summary(TEXTS, entropy=[2.0, 2.5, 3.0, 2.2]),
    LARGE: summary(TEXTS, entropy=[2.1, 2.9, 3.0, 2.6]),
    IN_BYTES: summary(TEXTS, entropy=[0.5, 0.6, 0.7, 0.8]),
}


def write(path: Path, study: Study) -> Path:
    path.write_text(yaml.safe_dump(study.model_dump(mode="json", exclude_unset=True)))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two stores: `one` with two studies, `other` with a third."""
    one, other = LocalStore(tmp_path / "one"), LocalStore(tmp_path / "other")
    small, large = member("small", SUMMARY), member("large", LARGE)
    first = put_study(one, [small], {SUMMARY: TABLES[SUMMARY]}, name="first")
    write(tmp_path / "first.yaml", first)
    both = {recipe: TABLES[recipe] for recipe in (SUMMARY, LARGE)}
    put_study(one, [small, large], both, name="second")
    third = put_study(other, [member("huge", LARGE)], {LARGE: TABLES[LARGE]}, name="third")
    write(tmp_path / "third.yaml", third)
    return tmp_path


def test_a_store_stands_for_the_study_run_on_it_last(root: Path) -> None:
    found = found_side(str(root / "one"), store="")
    assert found.side.study == "second"
    assert [label.model for label in found.side.measured] == ["small", "large"]
    assert "second, the last of 2 studies run on" in found.chosen
    assert "others: first; for one of them, give its study file" in found.chosen
    assert found_side(str(root / "other"), store="").chosen == f"third (run on {root / 'other'})"


def unfinish(store: Path, study: str) -> None:
    """Take a study's fits away, as if its run had been cut short."""
    place = LocalStore(store)
    [root] = [one for one in read_roots(place) if one.study == study]
    [fits] = root.of_kind("study-fits")
    place.remove(manifest_key(fits))


def test_a_study_that_was_not_run_to_its_end_is_passed_over(root: Path) -> None:
    unfinish(root / "one", "second")
    assert found_side(str(root / "one"), store="").side.study == "first"
    unfinish(root / "one", "first")
    with pytest.raises(StoreError, match="only 'second', which was not"):
        found_side(str(root / "one"), store="")


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a place that can be written was expected"):
        write_compared(pl.DataFrame(schema=COMPARED), tmp_path / "file" / "out.csv")


def test_a_study_file_is_looked_up_in_its_store(root: Path) -> None:
    found = found_side(str(root / "first.yaml"), store=str(root / "one"))
    assert (found.side.study, len(found.side.measured)) == ("first", 1)
    with pytest.raises(StoreError, match=r"'third', as its file is now, .* run it first"):
        found_side(str(root / "third.yaml"), store=str(root / "one"))


def test_a_directory_without_studies_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a study file or a store was expected"):
        found_side(str(tmp_path), store="")


def test_a_study_against_itself_differs_in_nothing(root: Path) -> None:
    side = found_side(str(root / "one"), store="")
    found = compared(side, side)
    assert found.table.schema == COMPARED
    assert found.table["model_a"].to_list() == ["small"] * 4 + ["large"] * 4
    assert found.table.select("difference", "se", "low", "high").sum().row(0) == (0, 0, 0, 0)


def test_one_model_each_pairs_and_the_rest_is_listed(root: Path) -> None:
    first = found_side(str(root / "first.yaml"), store=str(root / "one"))
    found = compared(first, found_side(str(root / "other"), store=""))
    assert found.table["difference"][0] == pytest.approx(0.225)
    assert found.table["shared"].to_list() == [4] * 4
    assert "A small on letters at temperature 1, B huge on letters at temperature 1" in found.lines
    both = compared(found_side(str(root / "one"), store=""), first)
    assert both.lines[-1] == "only in A: large on letters at temperature 1"


def test_differing_units_are_refused(root: Path, tmp_path: Path) -> None:
    put_study(
        LocalStore(tmp_path / "bytes"), [member("small", IN_BYTES)], {IN_BYTES: TABLES[IN_BYTES]}
    )
    first = found_side(str(root / "first.yaml"), store=str(root / "one"))
    with pytest.raises(InputError, match="found tokens in A and bytes in B"):
        compared(first, found_side(str(tmp_path / "bytes"), store=""))


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_the_table_is_written_as_its_name_says(root: Path, tmp_path: Path, kind: str) -> None:
    side = found_side(str(root / "one"), store="")
    table, path = compared(side, side).table, tmp_path / "new" / f"table.{kind}"
    require_writable(path)
    write_compared(table, path)
    readers = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}
    assert readers[kind](path).rows() == table.rows()


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(InputError, match=r"ending in \.csv, \.parquet, \.json was expected"):
        require_writable(Path("table.xlsx"))
