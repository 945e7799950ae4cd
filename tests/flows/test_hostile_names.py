"""A study whose names are paths, addresses, templates and commands: they name things on pages."""

import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from prefect.client.orchestration import get_client
from typer.testing import CliRunner

from flows.cli import app
from flows.export import exported, exported_tokens
from flows.full import calibration
from storage.local import LocalStore
from storage.resolution import resolved_as_run
from storage.studies import read_study
from studies import model, write_models, write_study

pytestmark = pytest.mark.usefixtures("prefect_server")

STUDY = "../../study {0.__class__} {study} {{ 7*7 }} %s $HOME `id` $(touch ran)"
MODEL = "/etc/m0; touch ran | https://x/m0?a=b {model.__init__} <img src=x onerror=a()>"
FAMILY = "=cmd|' /C calc'!A0 [x](javascript:alert(1))"
DATASET = "../letters\\..\\ {dataset.name.__class__} <script>alert(1)</script>"
SAFE_FILE = re.compile(r"\.?[A-Za-z0-9_][A-Za-z0-9_.-]*")
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which such a study was run, as a study file of such a name."""
    place = tmp_path_factory.mktemp("root") / "inside"
    place.mkdir()
    write_models(place, count=1)
    plain = write_study(
        place,
        name=STUDY,
        models=[model(0, name=MODEL, family=FAMILY)],
        decodings=[{"temperature": 1.0}],
    )
    content = yaml.safe_load(plain.read_text())
    content["datasets"][0]["name"] = DATASET
    file = place / "study {0.__class__} $(touch ran); {study}.yaml"
    file.write_text(yaml.safe_dump(content))
    plain.unlink()
    calibration(str(file), str(place / "store"))
    return place


def study_file(root: Path) -> Path:
    (found,) = root.glob("*.yaml")
    return found


def test_no_name_becomes_a_file_or_a_command(root: Path) -> None:
    lineage = resolved_as_run(
        read_study(study_file(root)), LocalStore(root / "store"), file=str(study_file(root))
    )
    assert lineage.study.datasets[0].name == DATASET
    out = root / "out"
    paths = exported(lineage, LocalStore(root / "store"), out)
    paths += list(exported_tokens(lineage, LocalStore(root / "store"), out))
    assert all(path.resolve().is_relative_to(out.resolve()) for path in paths)
    for folder in ("store", "out"):
        for path in (root / folder).rglob("*"):
            assert SAFE_FILE.fullmatch(path.name), path
    assert sorted(one.name for one in root.parent.iterdir()) == ["inside"]
    assert not list(root.rglob("ran"))
    assert not Path("ran").exists()


def test_a_formula_is_text_in_every_csv_and_itself_in_parquet(root: Path) -> None:
    for csv in (root / "out").rglob("*.csv"):
        assert not re.search(r"(^|[,\n])\"?=", csv.read_text()), csv
    assert set(pl.read_parquet(root / "out/ent_ce.parquet")["family"]) == {FAMILY}


def test_runs_and_tasks_are_called_by_the_names_as_they_are(root: Path) -> None:
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
        tasks = {one.name for one in client.read_task_runs()}
    assert {study_file(root).stem, f"measure {MODEL}"} <= {one.name for one in runs}
    assert {f"sample {MODEL}", f"ingest {DATASET}", f"report {STUDY}"} <= tasks
    found = {tag for one in runs for tag in one.tags}
    assert {f"family: {FAMILY}", f"data set: {DATASET}"} <= found


def test_artifacts_have_plain_keys_and_show_no_name_as_markup(root: Path) -> None:
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts()
    assert artifacts
    for one in artifacts:
        assert KEY.fullmatch(str(one.key))
        shown = re.sub(r"\(data:image/png;base64,[^)]*\)", "", f"{one.data} {one.description}")
        assert not re.search(r"(?<!\\)(<script|<img|\]\(javascript)|https:/", shown), one.key


def test_a_model_of_any_name_is_added_as_that_and_nothing_else(root: Path) -> None:
    file = root / "other.yml"
    file.write_text(study_file(root).read_text())
    before = read_study(file)
    names = ["a: b", "}, {name: x", "y # - z", "*alias", "!!python/name:os.system", "'\"", "null"]
    for name in names:
        words = ["add-model", str(file), name, "--path", "m0", "--family", "<<: *a"]
        ended = CliRunner().invoke(app, words, env={"PREFECT_API_URL": ""})
        assert ended.exit_code == 0, ended.output
    after = read_study(file)
    assert [one.name for one in after.models[1:]] == names
    assert {one.family for one in after.models[1:]} == {"<<: *a"}
    assert after.model_copy(update={"models": before.models}) == before
    file.unlink()


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\x9bb", "a\u2028b", "x" * 101, ""])
def test_a_name_that_breaks_a_line_is_refused_and_nothing_is_written(root: Path, name: str) -> None:
    file = study_file(root)
    before = file.read_bytes()
    ended = CliRunner().invoke(app, ["add-model", str(file), name, "--path", "m0", "--family", "f"])
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", ended.stderr)
    assert file.read_bytes() == before
    assert [one.name for one in root.parent.iterdir()] == ["inside"]
