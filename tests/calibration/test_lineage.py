"""From a study to its recipes: what each change moves, and what it must leave alone."""

from typing import Any

import pytest

from calibration.deriving import ModelFacts
from calibration.errors import ModelError, StudyError
from calibration.lineage import Lineage, lineage
from calibration.recipes import ModelIdentity, SourceIdentity
from calibration.study import parsed_study

MEASURED = ("texts", "examples", "samples", "scores", "summaries")
LABELLED = ("fits", "study-fits", "reports")
CONCLUDED = (*LABELLED, "theories")  # the theory is made of examples alone


def facts(number: int, **changes: object) -> ModelFacts:
    values: dict[str, Any] = {
        "identity": ModelIdentity(weights=f"w{number}", precision="float32"),
        "tokenizer": "t",
        "parameters": 100 * number,
        "non_embedding_parameters": 90 * number,
        "vocabulary": 8,
        "context": 64,
        "end_ids": (7,),
        "text_end": 7,
    }
    return ModelFacts.model_validate(values | changes)


MODELS = {name: facts(number) for number, name in enumerate(("a", "b", "c"), start=1)}


def dataset(name: str = "letters", **changes: object) -> dict[str, object]:
    return {
        "name": name,
        "source": {"kind": "files", "path": "texts.jsonl"},
        "prompt": 4,
        "continuation": 8,
        "examples": 16,
    } | changes


def model(name: str, **changes: object) -> dict[str, object]:
    return {"name": name, "path": f"models/{name}", "family": "chains"} | changes


def resolved(facts_of: dict[str, ModelFacts] = MODELS, **changes: object) -> Lineage:
    content = {
        "name": "study",
        "models": [model("a"), model("b")],
        "datasets": [dataset()],
        "decodings": [{"temperature": 1.0}, {"temperature": 0.9}],
    } | changes
    study = parsed_study(content, "study.yaml")
    sources = {
        one.name: SourceIdentity(kind="files", content=f"content of {one.name}")
        for one in study.datasets
    }
    return lineage(study, sources, facts_of, file="study.yaml")


def addresses(one: Lineage) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in (*MEASURED, *CONCLUDED)}
    for recipe in one.recipes():
        found[recipe.KIND].add(recipe.address)
    return found


def moved(one: Lineage) -> set[str]:
    """The kinds of which an address is not among those of the study as it was."""
    before, after = addresses(resolved()), addresses(one)
    return {kind for kind in before if not after[kind] <= before[kind]}


def test_a_study_has_one_artifact_for_each_thing_to_make() -> None:
    counts = {kind: len(found) for kind, found in addresses(resolved()).items()}
    assert counts == {
        "texts": 1,
        "examples": 1,  # the tokenizer is shared
        "samples": 4,
        "scores": 4,
        "summaries": 4,
        "fits": 2,
        "study-fits": 1,
        "reports": 1,
        "theories": 1,
    }


def test_parents_come_before_children_and_nothing_twice() -> None:
    recipes = resolved().recipes()
    place = {recipe.address: number for number, recipe in enumerate(recipes)}
    assert len(place) == len(recipes)
    for recipe in recipes:
        assert all(place[parent.address] < place[recipe.address] for parent in recipe.parents)
    assert recipes[-1] == resolved().report


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        ({"family": "others"}, CONCLUDED),
        ({"tokens": 10**9}, LABELLED),
        ({"trained_until": 2024}, LABELLED),
        ({"chat": True}, LABELLED),
        ({"base": "a"}, LABELLED),
    ],
)
def test_relabelling_a_model_moves_only_what_prints_labels(
    labels: dict[str, object], kinds: tuple[str, ...]
) -> None:
    assert moved(resolved(models=[model("a"), model("b", **labels)])) == set(kinds)


def test_stating_the_training_tokens_of_a_family_moves_what_the_theory_assumes() -> None:
    stated = [model("a", tokens=10**8), model("b", tokens=10**9)]
    assert moved(resolved(models=stated)) == set(CONCLUDED)
    [words, tokens] = resolved(models=stated).report.theory.entries
    assert (words.assumes, tokens.assumes) == ("assumes m ∝ N", "assumes m ∝ N")


def test_the_theory_is_of_words_and_of_every_tokenizer_by_its_smallest_model() -> None:
    two = MODELS | {"b": facts(2, tokenizer="u"), "c": facts(3)}
    study = resolved(
        two,
        models=[model("c"), model("b", family="others", tokens=10), model("a")],
        datasets=[dataset("z"), dataset("y")],
    )
    unknown = "not a test of the theory for chains (training tokens are not stated)"
    same = "not a test of the theory for others (all models have the same training tokens)"
    assert [
        (one.dataset, one.tokenizer, one.examples.tokenizer, one.assumes)
        for one in study.report.theory.entries
    ] == [
        (name, *told)
        for name in ("z", "y")
        for told in (
            (None, "t", f"assumes m ∝ N; {same}; {unknown}"),
            ("a", "t", f"assumes m ∝ N; {unknown}"),
            ("b", "u", f"assumes m ∝ N; {same}"),
        )
    ]


