"""The study file: what is accepted, its defaults, and one sentence for each way to get it wrong."""

import re
from copy import deepcopy
from dataclasses import fields
from typing import Any

import pytest

from calibration.decodings import PlainDecoding
from calibration.engine.decoding import Decoding
from calibration.errors import StudyError
from calibration.study import SPAN_PER_TOKEN, DatasetEntry, Study, parsed_study

FILE = "mine.yaml"
JARGON = ("Input", "union", "tuple", "dict", "instance", "pydantic", "Traceback", "validation")
DATASET = ("datasets", 0)


def written(**changes: object) -> dict[Any, Any]:
    return {
        "name": "mine",
        "models": [
            {"name": "small", "path": "models/small", "family": "chains"},
            {"name": "large", "path": "models/large", "family": "chains"},
        ],
        "datasets": [
            {
                "name": "letters",
                "source": {"kind": "files", "path": "texts/*.txt"},
                "prompt": 4,
                "continuation": 8,
                "examples": 16,
            }
        ],
    } | changes


def at(*place: str | int, value: object) -> dict[Any, Any]:
    """The study with another value at a place."""
    study = deepcopy(written())
    record: Any = study
    for key in place[:-1]:
        record = record[key]
    record[place[-1]] = value
    return study


def without(*place: str | int) -> dict[Any, Any]:
    study = at(*place, value=None)
    record: Any = study
    for key in place[:-1]:
        record = record[key]
    del record[place[-1]]
    return study


def sentence(content: object) -> str:
    with pytest.raises(StudyError) as caught:
        parsed_study(content, FILE)
    return str(caught.value)


def test_a_study_has_its_defaults() -> None:
    study = parsed_study(written(), FILE)
    assert (study.seed, study.root, study.at_end) == (0, ".", "continue")
    assert study.decodings == (PlainDecoding(temperature=1.0),)
    assert study.models[0].precision == "float32"
    assert study.datasets[0].unit == "tokens"


def test_a_span_has_eight_bytes_a_token_unless_it_is_stated() -> None:
    assert SPAN_PER_TOKEN == 8
    assert parsed_study(written(), FILE).datasets[0].bytes_per_span == 8 * (4 + 8)
    stated = parsed_study(at(*DATASET, "span_bytes", value=50), FILE)
    assert stated.datasets[0].bytes_per_span == 50


def test_every_kind_of_source_is_read() -> None:
    for source in (
        {"kind": "speeches"},
        {"kind": "speeches", "split": "stop"},
        {"kind": "files", "path": "x.jsonl", "column": "body", "cluster": "author"},
        {"kind": "hub", "dataset": "owner/name", "revision": "main"},
    ):
        found = parsed_study(at(*DATASET, "source", value=source), FILE).datasets[0].source
        assert found.model_dump(exclude_unset=True) == source


def test_a_study_survives_its_own_dump() -> None:
    study = parsed_study(written(decodings=[{"temperature": 0.9}]), FILE)
    assert Study.model_validate(study.model_dump(mode="json")) == study


KIND = (
    "`datasets[1].source.kind`: 'speeches', 'files', 'python-source', 'hub', 'wikitext', "
    "'writingprompts' or 'codecontests' was expected"
)

