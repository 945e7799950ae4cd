"""Studies with fitted decodings: what may be written, and the recipes that come of it."""

from typing import Any

import pytest

from calibration.deriving import ModelFacts
from calibration.engine.decoding import Decoding
from calibration.errors import StudyError
from calibration.lineage import Lineage, lineage
from calibration.recipes import ModelIdentity, SourceIdentity, TextsRecipe
from calibration.study import LARGEST_SEED, Study, parsed_study
from calibration.titles import labels

FILE = "mine.yaml"
EVEN = {"kind": "temperature", "fit": "ent_ce"}
STEP = {"kind": "one_step", "likeliest": 3, "tail": 2}
FUTURE = {"kind": "future_entropy", "horizon": 4}
FITTED = [EVEN, STEP, FUTURE]
OTHERS = {"source": {"kind": "speeches", "split": "stop"}, "examples": 5}


def content(*decodings: object, **dataset: object) -> dict[str, Any]:
    source = {"kind": "speeches", "split": "held-out"}
    sizes = {"prompt": 4, "continuation": 8, "examples": 16}
    return {
        "name": "study",
        "models": [{"name": "a", "path": "a", "family": "f"}],
        "datasets": [{"name": "talks", "source": source} | sizes | dataset],
        "decodings": [{"temperature": 1.0}, *decodings],
    }


def study(*decodings: object, **dataset: object) -> Study:
    return parsed_study(content(*decodings, **dataset), FILE)


def resolved(asked: Study) -> Lineage:
    facts = ModelFacts(
        identity=ModelIdentity(weights="w", precision="float32"),
        tokenizer="t",
        parameters=100,
        non_embedding_parameters=90,
        vocabulary=8,
        context=64,
        end_ids=(7,),
        text_end=7,
    )
    sources = {
        one.name: SourceIdentity(kind="speeches", content="c", split=one.source.split)
        for one in asked.texts_read
    }
    return lineage(asked, sources, {"a": facts}, file=FILE)


def texts_fitted_on(asked: Study) -> TextsRecipe:
    (found,) = {
        one.calibration.examples.texts for one in resolved(asked).measurements if one.calibration
    }
    return found


