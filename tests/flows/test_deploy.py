"""What `calibration deploy` and `calibration serve` decide; a server is met in test_production."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner

from calibration.errors import ServerError
from flows.cli import app
from flows.deploying import DEPLOYMENTS, given
from flows.serving import Worker, workers


def deployments(**stated: str | None) -> dict[str, dict[str, Any]]:
    found = given(DEPLOYMENTS, **{"study": None, "store": None, **stated})["deployments"]
    return {one["name"]: one["parameters"] for one in found}


def test_without_a_study_and_a_store_the_file_counts() -> None:
    written = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
    stated = {one["name"]: one.get("parameters", {}) for one in written}
    assert deployments() == stated


def test_a_study_is_what_runs_at_night_and_a_store_that_of_all() -> None:
    found = deployments(study="mine.yaml", store="s3://bucket")
    assert found["full"]["study"] == "mine.yaml"
    assert found["quickstart"]["study"] == "studies/quickstart.yaml"
    assert {one["store"] for one in found.values()} == {"s3://bucket"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "found no PREFECT_API_URL"),
        ("http://127.0.0.1:9/api", "a Prefect server was expected at http://127.0.0.1:9/api"),
    ],
)
def test_without_a_server_deploy_says_what_to_do(url: str | None, said: str) -> None:
    with temporary_settings({PREFECT_API_URL: url}, restore_defaults={PREFECT_API_URL}):
        done = CliRunner().invoke(app, ["deploy"])
    assert done.exit_code == 2
    assert said in done.stderr
    assert "calibration serve" in done.stderr


def test_a_file_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="a file of deployments like"):
        given(tmp_path / "none.yaml", study=None, store=None)


def test_each_gpu_has_a_worker_that_leaves_large_models_alone() -> None:
    assert workers(["0", "3"], each=1) == [
        Worker("cpu", "cpu"),
        Worker("gpu", "gpu-0", ("default",), "0"),
        Worker("gpu", "gpu-3", ("default",), "3"),
    ]


def test_groups_of_gpus_take_large_models_and_none_has_fewer_than_asked() -> None:
    assert workers(["0", "1", "2", "3", "4"], each=2)[1:] == [
        Worker("gpu", "gpu-0,1", ("default", "large"), "0,1"),
        Worker("gpu", "gpu-2,3", ("default", "large"), "2,3"),
    ]
    with pytest.raises(ServerError, match="2 GPUs for a worker were expected, found 1"):
        workers(["0"], each=2)


def test_without_a_gpu_one_worker_measures_on_the_cpu() -> None:
    assert workers([], each=1) == [Worker("cpu", "cpu"), Worker("gpu", "gpu")]


def test_a_worker_of_gpus_sees_them_and_measures_one_model_at_a_time() -> None:
    worker = Worker("gpu", "gpu-1", ("default",), "1")
    assert worker.environment == {"CUDA_VISIBLE_DEVICES": "1"}
    assert worker.command[-4:] == ["--work-queue", "default", "--limit", "1"]
    assert "--limit" not in Worker("cpu", "cpu").command
