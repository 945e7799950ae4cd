"""The command `calibration plan` as a person and a program meet it; nothing is made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
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
    assert [one["name"] for one in found["models"]] == ["m0", "m1"]
    for one in found["models"]:
        assert {"name", "parameters", "tokens", "gpu_hours", "memory_bytes", "gpus"} <= set(one)
        assert one["gpu_hours"] > 0
    # 100 texts of 4 + 24 tokens at two temperatures: prompts, what is written, and what is read.
    each = 100 * (4 + 2 * 24 + 28)
    assert [one["tokens"] for one in found["models"]] == [each, each]
    assert found["totals"]["tokens"] == 2 * each
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


SHAPE = {
    "parameters": 8030261248,
    "layers": 32,
    "width": 4096,
    "key_value_width": 1024,
    "vocabulary": 128256,
    "context": 131072,
}


def large(**labels: object) -> dict[str, object]:
    """A model that is not there, of a size that is stated."""
    entry = {"name": "large", "path": "nowhere", "family": "f", "precision": "bfloat16"}
    return entry | {"shape": SHAPE} | labels


def planned(study: Path, store: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plan", str(study), "--store", str(store), *words])


@pytest.fixture
def beside(study: Path, tmp_path: Path) -> Path:
    """A place beside the models where a test writes a study of its own."""
    for name in ("m0", "texts.jsonl"):
        (tmp_path / name).symlink_to(study.parent / name)
    return tmp_path


def test_a_model_that_is_not_there_costs_what_its_stated_sizes_say(beside: Path) -> None:
    path = write_study(beside, models=[model(0), large()])
    result = planned(path, beside / "store", "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    small, stated = found["models"]
    assert (stated["parameters"], stated["gpus"]) == (SHAPE["parameters"], 1)
    assert small["to_make"] > 0
    assert stated["to_make"] is None
    [unread] = found["unread"]
    assert unread["name"] == "large"
    assert not any("large" in one["title"] for one in found["artifacts"])


def test_a_study_of_which_nothing_can_be_read_still_has_its_cost(beside: Path) -> None:
    hub = large(path=None, hub="owner/model")
    dataset = {
        "name": "gone",
        "source": {"kind": "files", "path": "gone.txt"},
        "prompt": 128,
        "continuation": 1000,
        "examples": 5000,
    }
    path = write_study(beside, models=[large(), hub | {"name": "far"}], datasets=[dataset])
    result = planned(path, beside / "store")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("The whole study on h100 (H100 SXM, 80 GB")
    assert "2 models together" in result.stdout
    assert "gone: files were expected at" in result.stdout
    assert not (beside / "store").exists()


def test_a_model_without_any_size_is_named_and_the_others_have_their_cost(beside: Path) -> None:
    path = write_study(beside, models=[model(0), large(shape=None)])
    result = planned(path, beside / "store")
    assert result.exit_code == 0, result.output
    assert "Without a cost: large" in result.stdout
    assert "1 model together" in result.stdout


def test_where_no_cost_can_be_told_the_first_reason_is_the_error(beside: Path) -> None:
    path = write_study(beside, models=[large(shape=None)])
    result = planned(path, beside / "store")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


def test_another_gpu_takes_other_hours_and_an_unknown_one_is_a_sentence(beside: Path) -> None:
    path = write_study(beside, models=[large()])
    words = ("--format", "json", "--gpu")
    fast, slow = (
        json.loads(planned(path, beside / "store", *words, gpu).stdout)["models"][0]
        for gpu in ("H200", "l4")
    )
    assert fast["gpu_hours"] < slow["gpu_hours"]
    assert fast["flops"] == slow["flops"]
    refused = planned(path, beside / "store", "--gpu", "abacus")
    assert refused.exit_code == 2
    assert "h100, " in refused.stderr
