"""What a study does otherwise than the published protocol, in sentences."""

import polars as pl
import pytest

from calibration.report.protocol import (
    ALWAYS,
    OF_REPAIR,
    differences,
    notes_on_ends,
    origins_of_sizes,
)
from calibration.study import Departure, Study, parsed_study

REPAIRED = [*(repair.repaired for repair in OF_REPAIR.values()), *ALWAYS]
PUBLISHED = {"prompt": 128, "continuation": 1000, "examples": 5000}


MODEL = {"name": "a", "path": "a", "family": "f"}
CHAT = {"name": "c", "path": "c", "family": "f", "chat": True, "base": "a"}


def study(*, at_end: str = "stop", **dataset: object) -> Study:
    entry = {"name": "speeches", "source": {"kind": "speeches"}, **PUBLISHED, **dataset}
    return of_models(MODEL, datasets=[entry], at_end=at_end)


def of_models(*models: dict[str, object], **keys: object) -> Study:
    entry = {"name": "speeches", "source": {"kind": "speeches"}, **PUBLISHED}
    return parsed_study(
        {
            "name": "study",
            "models": list(models),
            "datasets": [entry],
            "at_end": "stop",
            **keys,
        },
        "study.yaml",
    )


def test_fitted_decodings_are_named_as_no_part_of_the_paper() -> None:
    content = {
        "name": "s",
        "models": [{"name": "a", "path": "a", "family": "f"}],
        "datasets": [
            {
                "name": "d",
                "source": {"kind": "speeches"},
                "prompt": 4,
                "continuation": 8,
                "examples": 9,
            }
        ],
    }
    fitted = {"decodings": [{}, {"kind": "one_step"}]}
    said = [one for one in differences(parsed_study(content | fitted, "s")) if "Fitted" in one]
    assert said == [
        "Fitted decodings (one step ahead) are no part of the paper's measurements: of future "
        "entropy it proves what could be had, and runs nothing."
    ]
    assert not [one for one in differences(parsed_study(content, "s")) if "Fitted" in one]


def test_the_published_lengths_and_end_leave_only_what_always_differs() -> None:
    assert differences(study()) == REPAIRED


def test_other_lengths_and_another_end_are_said_first() -> None:
    found = differences(study(at_end="continue", prompt=32, continuation=1224, examples=512))
    assert found[0] == (
        "speeches: 512 examples of 32 + 1,224 tokens were asked for; the paper has 5,000 of "
        "128 + 1,000 tokens."
    )
    assert found[1].startswith("The end-of-text token is taken out of the distribution;")
    assert found[2].startswith("A generation is as long as the human continuation")
    assert found[3:] == REPAIRED


def test_windows_of_bytes_differ_even_where_their_numbers_do_not() -> None:
    lengths, unit, *rest = differences(study(unit="bytes"))
    assert "5,000 examples of 128 + 1,000 bytes were asked for" in lengths
    assert unit.startswith("speeches: prompts and windows are counted in bytes")
    assert rest == REPAIRED


def test_passages_that_stand_as_independent_are_said() -> None:
    (said, *rest) = differences(study(independent="passages"))
    assert "the intervals speak of these texts alone" in said
    assert rest == REPAIRED


def test_natural_ends_are_said() -> None:
    (said, *rest) = differences(study(at_end="natural"))
    assert said.startswith("Human texts of every length keep their end")
    assert rest == REPAIRED


@pytest.mark.parametrize("at_end", ["continue", "stop", "natural"])
def test_every_difference_is_a_sentence(at_end: str) -> None:
    for sentence in differences(study(at_end=at_end, unit="bytes", independent="passages")):
        assert sentence.endswith(".")
        assert "\n" not in sentence


def ends(*probabilities: float, unit: str = "tokens", entropy: float = 1.7) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "model": [f"m{number}" for number in range(len(probabilities))],
            "dataset": "letters",
            "decoding": "temperature 1",
            "unit": unit,
            "entropy": entropy,
            "end_probability": probabilities,
            "bytes_per_token_generated": 4.0,
        }
    )


def test_stopping_prints_the_bias_of_a_perfect_model() -> None:
    (note,) = notes_on_ends(study(at_end="stop"), ends(0.002, 0.0))
    assert note.startswith("m0, letters, temperature 1: ")
    assert "+0.0090 nats per token" in note


