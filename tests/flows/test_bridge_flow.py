"""A bridge from the published protocol to ours: every step is measured once, and told."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from direct import DirectPlace

from calibration.bridge_tables import BRIDGE, BRIDGE_EXPONENTS
from calibration.errors import StudyError
from calibration.lineage import Lineage
from flows.bridge import Bridge, bridged, steps_between, walk, write_bridge
from storage.local import LocalStore
from storage.resolution import resolved
from storage.result_block import ArtifactRecords
from studies import model, write_models, write_study
from tasks.sample import sample

STEPS = ["old", "without the slip", "the same texts", "at the end: continue", "windows of bytes"]
MODELS = 2
DATASET = {
    "name": "letters",
    "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
    "prompt": 4,
    "continuation": 12,
    "examples": 25,
}


def write_files(root: Path) -> tuple[str, str]:
    """Two study files of the same chains: as was once done, and as is done here."""
    write_models(root, count=MODELS)
    models = [model(number) for number in range(MODELS)]
    new = write_study(
        root,
        models=models,
        name="new",
        decodings=[{"temperature": 1.0}],
        datasets=[DATASET | {"unit": "bytes"}],
    )
    old = yaml.safe_load(new.read_text()) | {
        "name": "old",
        "datasets": [DATASET],
        "as_published": ["slip", "selection"],
        "at_end": "stop",
    }
    (root / "old.yaml").write_text(yaml.safe_dump(old))
    return str(root / "old.yaml"), str(new)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return write_files(tmp_path_factory.mktemp("bridge"))


def place_of(files: tuple[str, str], *, without: tuple[object, ...] = ()) -> DirectPlace:
    store = str(Path(files[0]).parent / "store")
    return DirectPlace(store, ArtifactRecords(location=store), without)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(files: tuple[str, str]) -> Bridge:
    steps, place = steps_between(*files), place_of(files)
    walk(steps, place, file=files[1])
    return bridged(steps, LocalStore(Path(place.store)), file=files[1])


def test_every_step_has_its_row_and_changes_one_thing(
    files: tuple[str, str], found: Bridge
) -> None:
    steps = steps_between(*files)
    assert [step.name for step in steps] == STEPS
    assert [step.study.as_published for step in steps] == [
        ("slip", "selection"),
        ("selection",),
        (),
        (),
        (),
    ]
    assert [step.study.at_end for step in steps] == ["stop"] * 3 + ["continue"] * 2
    table = found.table
    assert table.schema == BRIDGE
    assert found.exponents.schema == BRIDGE_EXPONENTS
    assert table.height == MODELS * len(STEPS)
    assert table.filter(model="m1")["step"].to_list() == STEPS
    assert table["ent_ce"].null_count() == 0
    assert (table["low"] < table["high"]).all()


def test_a_change_is_the_difference_of_two_rows(found: Bridge) -> None:
    for _, rows in found.table.group_by("model"):
        own = rows.sort("number")
        shared = own.filter(pl.col("paired"))
        # Over the texts that both have, which are all of them unless texts are chosen otherwise.
        alike = shared.filter(pl.col("shared") == 25)
        differences = own["ent_ce"].diff()
        for number, change in alike.select("number", "change").rows():
            assert change == pytest.approx(differences[number], abs=1e-12)
        assert own["change"].null_count() == 1
    assert found.table.filter(pl.col("shared") == 25).height >= MODELS


def test_the_last_step_is_the_study_itself(files: tuple[str, str], found: Bridge) -> None:
    last = steps_between(*files)[-1].study
    assert last.name == "new"
    lineage: Lineage = resolved(last, file=files[1])
    store = LocalStore(Path(place_of(files).store))
    from storage.artifacts import read_table

    ent_ce = read_table(store, lineage.report.study_fit, "ent_ce")
    for row in ent_ce.iter_rows(named=True):
        mine = found.table.filter(model=row["model"], step=STEPS[-1])["ent_ce"].item()
        assert mine == pytest.approx(row["ent_ce_per_byte"] * row["bytes_per_token_human"])


def test_the_first_step_alone_has_the_published_exponent(found: Bridge) -> None:
    first = found.exponents.filter(number=0)
    values = found.table.filter(number=0)["ent_ce"]
    assert (first["published"].item() is None) == bool((values <= 0).any())
    assert found.exponents.filter(pl.col("number") > 0)["published"].is_null().all()


def test_a_second_walk_makes_nothing(files: tuple[str, str], found: Bridge) -> None:
    steps, place = steps_between(*files), place_of(files, without=(sample,))
    store = Path(place.store)
    before = {path: path.stat().st_mtime_ns for path in store.glob("s*/*/*/*.parquet")}
    walk(steps, place, file=files[1])
    assert bridged(steps, LocalStore(store), file=files[1]).lines == found.lines
    after = {path: path.stat().st_mtime_ns for path in store.glob("s*/*/*/*.parquet")}
    assert before == after
    assert before


def test_tables_and_a_figure_are_written(found: Bridge, tmp_path: Path) -> None:
    written = write_bridge(found, tmp_path / "out")
    names = {path.name for path in written}
    assert {"bridge.csv", "bridge.parquet", "bridge.svg", "bridge.png"} <= names
    assert all(path.stat().st_size > 0 for path in written)
    assert pl.read_parquet(tmp_path / "out" / "bridge.parquet").equals(found.table)
    assert "without the slip" in (tmp_path / "out" / "bridge.svg").read_text()


def test_studies_of_other_models_have_no_bridge(files: tuple[str, str], tmp_path: Path) -> None:
    other = yaml.safe_load(Path(files[1]).read_text())
    other["models"] = other["models"][:1]
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(other))
    with pytest.raises(StudyError, match="found another `models`"):
        steps_between(files[0], str(path))
