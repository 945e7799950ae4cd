"""How things were made, as far as it can be known."""

import platform
import re

import polars as pl

from storage.provenance import NAMED, code_commit, device_name, versions


def test_versions_are_those_that_run() -> None:
    assert versions()["python"] == platform.python_version()
    assert versions()["polars"] == pl.__version__
    assert set(versions()) == {"python", *NAMED}


def test_the_commit_is_whole_and_says_when_files_differ() -> None:
    commit = code_commit()
    assert commit is None or re.fullmatch("[0-9a-f]{40}(-dirty)?", commit)


def test_a_device_has_a_name() -> None:
    assert device_name()