def test_renaming_a_model_moves_only_what_prints_labels() -> None:
    same_weights = MODELS | {"c": MODELS["b"]}
    assert moved(resolved(same_weights, models=[model("a"), model("c")])) == set(LABELLED)


def test_stating_a_models_size_moves_only_what_prints_labels() -> None:
    assert moved(resolved(MODELS | {"b": facts(2, parameters=500)})) == set(LABELLED)
    # The tokenizer is named by the smallest model.
    assert moved(resolved(MODELS | {"b": facts(2, parameters=5)})) == set(CONCLUDED)


@pytest.mark.parametrize(
    "place", [{"root": "/elsewhere"}, {"models": [model("a", path="x"), model("b")]}]
)
def test_paths_and_root_move_nothing(place: dict[str, object]) -> None:
    assert moved(resolved(**place)) == set()


def test_a_new_temperature_leaves_all_that_is_there() -> None:
    wider = resolved(decodings=[{"temperature": t} for t in (1.0, 0.9, 0.8)])
    before, after = addresses(resolved()), addresses(wider)
    assert moved(wider) == {"samples", "scores", "summaries", *LABELLED}
    for kind in (*MEASURED, "fits"):
        assert before[kind] <= after[kind]


def test_a_new_model_leaves_all_that_was_measured() -> None:
    wider = resolved(models=[model("a"), model("b"), model("c")])
    before, after = addresses(resolved()), addresses(wider)
    assert moved(wider) == {"samples", "scores", "summaries", *LABELLED}
    for kind in MEASURED:
        assert before[kind] <= after[kind]


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"seed": 1}, {*MEASURED, *CONCLUDED}),
        ({"at_end": "stop"}, {"samples", "scores", "summaries", *LABELLED}),
        ({"decodings": [{"temperature": 0.5}]}, {"samples", "scores", "summaries", *LABELLED}),
        ({"datasets": [dataset(examples=32)]}, {*MEASURED, *CONCLUDED}),
        ({"datasets": [dataset(span_bytes=64)]}, {*MEASURED, *CONCLUDED}),
        # The default span follows the lengths, so that other lengths are other texts …
        ({"datasets": [dataset(prompt=5)]}, {*MEASURED, *CONCLUDED}),
        ({"datasets": [dataset(continuation=9)]}, {*MEASURED, *CONCLUDED}),
        # … unless the span is held.
        ({"datasets": [dataset(prompt=5, span_bytes=96)]}, {*MEASURED[1:], *CONCLUDED}),
        ({"datasets": [dataset(continuation=9, span_bytes=96)]}, {*MEASURED[1:], *CONCLUDED}),
        ({"datasets": [dataset(prompt=5, continuation=7)]}, {*MEASURED[1:], *CONCLUDED}),
        ({"datasets": [dataset("others")]}, {*MEASURED, *CONCLUDED}),
        ({"name": "other"}, {"reports"}),
        ({}, set()),
    ],
)
def test_each_setting_moves_what_it_should(changes: dict[str, object], kinds: set[str]) -> None:
    assert moved(resolved(**changes)) == kinds


def test_other_weights_precision_and_end_ids_move_what_a_network_makes() -> None:
    for other in (
        facts(2, identity=ModelIdentity(weights="w9", precision="float32")),
        facts(2, identity=ModelIdentity(weights="w2", precision="bfloat16")),
        facts(2, end_ids=(6, 7)),
    ):
        assert moved(resolved(MODELS | {"b": other})) == {
            "samples",
            "scores",
            "summaries",
            *LABELLED,
        }


def test_another_tokenizer_moves_examples_and_leaves_texts() -> None:
    other = resolved(MODELS | {"b": facts(2, tokenizer="u")})
    assert moved(other) == {*MEASURED[1:], *CONCLUDED}
    assert len(addresses(other)["examples"]) == 2


def test_what_a_network_does_not_need_is_no_identity() -> None:
    assert moved(resolved(MODELS | {"b": facts(2, context=None, vocabulary=9)})) == set()


def test_a_series_is_a_family_on_a_data_set_under_a_decoding_in_the_studys_order() -> None:
    study = resolved(
        models=[model("b"), model("a"), model("c", family="others")],
        datasets=[dataset("z"), dataset("y")],
    )
    series = [
        (fit.dataset, fit.decoding.temperature, fit.family, [one.name for one in fit.members])
        for fit in study.report.study_fit.fits
    ]
    assert series == [
        (name, temperature, family, members)
        for name in ("z", "y")
        for temperature in (1.0, 0.9)
        for family, members in (("chains", ["a", "b"]), ("others", ["c"]))
    ]


