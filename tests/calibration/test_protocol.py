"""What a study does otherwise than the published protocol, in sentences."""

import polars as pl

from calibration.protocol import ALWAYS, differences, notes_on_ends
from calibration.study import Study, parsed_study


def study(
    *, at_end: str, prompt: int = 128, continuation: int = 1000, examples: int = 5000
) -> Study:
    return parsed_study(
        {
            "name": "study",
            "models": [{"name": "a", "path": "a", "family": "f"}],
            "datasets": [
                {
                    "name": "speeches",
                    "source": {"kind": "speeches"},
                    "prompt": prompt,
                    "continuation": continuation,
                    "examples": examples,
                }
            ],
            "at_end": at_end,
        },
        "study.yaml",
    )


def test_the_published_lengths_and_end_leave_only_what_always_differs() -> None:
    published = study(at_end="stop", prompt=128, continuation=1000, examples=5000)
    assert differences(published) == list(ALWAYS)


def test_other_lengths_and_another_end_are_said_first() -> None:
    found = differences(study(at_end="continue", prompt=32, continuation=1224, examples=512))
    assert found[0] == (
        "speeches: 512 examples of 32 + 1,224 tokens were asked for; the paper has 5,000 of "
        "128 + 1,000."
    )
    assert found[1].startswith("The end-of-text token is taken out of the distribution;")
    assert found[2].startswith("A generation is as long as the human continuation")
    assert found[3:] == list(ALWAYS)


def test_every_difference_is_a_sentence() -> None:
    for sentence in differences(study(at_end="continue", prompt=1, continuation=1, examples=1)):
        assert sentence.endswith(".")
        assert "\n" not in sentence


def ends(*probabilities: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "model": [f"m{number}" for number in range(len(probabilities))],
            "dataset": "letters",
            "decoding": "temperature 1",
            "entropy": 1.7,
            "end_probability": probabilities,
        }
    )


def test_stopping_prints_the_bias_of_a_perfect_model() -> None:
    (note,) = notes_on_ends(study(at_end="stop"), ends(0.002, 0.0))
    assert note.startswith("m0, letters, temperature 1: ")
    assert "+0.0090 nats" in note


def test_continuing_says_what_the_end_held_before_it_was_taken_out() -> None:
    (note,) = notes_on_ends(study(at_end="continue"), ends(0.03))
    assert "held 0.03 of the probability" in note
