"""What a study does otherwise than the published protocol, in sentences."""

from calibration.protocol import ALWAYS, differences
from calibration.study import Study, parsed_study


def study(*, at_end: str, prompt: int, continuation: int, examples: int) -> Study:
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
    assert found[2:] == list(ALWAYS)


def test_every_difference_is_a_sentence() -> None:
    for sentence in differences(study(at_end="continue", prompt=1, continuation=1, examples=1)):
        assert sentence.endswith(".")
        assert "\n" not in sentence
