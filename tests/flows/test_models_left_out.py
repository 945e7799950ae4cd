"""Studies of which some models cannot be measured: the rest is finished, and the next run mends."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from direct import run_directly
from prefect.states import State
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner, Result

from calibration.lineage import Lineage
from calibration.recipes import VerdictRecipe
from expectations.suites import VERSIONS
from flows.cli import app
from flows.full import calibration
from storage.artifacts import read_table
from storage.catalogue import catalogue
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.resolution import resolved_as_run
from storage.studies import read_study
from studies import model, write_models, write_study
from tasks.report import report

pytestmark = pytest.mark.usefixtures("prefect_server")

GOOD, ALSO_GOOD = model(0), model(4)
LACKING = model(1, name="lacking")
NUMBERLESS = model(2, name="numberless")
REFUSED = model(3, name="refused")
WHY = {
    "lacking": "safetensors were expected in its directory, found no model.safetensors: copy",
    "numberless": "finite",
    "refused": "refused on letters at",
}


def written(root: Path) -> Path:
    """The study of all five models."""
    models = [GOOD, LACKING, NUMBERLESS, REFUSED, ALSO_GOOD]
    return write_study(root, models=models, decodings=[{}])


def plant_refused_samples(root: Path, store: LocalStore) -> None:
    """Everything of one model, its samples sealed again with entropies that cannot be."""
    alone = write_study(root, models=[REFUSED], decodings=[{}], name="alone")
    lineage = run_directly(alone, str(store.root), left_out=(report,))
    recipe = lineage.measurements[0].samples
    tables = {name: read_table(store, recipe, name) for name in ("samples", "replay")}
    negative = pl.col("entropy").list.eval(pl.element() - 5)
    tables["samples"] = tables["samples"].with_columns(negative)
    for made in (recipe, VerdictRecipe(table=recipe, suite=VERSIONS["samples"])):
        store.remove(manifest_key(made.address))
    draft = Draft(store, recipe)
    files = [draft.write_table(table, table=name) for name, table in tables.items()]
    draft.seal(files, title="planted", facts={"vocabulary": 8})


def take_numbers(directory: Path) -> None:
    weights = load_file(directory / "model.safetensors")
    weights["lm_head.weight"] = np.full_like(weights["lm_head.weight"], np.nan)
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})


def run(root: Path) -> Result:
    arguments = ["run", str(root / "study.yaml"), "--store", str(root / "store")]
    return CliRunner().invoke(app, arguments)


def as_run(root: Path) -> Lineage:
    file = root / "study.yaml"
    return resolved_as_run(read_study(file), LocalStore(root / "store"), file=str(file))


def made(root: Path) -> dict[str, int]:
    """Every complete artifact and when its manifest was written."""
    return {
        address: (root / "store" / manifest_key(address)).stat().st_mtime_ns
        for address in catalogue(LocalStore(root / "store")).artifacts
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    root = tmp_path_factory.mktemp("study")
    write_models(root, count=5)
    plant_refused_samples(root, LocalStore(root / "store"))
    (root / "m1/model.safetensors").rename(root / "kept.safetensors")
    shutil.copy(root / "m2/model.safetensors", root / "numbers.safetensors")
    take_numbers(root / "m2")
    written(root)
    return root, run(root)


def test_the_rest_is_finished_and_the_exit_code_says_that_a_gate_refused(
    ran: tuple[Path, Result],
) -> None:
    root, result = ran
    assert result.exit_code == 1, result.output
    lineage = as_run(root)
    assert [one.name for one in lineage.study.models] == ["m0", "m4"]
    assert {recipe.address for recipe in lineage.recipes()} <= set(made(root))
    assert [one.model for one in lineage.absent] == list(WHY)
    for one in lineage.absent:
        assert WHY[one.model] in one.why
        assert str(root) not in one.why
        assert f"{one.model} left out: " in result.stderr
        assert f"{one.model} left out: " in result.stdout
    assert result.stderr.strip().splitlines()[-1] == (
        "calibration: all of 5 models were expected to be measured, found 3 left out ('lacking', "
        "'numberless', 'refused'): mend what is said of each, and run the same command again, "
        "which makes only what is lacking"
    )


def test_nothing_of_a_model_that_failed_is_half_written(ran: tuple[Path, Result]) -> None:
    root, _ = ran
    found = catalogue(LocalStore(root / "store"))
    assert found.damaged == ()
    titles = [one.title for one in found.artifacts.values()]
    assert not [title for title in titles if title.startswith(("lacking", "numberless"))]


def test_the_page_the_lines_and_the_tables_name_what_was_left_out(
    ran: tuple[Path, Result], tmp_path: Path
) -> None:
    root, _ = ran
    asked = [str(root / "study.yaml"), "--store", str(root / "store")]
    shown = CliRunner().invoke(app, ["report", *asked])
    assert shown.exit_code == 0, shown.output
    for name in WHY:
        assert f"{name} left out: " in shown.stderr
        assert f"{name} left out: " in shown.stdout
    exported = CliRunner().invoke(app, ["export", *asked, "--out", str(tmp_path)])
    assert exported.exit_code == 0, exported.output
    page = (tmp_path / "report.html").read_text()
    assert '<h2 id="left-out">Left out</h2>' in page
    table = pl.read_parquet(tmp_path / "left_out.parquet")
    assert table["model"].to_list() == list(WHY)
    assert set(pl.read_parquet(tmp_path / "ent_ce.parquet")["model"]) == {"m0", "m4"}
    compared = CliRunner().invoke(app, ["compare", asked[0], *asked])
    assert compared.exit_code == 0, compared.output
    assert compared.stdout.count("refused left out: ") == 2


def test_a_second_run_makes_nothing_and_does_not_look_clean(ran: tuple[Path, Result]) -> None:
    root, _ = ran
    before = made(root)
    state: State[str] = calibration(
        str(root / "study.yaml"), str(root / "store"), return_state=True
    )
    assert made(root) == before
    assert (state.name, state.is_failed()) == ("Incomplete", True)
    message = str(state.message)
    assert all(f"{name} left out: " in message for name in WHY)
    assert as_run(root).report.address in message


def test_a_mended_study_makes_the_lacking_part_and_a_page_without_the_section(
    ran: tuple[Path, Result],
) -> None:
    root, _ = ran
    found = catalogue(LocalStore(root / "store")).artifacts
    [planted] = [address for address, one in found.items() if one.title == "planted"]
    (root / "kept.safetensors").rename(root / "m1/model.safetensors")
    (root / "numbers.safetensors").rename(root / "m2/model.safetensors")
    shutil.rmtree(root / "store" / planted)
    before = made(root)
    result = run(root)
    assert result.exit_code == 0, result.output
    assert "left out" not in result.output
    after = made(root)
    again = {address for address, time in before.items() if after[address] != time}
    assert {planted} == {one for one in again if not one.startswith("verdicts/")}
    assert len(again) == 2  # it and its verdict
    kinds = [address.partition("/")[0] for address in set(after) - set(before)]
    assert {kind: kinds.count(kind) for kind in ("texts", "samples", "scores", "reports")} == {
        "texts": 0,
        "samples": 2,
        "scores": 2,
        "reports": 1,
    }
    lineage = as_run(root)
    assert lineage.absent == ()
    page = read_page(root, lineage)
    assert "Left out" not in page


def read_page(root: Path, lineage: Lineage) -> str:
    from flows.export import report_files

    return report_files(lineage, LocalStore(root / "store"))["report.html"].decode()


def test_where_no_model_is_left_the_first_error_is_raised(tmp_path: Path) -> None:
    write_models(tmp_path, count=3)
    for number in (1, 2):
        take_numbers(tmp_path / f"m{number}")
    config = tmp_path / "m0/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "unheard"}))
    write_study(tmp_path, models=[model(0), model(1), model(2)], decodings=[{}])
    result = run(tmp_path)
    assert result.exit_code == 2
    sentence = result.stderr.strip().splitlines()[-1]
    assert f"{tmp_path / 'm1'}: a causal language model" in sentence
    assert "reports" not in {address.partition("/")[0] for address in made(tmp_path)}
