"""prefect.yaml against the flows it names; no server is needed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

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
    assert flow.name == "calibration"
    flow.validate_parameters(deployment["parameters"])
    assert (ROOT / deployment["parameters"]["study"]).is_file()


def test_full_and_quickstart_are_deployed() -> None:
    assert [one["name"] for one in DEPLOYMENTS] == ["full", "quickstart"]
