"""A study that extends another: what is kept, what is replaced, what is left out."""

from copy import deepcopy
from typing import Any

import pytest

from calibration.extending import extended

KNOWN: dict[str, Any] = {
    "name": "known",
    "seed": 3,
    "models": [
        {"name": "small", "hub": "org/small", "revision": "main", "family": "a", "tokens": 5},
        {"name": "large", "path": "models/large", "family": "a"},
    ],
    "datasets": [{"name": "letters", "source": {"kind": "files", "path": "x"}, "examples": 4}],
    "decodings": [{"temperature": 1.0}, {"temperature": 0.9}],
}


def test_what_is_not_written_is_kept() -> None:
    assert extended(KNOWN, {}) == KNOWN


def test_a_key_replaces_and_null_takes_away() -> None:
    found = extended(KNOWN, {"name": "mine", "seed": None, "decodings": [{"temperature": 0.5}]})
    assert found["name"] == "mine"
    assert "seed" not in found
    assert found["decodings"] == [{"temperature": 0.5}]


def test_a_list_of_models_keeps_what_it_names_and_adds_what_is_new() -> None:
    new = {"name": "other", "path": "models/other", "family": "b"}
    found = extended(KNOWN, {"models": [new, {"name": "small", "tokens": None, "family": "c"}]})
    assert found["models"] == [
        new,
        {"name": "small", "hub": "org/small", "revision": "main", "family": "c"},
    ]
    assert found["datasets"] == KNOWN["datasets"]


@pytest.mark.parametrize(
    ("name", "written", "left"),
    [
        ("small", {"path": "tiny"}, {"name", "family", "tokens", "path"}),
        ("large", {"hub": "org/large"}, {"name", "family", "hub"}),
    ],
)
def test_a_model_lies_in_one_place(name: str, written: dict[str, str], left: set[str]) -> None:
    (found,) = extended(KNOWN, {"models": [{"name": name, **written}]})["models"]
    assert set(found) == left


def test_a_source_is_replaced_as_a_whole() -> None:
    source = {"kind": "speeches"}
    (found,) = extended(KNOWN, {"datasets": [{"name": "letters", "source": source}]})["datasets"]
    assert found == {"name": "letters", "source": source, "examples": 4}


@pytest.mark.parametrize("models", ["small", ["small"], 3])
def test_what_is_no_list_of_entries_is_left_for_validation(models: object) -> None:
    assert extended(KNOWN, {"models": models})["models"] == models


def test_neither_content_is_changed() -> None:
    before = deepcopy(KNOWN)
    extended(KNOWN, {"models": [{"name": "small", "family": "z"}]})
    assert before == KNOWN