def test_in_bytes_the_bias_is_that_of_the_tokens_spread_over_their_bytes() -> None:
    perfect = ends(0.002 / 4, unit="bytes", entropy=1.7 / 4)
    (note,) = notes_on_ends(study(at_end="stop", unit="bytes"), perfect)
    assert "probability 0.002 a token" in note
    assert "+0.0023 nats per byte" in note  # a quarter of .0090


def test_continuing_says_what_the_end_held_before_it_was_taken_out() -> None:
    (note,) = notes_on_ends(study(at_end="continue"), ends(0.03))
    assert "held 0.03 of the probability" in note


def test_natural_ends_bias_nothing() -> None:
    assert notes_on_ends(study(at_end="natural"), ends(0.03)) == []


def test_the_sizes_say_where_they_come_from() -> None:
    counted = study()
    stated = counted.models[0].model_copy(update={"name": "b", "parameters": 7_000_000_000})
    both = counted.model_copy(update={"models": (*counted.models, stated)})
    assert origins_of_sizes(counted) == ["Parameters counted from the weights: a."]
    assert origins_of_sizes(both) == [
        "Parameters counted from the weights: a.",
        "Parameters as stated in the study: b.",
    ]


@pytest.mark.parametrize("departure", list(OF_REPAIR))
def test_what_is_asked_back_is_not_claimed_as_repaired(departure: Departure) -> None:
    found = differences(of_models(MODEL, as_published=[departure]))
    assert OF_REPAIR[departure].asked_back in found
    assert OF_REPAIR[departure].repaired not in found
    others = [repair.repaired for name, repair in OF_REPAIR.items() if name != departure]
    assert [one for one in found if one in others] == others


def test_several_continuations_of_a_prompt_are_said() -> None:
    (said, *rest) = differences(study(samples_per_prompt=4))
    assert said.startswith("speeches: 4 continuations of each prompt were drawn")
    assert rest == REPAIRED


def test_limits_in_bytes_are_said_with_the_published_ones() -> None:
    (said, *_) = differences(study(shortest=6_000, longest_context=9_000))
    assert "texts of at least 6,000 bytes and contexts of at most 9,000 bytes were taken" in said
    assert "1,024 or more after it" in said


def test_a_shortest_text_counts_for_nothing_where_tokenizers_choose() -> None:
    entry = {"name": "s", "source": {"kind": "speeches"}, **PUBLISHED, "shortest": 6_000}
    found = differences(of_models(MODEL, datasets=[entry], as_published=["selection"]))
    assert not [one for one in found if "6,000" in one]


@pytest.mark.parametrize("kind", ["wikitext", "writingprompts", "codecontests"])
def test_the_published_sources_tell_their_split_and_their_prompts(kind: str) -> None:
    found = differences(study(name=kind, source={"kind": kind}))
    (split,) = (one for one in found if "models have trained on such texts" in one)
    assert split.startswith(f"{kind}: the split ")
    assert any("what day a template says it is" in one for one in found) == (kind != "wikitext")


def test_chat_models_are_said_to_continue_plain_texts_without_a_template() -> None:
    found = differences(of_models(MODEL, CHAT))
    assert "Chat models continue the texts of speeches as they are" in found[0]
    assert found[1:] == REPAIRED


def test_chat_models_at_one_temperature_are_said_where_base_models_have_more() -> None:
    decodings = [{"kind": "plain", "temperature": one} for one in (1.0, 0.8)]
    alone = {**CHAT, "decodings": decodings[:1]}
    found = differences(of_models(MODEL, alone, decodings=decodings))
    assert any("at temperature 1 alone, as in the paper" in one for one in found)
    assert any(
        "under other decodings than temperature 1 too" in one
        for one in differences(of_models(MODEL, CHAT, decodings=decodings))
    )


def test_truncations_are_no_part_of_the_paper() -> None:
    decodings = [{"kind": "plain"}, {"kind": "plain", "top_p": 0.9, "mixture": 0.1}]
    (said, *_) = differences(of_models(MODEL, decodings=decodings))
    assert said.startswith("Truncated decodings (top-p 0.9) are no part of the paper")
