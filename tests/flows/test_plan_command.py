"""The command `calibration plan` as a person and a program meet it; nothing is made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from studies import model, write_models, write_study

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("planned")
    write_models(root, count=2)
    return write_study(root, models=[model(0), model(1)])


def contents(root: Path) -> dict[Path, tuple[int, int]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def test_text_says_what_is_missing_and_how_to_learn_its_time(study: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    result = CliRunner().invoke(app, ["plan", str(study), "--store", str(store)])
    assert result.exit_code == 0, result.output
    assert "4 samples     never made (m0 on letters at temperature 1 and 3 more)" in result.stdout
    assert "--probe" in result.stdout
    assert "letters at temperature 1: standard error of EntCE" in result.stdout
    assert not store.exists()


def test_json_is_all_that_is_printed(study: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    result = CliRunner().invoke(app, ["plan", str(study), "--store", store, "--format", "json"])
    found = json.loads(result.stdout)
    assert (found["study"], found["store"]) == ("chains", store)
    assert found["totals"]["artifacts"] == len(found["artifacts"])
    assert [one["decoding"] for one in found["precision"]] == ["temperature 1", "temperature 0.8"]


def test_a_probe_times_each_model_and_writes_nothing(study: Path, tmp_path: Path) -> None:
    before = contents(study.parent)
    store = str(tmp_path / "store")
    words = ["plan", str(study), "--store", store, "--probe", "--format", "json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == ["probe m0 (1 of 2)", "probe m1 (2 of 2)"]
    found = json.loads(result.stdout)
    measured = [one for one in found["artifacts"] if one["kind"] in ("samples", "scores")]
    assert len(measured) == 8
    for one in measured:
        assert one["seconds"] > 0
        assert one["memory_bytes"] > 0
        assert not one["memory_at_least"]
        assert one["estimate_from"].startswith(f"a probe of {one['title'][:2]}, ")
    assert contents(study.parent) == before
    assert list(tmp_path.iterdir()) == []


def test_without_a_probe_no_network_can_be_loaded(study: Path, tmp_path: Path) -> None:
    words = ["plan", str(study), "--store", str(tmp_path / "store")]
    code = (
        "import sys; from typer.testing import CliRunner; from flows.cli import app;"
        f"assert CliRunner().invoke(app, {words!r}).exit_code == 0;"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "flows.plan" in loaded
    assert {"torch", "transformers", "prefect", "great_expectations"}.isdisjoint(loaded)
