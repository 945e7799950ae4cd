"""Kills while files are written: each file is whole, and what a write returned from stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "killed_writes.py"


def counts(directory: Path, way: str, *, kills: int) -> dict[str, int]:
    """What was found after each of some kills of a process that writes two files."""
    found = subprocess.run(
        [sys.executable, PROGRAM, directory, str(kills), "0", way],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("kills", [300, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_a_kill_tears_no_file_and_loses_none(tmp_path: Path, kills: int) -> None:
    found = counts(tmp_path / "store", "store", kills=kills)
    assert found["kills"] == kills
    assert (found["torn"], found["lost"]) == (0, 0)
    assert found["keys"] == 2  # what was left aside is no key
    assert found["left_aside"] > 0  # so kills did fall into writes


def test_writing_in_place_tears_files_and_is_found_out(tmp_path: Path) -> None:
    found = counts(tmp_path / "store", "in-place", kills=50)
    assert found["torn"] > 0
