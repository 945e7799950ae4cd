"""Models on a Ray of this machine: measured as in this process, and failing as there."""

import shutil
from pathlib import Path

import pytest
from direct import run_directly
from faults import contents

pytest.importorskip("ray")
pytest.importorskip("prefect_ray")

from prefect.client.orchestration import get_client
from prefect.states import State

from calibration.errors import ModelError
from calibration.recipes import ReportRecipe
from flows.full import calibration
from flows.on_ray import resources
from storage.store import open_store
from studies import model, write_models, write_study
from tasks.report import report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("prefect_server"),
    # Of Ray's own processes and their pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_a_study_on_ray_is_the_study_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    write_models(tmp_path, count=3)
    shutil.copytree(tmp_path / "m1", tmp_path / "m3")
    study = write_study(tmp_path, models=[model(0), model(1), numberless(tmp_path)])
    state: State = calibration(
        str(study), str(tmp_path / "store"), execution="ray", return_state=True
    )
    assert state.name == "Incomplete", state
    assert "m3" in str(state.message)
    assert "finite" in str(state.message)
    write_study(tmp_path, models=[model(0), model(1)])
    run_directly(study, str(tmp_path / "here"), left_out=(report,))
    of_ray = contents(open_store(str(tmp_path / "store")))
    here = contents(open_store(str(tmp_path / "here")))
    samples = {one: held for one, held in here.items() if one.startswith(("samples", "scores"))}
    assert samples
    assert {one: of_ray[one] for one in samples} == samples
    assert not any(one.startswith(ReportRecipe.KIND) for one in here)
    with get_client(sync_client=True) as client:
        runs = [one for one in client.read_flow_runs() if one.name.startswith("measure m")]
        tasks = {one.name: one.state_name for one in client.read_task_runs()}
    assert {tuple(sorted(one.tags)) for one in runs} == {("data set: letters", "family: chains")}
    assert tasks["measure m0 on Ray"] == "Completed"
    assert tasks["measure m3 on Ray"] == "Failed"


def numberless(root: Path) -> dict[str, object]:
    """A model whose weights give no numbers."""
    from safetensors.numpy import load_file, save_file

    file = root / "m3/model.safetensors"
    weights = {name: values * float("nan") for name, values in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})
    return model(3)


def test_a_model_asks_for_its_gpus_where_there_are_any() -> None:
    nodes = [{"CPU": 8.0}, {"CPU": 64.0, "GPU": 4.0}]
    assert resources(1, nodes) == {"num_gpus": 1}
    assert resources(4, nodes) == {"num_gpus": 4}
    with pytest.raises(ModelError, match="with 5 GPUs was expected, found none with more than 4"):
        resources(5, nodes)


def test_a_model_asks_for_a_whole_node_where_there_is_no_gpu() -> None:
    assert resources(2, [{"CPU": 8.0}, {"CPU": 2.0}, {}]) == {"num_cpus": 2.0}