def test_a_change_of_order_among_the_models_of_a_family_moves_nothing() -> None:
    assert moved(resolved(models=[model("b"), model("a")])) == set()


def test_members_carry_the_labels_of_their_entries() -> None:
    entry = model("a", tokens=10, trained_until=2020, chat=True, base="b")
    member = resolved(models=[entry]).report.study_fit.fits[0].members[0]
    assert (member.tokens, member.trained_until, member.chat, member.base) == (10, 2020, True, "b")
    assert (member.parameters, member.non_embedding_parameters) == (100, 90)


def test_a_window_beyond_the_context_is_one_sentence() -> None:
    with pytest.raises(StudyError) as caught:
        resolved(datasets=[dataset(prompt=60, continuation=5)])
    assert str(caught.value) == (
        "study.yaml: data set 'letters': `prompt` + `continuation` of at most 64 tokens was "
        "expected (the context of 'a'), found 60 + 5: make one of them smaller"
    )
    resolved(datasets=[dataset(prompt=60, continuation=4)])
    unlimited = {name: facts(n, context=None) for n, name in enumerate(MODELS)}
    resolved(unlimited, datasets=[dataset(prompt=6000, continuation=5)])


def test_views_name_each_thing_once() -> None:
    study = resolved(datasets=[dataset("y"), dataset("z")])
    assert [data.name for data in study.texts().values()] == ["y", "z"]
    assert {one.model.name for one in study.examples().values()} == {"a"}
    titles = [one.title for one in study.of_model("b")]
    assert titles == [f"b on {name} at temperature {t}" for name in "yz" for t in ("1", "0.9")]
    assert study.of_model("nobody") == ()


def test_one_network_stands_once_in_a_family() -> None:
    twins = MODELS | {"b": facts(1)}
    with pytest.raises(StudyError, match=r"`models\[2\]`: each network was expected once"):
        resolved(twins)
    resolved(twins, models=[model("a"), model("b", family="another")])


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"datasets": [dataset(unit="bytes")]}, {*MEASURED, *CONCLUDED}),
        ({"datasets": [dataset(independent="passages")]}, {*MEASURED, *CONCLUDED}),
        ({"at_end": "natural"}, {*MEASURED, *CONCLUDED}),
        ({"at_end": "stop"}, {*MEASURED, *LABELLED} - {"texts", "examples"}),
    ],
)
def test_what_is_selected_moves_with_unit_ends_and_independence(
    changes: dict[str, object], kinds: set[str]
) -> None:
    assert moved(resolved(**changes)) == kinds


def test_ends_are_kept_in_texts_and_examples_under_natural_alone() -> None:
    kept = resolved(at_end="natural").measurements[0].examples
    assert (kept.texts.tails, kept.text_end) == ("all", 7)
    plain = resolved().measurements[0].examples
    assert (plain.texts.tails, plain.text_end) == (None, None)


def test_texts_that_keep_their_ends_need_a_model_that_has_one() -> None:
    with pytest.raises(StudyError, match="a model with an end-of-text token was expected"):
        resolved({**MODELS, "b": facts(2, text_end=None)}, at_end="natural")


def test_a_window_of_bytes_is_not_measured_against_a_context_of_tokens() -> None:
    long = dataset(unit="bytes", prompt=100, continuation=400)
    assert resolved(datasets=[long]).measurements[0].examples.unit == "bytes"


ANSWERS = {"source": {"kind": "files", "path": "texts.jsonl", "context": "prompt"}}


def test_texts_that_answer_are_asked_in_the_form_of_each_model() -> None:
    known = MODELS | {"b": facts(2, chat_template="written")}
    found = resolved(
        known,
        models=[model("a"), model("b", chat=True)],
        datasets=[dataset("letters"), dataset("answers", **ANSWERS)],
    )
    asked = {
        (one.model.name, one.dataset.name): (one.examples.form, one.examples.template)
        for one in found.measurements
    }
    assert asked == {
        ("a", "letters"): ("plain", None),
        ("b", "letters"): ("plain", None),
        ("a", "answers"): ("question-answer", None),
        ("b", "answers"): ("chat", "written"),
    }


def test_a_chat_model_without_a_template_is_a_sentence_where_one_is_needed() -> None:
    models = [model("a"), model("b", chat=True)]
    resolved(models=models)
    with pytest.raises(ModelError) as caught:
        resolved(models=models, datasets=[dataset("answers", **ANSWERS)])
    assert str(caught.value) == (
        "study.yaml: a chat template was expected with the tokenizer of 'b', which is asked as a "
        "chat model on data set 'answers', found none: save one beside it as chat_template.jinja, "
        "or leave out `chat`"
    )
