"""prefect.yaml against the flows it names; no server is needed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from flows.fanning import DEPLOYMENT

ROOT = Path(__file__).parents[2]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
    "deployments"
]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["name"])
def test_a_deployment_names_a_flow_and_parameters_that_it_takes(
    deployment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    stated = deployment.get("parameters", {})
    given = {"study": "studies/quickstart.yaml", "model": "60k"}  # what starts a model gives them
    wanted = {key: given[key] for key in flow.parameters.required if key not in stated}
    flow.validate_parameters(stated | wanted)
    assert (ROOT / (given | stated)["study"]).is_file()


def test_what_is_deployed() -> None:
    names = [(one["name"], one["entrypoint"]) for one in DEPLOYMENTS]
    assert names == [
        ("full", "flows/full.py:calibration"),
        ("quickstart", "flows/full.py:calibration"),
        ("gpu", "flows/measure_model.py:measure_model"),
    ]


def test_models_on_workers_run_by_the_deployment_that_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    entrypoint = {one["name"]: one["entrypoint"] for one in DEPLOYMENTS}[DEPLOYMENT.split("/")[1]]
    assert load_flow_from_entrypoint(entrypoint).name == DEPLOYMENT.split("/")[0]
