"""The study to begin with: it is one, it runs on what is shipped, and it names every key."""

import re
from pathlib import Path

import pytest
import yaml

from calibration.decodings import DECODINGS
from calibration.study import (
    SOURCES,
    CalibrationTexts,
    DatasetEntry,
    Entry,
    ModelEntry,
    Shape,
    Study,
    parsed_study,
)
from calibration.template import template

ROOT = Path(__file__).parents[2]
TEXT = template(file="study.yaml", ladder="models/ladder")
RECORDS = (
    *(Study, ModelEntry, Shape, DatasetEntry, CalibrationTexts),
    *DECODINGS.values(),
    *SOURCES.values(),
)


def study(text: str) -> Study:
    return parsed_study(yaml.safe_load(text), "study.yaml")


def with_everything() -> str:
    """The template with every commented entry put in, explanations left out."""
    entry = re.compile(r"^( {0,4})# ( *(?:- [{\w]|\w+:).*)$", re.M)
    text = entry.sub(lambda match: f"{match[1]}{match[2]}", TEXT)
    return re.sub(r"^ *#.*$", "", text, flags=re.M)


def test_it_is_a_study_of_the_models_that_are_shipped() -> None:
    found = study(TEXT)
    assert len({model.family for model in found.models}) == 1
    assert len(found.models) == 3
    assert all((ROOT / str(model.path) / "config.json").is_file() for model in found.models)
    assert [dataset.source.kind for dataset in found.datasets] == ["speeches"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_key_is_named(record: type[Entry]) -> None:
    for key in record.model_fields:
        assert re.search(rf"\b{key}:", TEXT), f"{record.__name__}.{key}"


def test_every_choice_is_named() -> None:
    choices = ("bytes", "continue", "stop", "natural", "passages", "bfloat16")
    for choice in (*SOURCES, *choices, "slip", "selection", "four-bit", "extends"):
        assert re.search(rf"[\s`]{choice}[\s`,:}}]", TEXT), choice


def test_what_is_commented_out_is_a_study_too() -> None:
    found = study(with_everything())
    assert len(found.models) == 7
    assert {dataset.source.kind for dataset in found.datasets} == set(SOURCES)
    assert len(found.decodings) == 2 + 4 + 5 + 4  # a path of four mixtures and four fitted ones


def test_it_says_how_to_run_the_file_it_is_in() -> None:
    text = template(file="my study.yaml", ladder="/a, b/models")
    assert "calibration run 'my study.yaml'" in text
    assert study(text).models[0].path == "/a, b/models/60k"


def test_a_line_fits_in_a_terminal() -> None:
    assert max(map(len, TEXT.splitlines())) <= 100
