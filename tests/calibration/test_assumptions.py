"""What a prediction assumes, in words: of each family by what is known of its training."""

import pytest

from calibration.assumptions import ASSUMES, NO_TEST, assumption


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        ({"a": [10, 20, 30]}, ASSUMES),
        ({"a": [10, 10]}, f"{ASSUMES}; {NO_TEST} for a (all models have the same training tokens)"),
        ({"a": [10, None]}, f"{ASSUMES}; {NO_TEST} for a (training tokens are not stated)"),
        (
            {"a": [5, 5], "b": [1, 2], "c": [None], "d": [7, 7, 7]},
            f"{ASSUMES}; {NO_TEST} for a, d (all models have the same training tokens); "
            f"{NO_TEST} for c (training tokens are not stated)",
        ),
    ],
)
def test_what_is_assumed_is_said_of_each_family(
    families: dict[str, list[int | None]], expected: str
) -> None:
    assert assumption(families) == expected
