"""A real pretrained model with every kind of fitted decoding, at small scale."""

from pathlib import Path

import pytest
from fitted_stage import Stage, prepared_stage

from storage.artifacts import read_table
from studies import write_study

DIRECTORY = Path(__file__).parents[2] / "models/smollm2"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DIRECTORY.is_dir(), reason="needs models/smollm2: `make smollm2`"),
]
DECODINGS = [
    {"temperature": 1.0},
    {"kind": "temperature", "fit": "ent_ce"},
    {"kind": "temperature", "fit": "log_loss"},
    {"kind": "one_step", "likeliest": 4, "tail": 2},
    {
        "kind": "future_entropy",
        "horizon": 2,
        "likeliest": 4,
        "tail": 2,
        "places": 3,
        "rounds": 1,
        "rank": 8,
    },
]
SPEECHES = {
    "name": "speeches",
    "source": {"kind": "speeches", "split": "held-out"},
    "prompt": 8,
    "continuation": 8,
    "examples": 8,
    "calibration": {"source": {"kind": "speeches", "split": "stop"}, "examples": 8},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Every decoding fitted, sampled, scored, and passed by every rule, the gate's too."""
    root = tmp_path_factory.mktemp("smollm2")
    (root / "texts.jsonl").touch()  # nothing is read of it
    model = {"name": "smollm2", "path": str(DIRECTORY), "family": "smollm2"}
    study = write_study(root, models=[model], decodings=DECODINGS, datasets=[SPEECHES])
    found = prepared_stage(root, study)
    assert len(found.calibrate()) == len(DECODINGS) - 1
    found.measure()
    return found


def test_two_passes_differ_by_rounding_alone(stage: Stage) -> None:
    for one in stage.measurements:
        gate = read_table(stage.bench.store, one.summary, "gate").row(0, named=True)
        assert gate["largest_difference"] < 1e-4
        assert gate["edges"] <= 1


def test_no_fit_on_log_loss_makes_the_texts_it_was_fitted_on_less_likely(stage: Stage) -> None:
    for one in stage.measurements[2:]:
        assert one.calibration is not None
        told = read_table(stage.bench.store, one.calibration, "diagnostics")
        change = told.filter(name="log_loss_change")["value"]
        assert len(change)
        assert change.max() <= 1e-5
