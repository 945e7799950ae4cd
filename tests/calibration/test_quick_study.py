"""The study that is made of models and texts named at the command line."""

import pytest

from calibration.defaults import CONTINUATION, EXAMPLES, PROMPT
from calibration.errors import InputError, StudyError
from calibration.quick_study import (
    Named,
    Settings,
    decoding_entry,
    passages_sentence,
    quick_study,
    with_passages,
)
from calibration.study import Study

SETTINGS = Settings(
    prompt=None,
    continuation=None,
    examples=EXAMPLES,
    decodings=({"temperature": 1.0},),
    unit="tokens",
    at_end="continue",
    precision="float32",
    column="text",
    cluster=None,
    name=None,
)
SMALL = Named("small", "models/small", {"path": "/models/small"})
HUB = Named("gpt2", "org/gpt2@main", {"hub": "org/gpt2", "revision": "main"})
NOVEL = Named("novel", "novel.txt", {"path": "/texts/novel.txt"})
FORUM = Named("forum", "forum.jsonl", {"path": "/texts/forum.jsonl"})


def study(*models: Named, texts: tuple[Named, ...] = (NOVEL,), **settings: object) -> Study:
    return quick_study(models, texts, settings=SETTINGS._replace(**settings))


def test_every_model_meets_every_text() -> None:
    decodings = ({"temperature": 1.0}, {"temperature": 0.8})
    found = study(SMALL, HUB, texts=(NOVEL, FORUM), decodings=decodings, cluster="author")
    assert [model.name for model in found.models] == ["small", "gpt2"]
    assert (found.models[1].hub, found.models[1].revision) == ("org/gpt2", "main")
    assert [dataset.name for dataset in found.datasets] == ["novel", "forum"]
    assert found.datasets[1].source.cluster == "author"
    assert [one.temperature for one in found.decodings] == [1.0, 0.8]
    assert found.name == "small, gpt2 on novel, forum"


def test_models_are_no_family_unless_told() -> None:
    assert [model.family for model in study(SMALL, HUB).models] == ["small", "gpt2"]


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_lengths_not_given_are_those_of_the_unit(unit: str) -> None:
    dataset = study(SMALL, unit=unit).datasets[0]
    assert (dataset.prompt, dataset.continuation) == (PROMPT[unit], CONTINUATION[unit])
    assert study(SMALL, unit=unit, prompt=7).datasets[0].prompt == 7


def test_models_of_one_name_are_told_apart_by_what_was_given() -> None:
    other = Named("small", "other/small", {"path": "/other/small"})
    assert [one.name for one in study(SMALL, other).models] == ["models/small", "other/small"]


def test_the_same_model_twice_is_a_sentence() -> None:
    with pytest.raises(StudyError, match="calibration measure: every name under `models`"):
        study(SMALL, SMALL)


def test_a_long_list_of_models_still_has_a_name() -> None:
    many = [Named(f"model number {number}", f"{number}", {"path": "/m"}) for number in range(40)]
    assert len(study(*many).name) == 100
    assert study(*many, name="mine").name == "mine"


def test_passages_count_where_they_are_said_to() -> None:
    found = with_passages(study(SMALL, texts=(NOVEL, FORUM)), ["novel"])
    assert [dataset.independent for dataset in found.datasets] == ["passages", "texts"]
    assert passages_sentence("novel").startswith("novel is one source text, so its passages")


def test_a_decoding_is_written_as_its_settings() -> None:
    given = ("top_p=0.95,mixture=0.01", " temperature = 0.9 , top_k=40, mixture=0 ")
    found = study(SMALL, decodings=tuple(map(decoding_entry, given)))
    assert [one.decoding.label for one in found.decodings] == [
        "temperature 1, top-p 0.95, mixture 0.01",
        "temperature 0.9, top-k 40, mixture 0",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("top_p", "settings such as `top_p=0.95,mixture=0.01` were expected, found 'top_p'"),
        ("top_p=", "settings such as `top_p=0.95,mixture=0.01` were expected, found 'top_p='"),
        ("", "settings such as `top_p=0.95,mixture=0.01` were expected, found ''"),
        ("top_p=0.9,top_p=0.8", "every setting was expected once, found top_p twice"),
    ],
)
def test_what_is_no_list_of_settings_is_a_sentence(given: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        decoding_entry(given)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("topp=0.9", "`decodings[1].topp` is not a key that is known here"),
        ("top_p=most,mixture=0", "`decodings[1].top_p`: a number was expected, found 'most'"),
        ("top_k=4.5,mixture=0", "`decodings[1].top_k`: a whole number was expected, found 4.5"),
        ("top_p=0.9", "`decodings[1]`: top_p: a `mixture` was expected beside a truncation"),
    ],
)
def test_settings_are_judged_as_those_of_a_study_file(given: str, sentence: str) -> None:
    with pytest.raises(StudyError) as caught:
        study(SMALL, decodings=(decoding_entry(given),))
    assert str(caught.value).startswith("calibration measure: ")
    assert sentence in str(caught.value)
