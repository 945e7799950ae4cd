"""Studies on a real server with real workers and a bucket: run, killed, run again, added to."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from bucket import SECRET_KEY, settings
from direct import run_directly
from faults import Contents, contents
from markov import chain, texts, write_texts
from postgres import postgres
from prefect.client.schemas.objects import FlowRun
from prefect_host import Host, Process, hosted, killed, stop, until

from calibration.recipes import ReportRecipe
from calibration.slugs import distinct_slug
from storage.entries import Entry
from storage.store import open_store
from studies import PROMPT, model, write_models, write_study
from tasks.report import report

if TYPE_CHECKING:
    from bucket import BucketServer

pytestmark = pytest.mark.slow  # a server, its workers and their runs: four minutes alone

HF_TOKEN = "hf_PlantedToBeFoundNowhere"
PARTS, LETTERS = 6, 200  # enough that a model can be killed in the middle


class Study(NamedTuple):
    """A study on a host, its store in a bucket, and the workers that are up."""

    host: Host
    file: Path
    store: str
    workers: dict[str, Process]

    def models(self, *numbers: int) -> None:
        """Have the study list these models."""
        dataset = {
            "name": "letters",
            "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
            "prompt": PROMPT,
            "continuation": LETTERS,
            "examples": PARTS * 64,
        }
        models = [model(number) for number in numbers]
        study = {"datasets": [dataset], "decodings": [{"temperature": 1.0}]}
        write_study(self.file.parent, models=models, **study)

    def add(self, number: int) -> None:
        """Add a model as a person does."""
        words = (str(self.file), f"m{number}", "--path", f"m{number}", "--family", "chains")
        assert "The Prefect server was told" in self.host.calibration("add-model", *words)

    def run(self) -> str:
        """Run it, and the name of the state in which that ended."""
        ended = self.host.ended(self.host.begin("calibration/full"))
        return f"{ended.state_name}: {ended.state.message}" if ended.state else ""

    def measured(self) -> list[FlowRun]:
        """The runs that a run of the study had made, each of a model."""
        return [run for run in self.host.runs("measure-model") if run.tags]

    def entries(self, kind: str) -> list[Entry]:
        return list(open_store(self.store).entries(kind))


@pytest.fixture(scope="module")
def study(
    tmp_path_factory: pytest.TempPathFactory, bucket_server: "BucketServer"
) -> Iterator[Study]:
    """A study of one model, deployed; workers of both pools are up."""
    root = tmp_path_factory.mktemp("production")
    write_models(root, count=4)
    write_long_texts(root)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            **settings(bucket_server.endpoint),
            "HF_TOKEN": HF_TOKEN,
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",  # between two looks for a run
            "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
            "PYTHONDONTWRITEBYTECODE": "",
        }.items():
            patch.setenv(name, value)
        with postgres() as database, hosted(root, database=database) as host:
            one = Study(host, root / "study.yaml", bucket_server.new_bucket(), {})
            one.models(0)
            # Workers make the pools that are not there yet, and are up by when there are runs.
            for pool in ("cpu", "gpu"):
                one.workers[pool] = host.worker(pool, name=pool)
            host.deploy(study=one.file, store=one.store)
            yield one
            for worker in one.workers.values():
                stop(worker)


def write_long_texts(root: Path) -> None:
    lines = texts(chain(99), count=PARTS * 64, length=PROMPT + LETTERS, seed=5)
    write_texts(root / "texts.jsonl", lines)


def tables(store: str) -> Contents:
    """All but the report, whose pictures take the test longer than everything else."""
    return {
        address: held
        for address, held in contents(open_store(store)).items()
        if not address.startswith(ReportRecipe.KIND)
    }


def test_a_study_whose_worker_is_killed_in_the_middle_of_a_model_completes(
    study: Study, tmp_path: Path
) -> None:
    run = study.host.begin("calibration/full")
    until(lambda: len([one for one in study.entries("samples") if ".parquet" in one.key]) >= 2)
    assert not any(address.startswith("samples") for address in tables(study.store))
    killed(study.workers["gpu"])
    study.workers["gpu"] = study.host.worker("gpu", name="gpu again")
    # The same, undisturbed, while nothing is heard of the run that is gone.
    run_directly(study.file, str(tmp_path / "store"), left_out=(report,))
    study.add(1)
    ended = study.host.ended(run)
    assert ended.state_name == "Completed", ended.state
    states = Counter(one.state_name for one in study.measured() if one.name == "measure m0")
    assert states == {"Completed": 1, "Crashed": 1}
    # The run of the added model has only begun, and takes long until it makes anything.
    assert tables(study.store) == tables(str(tmp_path / "store"))


def test_a_model_that_was_added_starts_a_run_that_makes_only_its_own(study: Study) -> None:
    begun = until(lambda: study.host.runs("calibration")[1:])
    until(lambda: study.measured()[2:])
    # What else asks for the one place, meanwhile.
    study.host.begin("measure-model/gpu", study=str(study.file), model="m0", store=study.store)
    assert study.host.ended(begun[0]).state_name == "Completed"
    assert [run.id for run in study.host.runs("calibration")[1:]] == [begun[0].id]
    assert [run.name for run in study.measured()] == ["measure m0", "measure m0", "measure m1"]
    said = study.host.artifact(f"{distinct_slug('chains')}-run")
    assert "2 models: 1 cached, 1 made, 0 failed" in said
    kinds = Counter(address.partition("/")[0] for address in contents(open_store(study.store)))
    assert (kinds["texts"], kinds["examples"]) == (1, 1)
    assert (kinds["samples"], kinds["scores"], kinds["summaries"]) == (2, 2, 2)


def test_a_second_run_measures_nothing_and_says_so(study: Study) -> None:
    before = contents(open_store(study.store))
    assert study.run() == "Completed: None"
    assert contents(open_store(study.store)) == before
    assert len(study.measured()) == 3
    said = study.host.artifact(f"{distinct_slug('chains')}-run")
    assert "2 models: 2 cached, 0 made, 0 failed" in said


def test_with_a_limit_of_one_no_two_models_are_measured_at_once(study: Study) -> None:
    runs = [study.host.ended(run) for run in study.host.runs("measure-model")]
    assert len(runs) == 4
    for earlier, later in pairwise(runs):
        assert earlier.end_time is not None
        assert later.start_time is not None
        assert earlier.end_time <= later.start_time


def test_the_pages_show_families_data_sets_and_how_far_a_model_is(study: Study) -> None:
    assert {tuple(sorted(run.tags)) for run in study.measured()} == {
        ("data set: letters", "family: chains")
    }
    found = re.findall(
        r"sample m\d: ([\d,]+) of ([\d,]+) tokens, [\d,]+ a", study.host.everything()
    )
    assert found
    assert all(done == total for done, total in found)


def test_the_run_after_a_crash_makes_only_the_parts_that_were_lacking(study: Study) -> None:
    said = re.findall(r"sample m\d: [\d,]+ of ([\d,]+) tokens, [\d,]+ a", study.host.everything())
    totals = sorted(int(total.replace(",", "")) for total in said)
    whole = PARTS * 64 * LETTERS
    assert totals[0] < whole
    assert set(totals[1:]) == {whole}


def test_the_night_is_planned(study: Study) -> None:
    runs = study.host.client.read_flow_runs()
    planned = [run for run in runs if run.auto_scheduled and run.start_time is None]
    assert planned


def test_what_is_secret_appears_nowhere(study: Study) -> None:
    store = open_store(study.store)
    kept = b"\n".join(store.read(entry.key) for entry in store.entries(""))
    said = study.host.everything()
    written = (study.host.root / "output").read_text(errors="replace")
    for secret in (HF_TOKEN, SECRET_KEY):
        assert secret.encode() not in kept
        assert secret not in said
        assert secret not in written


@pytest.mark.nightly
def test_models_added_together_start_one_run(study: Study) -> None:
    runs = study.host.runs("calibration")
    for number in (2, 3):
        study.add(number)
    (begun,) = until(lambda: study.host.runs("calibration")[len(runs) :])
    assert study.host.ended(begun).state_name == "Completed"
    assert len(study.host.runs("calibration")) == len(runs) + 1
    measured = [run.name for run in study.measured()[-2:]]
    assert sorted(measured) == ["measure m2", "measure m3"]