WRONG = {
    "a misspelt key": (
        written(modles=[]),
        "`modles` is not a key that is known here: did you mean `models`?",
    ),
    "a misspelt key of a model": (
        at("models", 1, "famly", value="x"),
        "`models[2].famly` is not a key that is known here: did you mean `family`?",
    ),
    "a misspelt key of a source": (
        at(*DATASET, "source", "colum", value="x"),
        "`datasets[1].source.colum` is not a key that is known here: did you mean `column`?",
    ),
    "a misspelt key of a decoding": (
        written(decodings=[{"temprature": 1.0}]),
        "`decodings[1].temprature` is not a key that is known here: did you mean `temperature`?",
    ),
    "a key like no other": (
        at(*DATASET, "zzz", value=1),
        "`datasets[1].zzz` is not a key that is known here: the keys here are name, source, "
        "prompt, continuation, unit, examples, samples_per_prompt, shortest, longest_context, ",
    ),
    "a key that is a number": (
        at("models", 0, 3, value=1),
        "`models[1].3` is not a key that is known here: the keys here are name, family",
    ),
    "a misspelling that makes a key missing": (
        {**without("models", 1, "path"), "modells": []},
        "`modells` is not a key that is known here: did you mean `models`?",
    ),
    "a missing key": (
        without("models", 1, "family"),
        "`models[2].family` was expected, found nothing: add `family:` there",
    ),
    "a missing list": (without("datasets"), "`datasets` was expected, found nothing: add"),
    "both path and hub": (
        at("models", 1, "hub", value="owner/name"),
        "`models[2]`: exactly one of `path` and `hub` was expected, found both: leave one out",
    ),
    "neither path nor hub": (
        without("models", 0, "path"),
        "`models[1]`: exactly one of `path` and `hub` was expected, found neither: add one",
    ),
    "a hub id that is no text": (
        at("models", 0, "hub", value=7),
        "`models[1].hub`: text was expected, found 7: write it in quotes",
    ),
    "no models": (
        written(models=[]),
        "`models` was expected to have at least one entry, found none: add one",
    ),
    "no data sets": (
        written(datasets=[]),
        "`datasets` was expected to have at least one entry, found none: add one",
    ),
    "no decodings": (
        written(decodings=[]),
        "`decodings` was expected to have at least one entry, found none: add one",
    ),
    "an empty key": (written(models=None), "`models`: a list was expected, found nothing: write"),
    "a mapping for a list": (
        written(models={"small": 1}),
        "`models`: a list was expected, found a mapping with the keys small: begin each of its",
    ),
    "text for a mapping": (
        written(models=["small"]),
        "`models[1]`: a mapping was expected, found 'small': write it as `key: value`",
    ),
    "a number for a decoding": (
        written(decodings=[1.0]),
        "`decodings[1]`: a mapping was expected, found 1.0: write it as `key: value`",
    ),
    "text for a source": (
        at(*DATASET, "source", value="speeches"),
        "`datasets[1].source`: a mapping was expected, found 'speeches': write it as",
    ),
    "an unknown kind of source": (
        at(*DATASET, "source", "kind", value="file"),
        f"{KIND}, found 'file': did you mean 'files'?",
    ),
    "a kind of source like no other": (
        at(*DATASET, "source", "kind", value=3),
        f"{KIND}, found 3: write",
    ),
    "no kind of source": (
        without(*DATASET, "source", "kind"),
        f"{KIND}, found nothing: add",
    ),
    "a temperature of zero": (
        written(decodings=[{"temperature": 1.0}, {"temperature": 0}]),
        "`decodings[2].temperature`: a temperature above 0 was expected, found 0.0: use a small",
    ),
    "a negative temperature": (
        written(decodings=[{"temperature": -0.5}]),
        "`decodings[1].temperature`: a temperature above 0 was expected, found -0.5: use a small",
    ),
    "a temperature that is no number": (
        written(decodings=[{"temperature": float("nan")}]),
        "`decodings[1].temperature`: a temperature above 0 was expected, found nan: use a small",
    ),
    "an infinite temperature": (
        written(decodings=[{"temperature": float("inf")}]),
        "`decodings[1].temperature`: a temperature above 0 was expected, found inf: use a small",
    ),
    "a temperature in words": (
        written(decodings=[{"temperature": "warm"}]),
        "`decodings[1].temperature`: a number was expected, found 'warm': write it in digits",
    ),
    "a temperature in quotes": (
        written(decodings=[{"temperature": "0.9"}]),
        "`decodings[1].temperature`: a number was expected, found '0.9': write it in digits",
    ),
    "a truncation without a mixture": (
        written(decodings=[{"temperature": 0.9}, {"top_p": 0.95}]),
        "`decodings[2]`: top_p: a `mixture` was expected beside a truncation, whose own log loss",
    ),
    "a mixture without a truncation": (
        written(decodings=[{"mixture": 0.1}]),
        "`decodings[1]`: a truncation was expected beside mixture: 0.1: add one, such as",
    ),
    "a share that is none": (
        written(decodings=[{"top_p": 1.5, "mixture": 0.1}]),
        "`decodings[1].top_p`: a number above 0 and below 1",
    ),
    "half a token": (
        written(decodings=[{"top_k": 4.5, "mixture": 0.1}]),
        "`decodings[1].top_k`: a whole number was expected, found 4.5: write it in digits alone",
    ),
    "a mixture of everything": (
        written(decodings=[{"top_k": 4, "mixture": 1}]),
        "`decodings[1].mixture`: a mixture of at least 0 and below 1 was expected, found 1.0",
    ),
    "a word in a path": (
        written(decodings=[{"top_k": 4, "mixture": [0.1, "little"]}]),
        "`decodings[1].mixture[2]`: a number was expected, found 'little': write it in digits",
    ),
    "a word for a mixture": (
        written(decodings=[{"top_k": 4, "mixture": "little"}]),
        "`decodings[1].mixture`: a number was expected, found 'little': write it in digits",
    ),
    "an empty path": (
        written(decodings=[{"top_k": 4, "mixture": []}]),
        "`decodings[1].mixture` was expected to have at least one entry, found none: add one",
    ),
    "a path that meets a decoding": (
        written(decodings=[{"top_k": 4, "mixture": [0.1, 0]}, {"mixture": 0.0, "top_k": 4}]),
        "`decodings`: every entry was expected once, found temperature 1, top-k 4, mixture 0 "
        "2 times: leave",
    ),
    "an unknown kind of decoding": (
        written(decodings=[{"kind": "top-p"}]),
        "`decodings[1].kind`: 'plain', 'temperature', 'one_step' or 'future_entropy' was expected, "
        "found 'top-p': write one of them",
    ),
    "a decoding twice": (
        written(decodings=[{"temperature": 1.0}, {"temperature": 0.9}, {}]),
        "`decodings`: every entry was expected once, found temperature 1 2 times: leave",
    ),
    "no examples": (
        at(*DATASET, "examples", value=0),
        "`datasets[1].examples`: a number above 0 was expected, found 0: write a larger one",
    ),
    "fewer than no examples": (
        at(*DATASET, "examples", value=-5),
        "`datasets[1].examples`: a number above 0 was expected, found -5: write a larger one",
    ),
    "half an example": (
        at(*DATASET, "examples", value=2.5),
        "`datasets[1].examples`: a whole number was expected, found 2.5: write it in digits",
    ),
    "a truth for a number": (
        at(*DATASET, "examples", value=True),
        "`datasets[1].examples`: a whole number was expected, found true: write it in digits",
    ),
    "a negative seed": (
        written(seed=-1),
        "`seed`: a number of at least 0 was expected, found -1: write a larger one",
    ),
    "a year far ahead": (
        at("models", 0, "trained_until", value=20240),
        "`models[1].trained_until`: a number of at most 2200 was expected, found 20240: write a",
    ),
    "a span shorter than a character": (
        at(*DATASET, "span_bytes", value=3),
        "`datasets[1].span_bytes`: a number of at least 4 was expected, found 3: write a larger",
    ),
    "a truth in words": (
        at("models", 0, "chat", value="maybe"),
        "`models[1].chat`: true or false was expected, found 'maybe': write one of them",
    ),
    "an unknown precision": (
        at("models", 0, "precision", value="fp8"),
        "`models[1].precision`: 'float32', 'bfloat16' or 'float16' was expected, found 'fp8': this",
    ),
    "an unknown end": (
        written(at_end="halt"),
        "`at_end`: 'continue', 'stop' or 'natural' was expected, found 'halt': "
        "this version knows no other",
    ),
    "an empty name": (
        at("models", 0, "name", value=""),
        "`models[1].name`: a name of one character or more was expected, found '': write one",
    ),
    "a name of two lines": (
        at("models", 0, "name", value="a\nb"),
        "`models[1].name`: a name on one line was expected, found 'a\\nb': leave out line breaks",
    ),
    "a name too long to show": (
        at("models", 0, "name", value="x" * 101),
        f"`models[1].name`: a name of at most 100 characters was expected, found '{'x' * 57}'...",
    ),
    "a name that is a number": (
        written(name=2024),
        "`name`: text was expected, found 2024: write it in quotes",
    ),
    "a list for a name": (written(name=["a"]), "`name`: text was expected, found a list of 1"),
    "two models of one name": (
        at("models", 1, "name", value="small"),
        "every name under `models` was expected once, found 'small' 2 times: give one of them",
    ),
    "two data sets of one name": (
        written(datasets=written()["datasets"] * 2),
        "every name under `datasets` was expected once, found 'letters' 2 times: give one of them",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_sentence_with_file_key_and_remedy(case: str) -> None:
    content, expected = WRONG[case]
    found = sentence(content)
    assert found.startswith(f"{FILE}: {expected}")
    assert "\n" not in found
    assert not [word for word in JARGON if word in found]


@pytest.mark.parametrize(
    ("content", "described"),
    [(None, "nothing"), (["a", "b"], "a list of 2"), ("text", "'text'"), (3, "3")],
)
def test_a_file_that_is_no_mapping_says_what_was_found(content: object, described: str) -> None:
    assert re.fullmatch(
        f"{FILE}: a mapping .* was expected, found {described}: see studies/quickstart.yaml .*",
        sentence(content),
    )


def test_entries_are_frozen() -> None:
    study = parsed_study(written(), FILE)
    with pytest.raises(ValueError, match="frozen"):
        study.seed = 3  # type: ignore[misc]
    assert isinstance(study.datasets[0], DatasetEntry)
    assert len({study.datasets[0], study.datasets[0].model_copy()}) == 1


def test_a_path_of_mixtures_is_a_decoding_each_in_its_order() -> None:
    path = {"temperature": 0.8, "top_p": 0.95, "min_p": 0.1, "mixture": [0.1, 0.001, 0]}
    found = parsed_study(written(decodings=[{}, path, {"top_k": 40, "mixture": 0.01}]), FILE)
    assert [one.decoding.label for one in found.decodings] == [
        "temperature 1",
        "temperature 0.8, top-p 0.95, min-p 0.1, mixture 0.1",
        "temperature 0.8, top-p 0.95, min-p 0.1, mixture 0.001",
        "temperature 0.8, top-p 0.95, min-p 0.1, mixture 0",
        "temperature 1, top-k 40, mixture 0.01",
    ]
    # What a root file holds, and what is read from it again.
    stored = found.model_dump(mode="json")
    assert [one["mixture"] for one in stored["decodings"]] == [None, 0.1, 0.001, 0, 0.01]
    assert parsed_study(stored, FILE) == found


def test_every_setting_of_a_decoding_may_be_written() -> None:
    known = {field.name for field in fields(Decoding)}
    assert set(PlainDecoding.model_fields) == known | {"kind"}


def test_base_models_do_not_take_the_name_of_a_series_of_chat_models() -> None:
    models = [
        {"name": "a", "path": "a", "family": "x chat"},
        {"name": "b", "path": "b", "family": "x", "chat": True},
    ]
    assert sentence(written(models=models)) == (
        "mine.yaml: `models[2].family`: the chat models of a family stand under 'x chat', found "
        "base models under that name: give those another"
    )


@pytest.mark.parametrize("departure", ["slip", "selection"])
def test_what_was_published_in_tokens_is_asked_back_in_tokens(departure: str) -> None:
    study = at(*DATASET, "unit", value="bytes") | {"as_published": [departure]}
    assert sentence(study) == (
        "mine.yaml: `datasets[1].unit`: tokens were expected, in which the published "
        f"{departure} is told, found bytes: set `unit: tokens`, or leave {departure} out of "
        "`as_published`"
    )
    assert parsed_study(study | {"as_published": ["four-bit"]}, FILE).as_published == ("four-bit",)


def test_a_model_has_the_decodings_of_the_study_or_its_own() -> None:
    own = at("models", 0, "decodings", value=[{"top_k": 2, "mixture": [0.1, 0.2]}])
    study = parsed_study(own | {"decodings": [{"temperature": 0.5}]}, FILE)
    first, second = (study.decodings_of(model) for model in study.models)
    assert [one.decoding.mixture for one in first] == [0.1, 0.2]
    assert [one.temperature for one in second] == [0.5]


def test_the_slip_is_told_of_texts_that_do_not_end() -> None:
    assert sentence(written(at_end="natural", as_published=["slip"])).startswith(
        "mine.yaml: `at_end`: continue or stop was expected with the published slip, found natural"
    )
