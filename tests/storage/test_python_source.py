"""The default code: whole modules of the standard library, without its tests."""

import json
import re
import string
from pathlib import Path

import pytest
from small_recipes import TEXTS

from calibration.study import DatasetEntry
from calibration.text import SourceText
from storage.python_source import module_files, modules_digest
from storage.texts import source_identity, source_texts

ENTRY = DatasetEntry.model_validate(
    {
        "name": "code",
        "source": {"kind": "python-source"},
        "prompt": 4,
        "continuation": 8,
        "examples": 16,
    }
)


@pytest.fixture(scope="module")
def texts() -> dict[str, SourceText]:
    return {one.cluster: one for one in source_texts(ENTRY, Path(), TEXTS)}


def test_a_module_is_a_text_and_a_cluster_named_as_it_is_imported(
    texts: dict[str, SourceText],
) -> None:
    for name, module in {"json.decoder": json.decoder, "re.__init__": re, "string": string}.items():
        assert texts[name].text == Path(str(module.__file__)).read_text("utf-8")


def test_tests_and_installed_packages_are_left_out(texts: dict[str, SourceText]) -> None:
    parts = {part for name in module_files() for part in name.split(".")}
    assert parts.isdisjoint({"test", "tests", "idle_test", "site-packages", "polars"})
    assert len(texts) > 300


def test_no_module_is_empty_and_none_has_a_year(texts: dict[str, SourceText]) -> None:
    assert all(one.text.strip() for one in texts.values())
    assert {(one.context, one.year) for one in texts.values()} == {("", None)}


def test_identity_is_the_content() -> None:
    assert source_identity(ENTRY, Path()).content == modules_digest()
    assert source_identity(ENTRY, Path("elsewhere")) == source_identity(ENTRY, Path())
