"""The main job through Prefect, on exact models: what is made, what is not, and when."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from calibration.slugs import distinct_slug
from calibration.tables import STUDY_TABLES
from calibration.theory_tables import THEORY_TABLES
from flows.export import exported, report_files
from flows.full import calibration
from storage.artifacts import read_table
from storage.catalogue import catalogue
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_models, write_study

pytestmark = pytest.mark.usefixtures("prefect_server")


def made(store: Path) -> dict[str, int]:
    """Every complete artifact and when its manifest was written."""
    return {
        address: (store / manifest_key(address)).stat().st_mtime_ns
        for address in catalogue(LocalStore(store)).artifacts
    }


def kinds(addresses: set[str]) -> dict[str, int]:
    found = [address.partition("/")[0] for address in addresses]
    return {kind: found.count(kind) for kind in sorted(set(found))}


def one_run(flow_run: UUID | None) -> FlowRunFilter:
    return FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))


def task_states(flow_run: UUID | None) -> dict[str, str]:
    """The state of every task that a flow run called itself, by the task's name."""
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=one_run(flow_run))
    return {run.name: run.state_name for run in runs if not run.name.startswith("measure-model")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with three models, the first three of them run into `store`."""
    root = tmp_path_factory.mktemp("study")
    write_models(root, count=4)
    study = write_study(root, models=[model(0), model(1), model(2)])
    calibration(str(study), str(root / "store"))
    return root


def test_a_run_makes_every_artifact_and_an_exponent(finished: Path) -> None:
    store = LocalStore(finished / "store")
    study = write_study(finished, models=[model(0), model(1), model(2)])
    lineage = resolved(read_study(study), file=str(study))
    assert {recipe.address for recipe in lineage.recipes()} <= set(made(finished / "store"))
    rows = read_table(store, lineage.report.study_fit, "ent_ce")
    assert rows["model"].to_list() == ["m0", "m1", "m2"] * 2
    fits = read_table(store, lineage.report.study_fit, "fits")
    assert set(fits["models"]) == {3}


def test_a_second_run_makes_nothing(finished: Path) -> None:
    before = made(finished / "store")
    state = calibration(str(finished / "study.yaml"), str(finished / "store"), return_state=True)
    assert made(finished / "store") == before
    names = task_states(state.state_details.flow_run_id)
    assert set(names.values()) == {"Cached"}
    with get_client(sync_client=True) as client:
        shown = client.read_artifacts(flow_run_filter=one_run(state.state_details.flow_run_id))
    # What was found is shown again, so that the pages keep a history.
    held = {one.key: str(one.data) for one in shown}
    assert {f"{distinct_slug('chains')}-findings", f"{distinct_slug('chains')}-run"} <= set(held)
    link = held[f"{distinct_slug('chains')}-report"].partition("](")[2].removesuffix(")")
    assert Path(url2pathname(urlsplit(link).path)).is_file()


def test_a_model_added_makes_its_own_part_and_what_it_enters(finished: Path) -> None:
    before = made(finished / "store")
    study = write_study(finished, models=[model(0), model(1), model(2), model(3)])
    calibration(str(study), str(finished / "store"))
    after = made(finished / "store")
    assert {address: after[address] for address in before} == before
    assert kinds(set(after) - set(before)) == {
        "fits": 2,
        "reports": 1,
        "samples": 2,
        "scores": 2,
        "study-fits": 1,
        "summaries": 2,
        "verdicts": 6 + 3,
    }


def test_relabelling_a_model_makes_fits_and_the_report_only(finished: Path) -> None:
    before = made(finished / "store")
    relabelled = [model(0, name="renamed"), model(1, parameters=77), model(2, family="others")]
    study = write_study(finished, models=relabelled)
    calibration(str(study), str(finished / "store"))
    new = kinds(set(made(finished / "store")) - set(before))
    assert new == {"fits": 4, "reports": 1, "study-fits": 1, "theories": 1, "verdicts": 6}


def test_a_run_from_nothing_is_equal_bit_for_bit(finished: Path, tmp_path: Path) -> None:
    study = write_study(finished, models=[model(0), model(1), model(2)])
    calibration(str(study), str(tmp_path / "again"))
    for part in (tmp_path / "again").rglob("*.parquet"):
        twin = finished / "store" / part.relative_to(tmp_path / "again")
        assert twin.read_bytes() == part.read_bytes()


def test_one_source_text_gives_values_without_intervals(tmp_path: Path) -> None:
    write_models(tmp_path, count=1)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "only.txt").write_text("abcabgacbd" * 30)
    source = {"kind": "files", "path": "texts/*.txt"}
    data = {"name": "one", "source": source, "prompt": 4, "continuation": 24, "examples": 5}
    study = write_study(tmp_path, models=[model(0)], datasets=[data | {"span_bytes": 60}])
    calibration(str(study), str(tmp_path / "store"))
    lineage = resolved(read_study(study), file=str(study))
    rows = read_table(LocalStore(tmp_path / "store"), lineage.report.study_fit, "ent_ce")
    assert rows["ent_ce"].is_not_null().all()
    assert rows["ent_ce_low"].is_null().all()
    assert (
        "undetermined"
        in report_files(lineage, LocalStore(tmp_path / "store"))["report.html"].decode()
    )


def test_export_writes_each_table_twice_and_the_page(finished: Path, tmp_path: Path) -> None:
    study = write_study(finished, models=[model(0), model(1), model(2)])
    lineage = resolved(read_study(study), file=str(study))
    names = {path.name for path in exported(lineage, LocalStore(finished / "store"), tmp_path)}
    tables = {
        f"{table}.{kind}"
        for table in (*STUDY_TABLES, *THEORY_TABLES, "readings", "ancestry")
        for kind in ("csv", "parquet")
    }
    assert names >= tables | {"report.html"}