WRONG = {
    "a misspelt key of a method": (
        content({"kind": "one_step", "likelyest": 3}),
        "`decodings[2].likelyest` is not a key that is known here: did you mean `likeliest`?",
    ),
    "a key of another method": (
        content({"kind": "temperature", "fit": "ent_ce", "horizon": 3}),
        "`decodings[2].horizon` is not a key that is known here: the keys here are kind, fit",
    ),
    "no fit": (content({"kind": "temperature"}), "`decodings[2].fit` was expected, found nothing"),
    "another fit": (
        content({"kind": "temperature", "fit": "best"}),
        "`decodings[2].fit`: 'ent_ce' or 'log_loss' was expected, found 'best'",
    ),
    "a horizon of 0": (
        content({"kind": "future_entropy", "horizon": 0}),
        "`decodings[2].horizon`: a number of at least 1 was expected, found 0",
    ),
    "a method twice": (
        content(STEP, STEP),
        "`decodings`: every entry was expected once, found one step ahead, likeliest 3, tail 2 2 ",
    ),
    "a misspelt key of the texts": (
        content(calibration={"exampels": 3}),
        "`datasets[1].calibration.exampels` is not a key that is known here: did you mean "
        "`examples`?",
    ),
    "a source of an unknown kind": (
        content(calibration={"source": {"kind": "speech"}}),
        "`datasets[1].calibration.source.kind`: 'speeches', ",
    ),
    "other weights that read": (
        content(STEP) | {"as_published": ["four-bit"]},
        "`decodings`: plain ones were expected with the published four-bit",
    ),
    "log losses one token late": (
        content(EVEN) | {"as_published": ["slip"]},
        "`decodings`: none with `fit: ent_ce` was expected with the published slip",
    ),
    "other passages of what is measured": (
        content(STEP, independent="passages"),
        "`datasets[1].calibration.source`: another source was expected with `independent: ",
    ),
    "a source that is called its own": (
        content(
            STEP,
            independent="passages",
            calibration={"source": {"kind": "speeches", "split": "held-out"}},
        ),
        "`datasets[1].calibration.source`: another source was expected with `independent: ",
    ),
    "a seed of more than 64 bits": (
        content(STEP) | {"seed": 1 << 63},
        f"`seed`: a number of at most {LARGEST_SEED} was expected, found {1 << 63}: write a ",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_sentence(case: str) -> None:
    written, expected = WRONG[case]
    with pytest.raises(StudyError) as raised:
        parsed_study(written, FILE)
    assert str(raised.value).startswith(f"{FILE}: {expected}")


def test_what_is_fitted_on_losses_that_slip_or_passages_of_other_texts_is_taken() -> None:
    least = {"kind": "temperature", "fit": "log_loss"}
    parsed_study(content(least, STEP) | {"as_published": ["slip"]}, FILE)
    parsed_study(content(STEP, independent="passages", calibration=OTHERS), FILE)
    parsed_study(content(independent="passages"), FILE)


def test_methods_that_differ_in_a_setting_have_labels_of_their_own() -> None:
    asked = study(*FITTED, {"kind": "one_step"}, {"kind": "one_step", "block": 4})
    found = {one.asked.label for one in resolved(asked).measurements}
    assert found >= {"one step ahead", "one step ahead, block 4", "future entropy of 4 steps"}
    assert len(found) == 6


def test_recipes_hold_the_method_and_the_texts_and_no_number() -> None:
    plain, *fitted = resolved(study(*FITTED)).measurements
    assert plain.calibration is None
    assert [one.calibration.method.kind for one in fitted if one.calibration] == [
        "temperature",
        "one_step",
        "future_entropy",
    ]
    for one in fitted:
        assert one.samples.decoding == one.scores.decoding == Decoding()
        assert one.samples.calibration == one.scores.calibration == one.calibration
        assert one.made[0] == one.calibration
        assert one.asked == one.samples.asked != Decoding()


def test_only_what_weighs_next_tokens_is_another_network() -> None:
    plain, even, step, future = resolved(study(*FITTED)).measurements
    assert plain.samples.adjusted is even.samples.adjusted is None
    assert step.samples.adjusted == step.calibration
    assert future.samples.adjusted == future.calibration


def test_each_fitted_decoding_is_a_series_of_its_own() -> None:
    found = resolved(study(*FITTED))
    assert [fit.decoding.label for fit in found.report.study_fit.fits] == [
        "temperature 1",
        "temperature of EntCE 0",
        "one step ahead, likeliest 3, tail 2",
        "future entropy of 4 steps",
    ]
    titles = {one.title for one in labels(found).values()}
    assert "a on talks at temperature of EntCE 0" in titles
    assert "talks for calibration for a" in titles


def test_texts_of_the_same_source_are_apart_from_those_measured() -> None:
    asked = study(*FITTED, calibration={"examples": 5})
    measured = resolved(asked).measurements[0].examples.texts
    found = texts_fitted_on(asked)
    assert (found.apart, found.examples) == (measured, 5)
    assert found.source == measured.source
    named = {"kind": "speeches", "split": "held-out"}
    same = study(*FITTED, calibration={"source": named, "examples": 5})
    assert texts_fitted_on(same) == found


def test_texts_of_another_source_hang_on_nothing_that_is_measured() -> None:
    found = texts_fitted_on(study(*FITTED, calibration=OTHERS))
    assert found.apart is None
    assert found.source.split == "stop"
    assert texts_fitted_on(study(*FITTED, calibration=OTHERS, examples=99)) == found


def test_measured_texts_come_before_those_that_are_apart_from_them() -> None:
    found = resolved(study(*FITTED))
    assert [one.name for one in found.texts().values()] == ["talks", "talks for calibration"]
    assert [one.title for one in found.examples().values()] == [
        "talks for a",
        "talks for calibration for a",
    ]


def test_fitted_decodings_and_their_texts_move_nothing_that_is_plain() -> None:
    before = resolved(study()).measurements[0]
    for asked in (study(*FITTED), study(calibration=OTHERS), study(*FITTED, calibration=OTHERS)):
        assert resolved(asked).measurements[0].summary == before.summary


def test_a_study_without_the_key_is_known_by_what_it_always_was() -> None:
    assert "calibration" not in study(*FITTED).model_dump(mode="json")["datasets"][0]
    assert "calibration" in study(calibration=OTHERS).model_dump(mode="json")["datasets"][0]


def test_a_model_without_fitted_decodings_reads_no_further_texts() -> None:
    assert [one.name for one in study().texts_read] == ["talks"]
    assert len(study(STEP).texts_read) == 2
