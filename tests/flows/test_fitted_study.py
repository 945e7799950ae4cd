"""A study with fitted decodings end to end: what is made, what it says, and what stays."""

from pathlib import Path
from typing import NamedTuple

import pytest
from direct import run_directly
from markov import chain, tempered, write_checkpoint

from calibration.beside_temperatures import CALIBRATED
from calibration.lineage import Lineage
from calibration.recipes import CalibrationRecipe
from flows.export import exported, report_files
from flows.plan import plan
from storage.artifacts import read_table
from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_study

LETTERS = {
    "name": "letters",
    "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
    "prompt": 4,
    "continuation": 12,
    "examples": 40,
    "calibration": {"examples": 30},
}
PLAIN = [{"temperature": one} for one in (1.0, 0.9, 0.8)]
LEAST = {"kind": "temperature", "fit": "log_loss"}
STEP = {"kind": "one_step", "likeliest": 3, "tail": 2}
# A model of the text (`studies`) that is too sure of itself, and slips.
SLIPPED = 0.8 * tempered(chain(99), 0.7) + 0.2 * chain(1)
DECODINGS = [*PLAIN, LEAST, STEP]


class Made(NamedTuple):
    root: Path
    study: Path
    lineage: Lineage
    store: LocalStore

    def planned_with(self, *more: object) -> dict[str, set[str]]:
        """What would be made, by kind, if the study had more decodings."""
        own = self.study.read_text()
        path = write(self.root, [*DECODINGS, *more])
        lineage = resolved(read_study(path), file=str(path))
        self.study.write_text(own)
        found: dict[str, set[str]] = {}
        for one in plan(lineage, self.store).artifacts:
            if one.is_to_make:
                found.setdefault(one.kind, set()).add(one.title)
        return found


def write(root: Path, decodings: list[object]) -> Path:
    return write_study(root, models=[model(0)], datasets=[LETTERS], decodings=decodings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("fitted")
    write_checkpoint(root / "m0", SLIPPED, end_probability=0.001)
    study = write(root, list(DECODINGS))
    before = resolved(read_study(study), file=str(study))
    planned = plan(before, LocalStore(root / "store"))
    assert {one.tokens > 0 for one in planned.artifacts if one.kind == "calibrations"} == {True}
    lineage = run_directly(study, str(root / "store"))
    return Made(root, study, lineage, LocalStore(root / "store"))


def test_fitted_decodings_are_set_against_the_temperatures(made: Made) -> None:
    table = read_table(made.store, made.lineage.report.study_fit, CALIBRATED)
    rows = {row["kind"]: row for row in table.rows(named=True)}
    assert rows["temperature"]["temperatures"] == 3
    # A fitted temperature is one of those that others stand beside.
    assert rows["one_step"]["temperatures"] == 4
    for row in rows.values():
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    # A temperature gains next to nothing over temperatures.
    assert abs(rows["temperature"]["difference"]) < 0.01


def test_a_fitted_decoding_states_no_temperature(made: Made) -> None:
    ent_ce = read_table(made.store, made.lineage.report.study_fit, "ent_ce")
    stated = dict(ent_ce.select("decoding", "temperature").iter_rows())
    assert stated["temperature 0.9"] == 0.9
    assert stated["temperature of least log loss"] is None
    assert stated["one step ahead, likeliest 3, tail 2"] is None


def test_the_page_and_the_export_tell_of_them(made: Made, tmp_path: Path) -> None:
    page = report_files(made.lineage, made.store)["report.html"].decode()
    assert "Calibrated without the tradeoff" in page
    assert "How they were fitted" in page
    names = {path.name for path in exported(made.lineage, made.store, tmp_path)}
    assert {"calibrated.csv", "calibrated.parquet"} <= names
    kinds = (tmp_path / "ancestry.csv").read_text()
    assert "calibrations/" in kinds


def test_what_was_fitted_is_made_once(made: Made) -> None:
    assert made.planned_with() == {}
    more = made.planned_with({"kind": "temperature", "fit": "ent_ce"})
    title = "m0 on letters at temperature of EntCE 0"
    for kind in ("calibrations", "samples", "scores", "summaries"):
        assert more[kind] == {title}
    assert "texts" not in more


def test_every_calibration_hangs_on_texts_that_are_apart(made: Made) -> None:
    found = [one for one in made.lineage.recipes() if isinstance(one, CalibrationRecipe)]
    assert len(found) == 2
    for one in found:
        own = read_table(made.store, one.examples, "examples")["cluster"]
        measured = read_table(made.store, made.lineage.measurements[0].examples, "examples")
        assert not set(own) & set(measured["cluster"])
