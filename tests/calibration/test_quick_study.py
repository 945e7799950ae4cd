"""The study that is made of models and texts named at the command line."""

import pytest

from calibration.defaults import CONTINUATION, EXAMPLES, PROMPT
from calibration.errors import StudyError
from calibration.quick_study import Named, Settings, passages_sentence, quick_study, with_passages
from calibration.study import Study

SETTINGS = Settings(
    prompt=None,
    continuation=None,
    examples=EXAMPLES,
    temperatures=(1.0,),
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
    found = study(SMALL, HUB, texts=(NOVEL, FORUM), temperatures=(1.0, 0.8), cluster="author")
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
