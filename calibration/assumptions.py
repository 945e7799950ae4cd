"""What a prediction of the simplified theory takes for granted of the models beside it, in words.

Its exponent is in m, the training data; a study's fits are in the size N of its models.
"""

from collections.abc import Mapping, Sequence
from typing import Final

ASSUMES: Final = "assumes m ∝ N"
NO_TEST: Final = "not a test of the theory"


def assumption(training_tokens: Mapping[str, Sequence[int | None]]) -> str:
    """What the prediction assumes of families of models, given the training tokens of each model.

    Where the models of a family saw one amount of training data, or nobody says how much, their
    exponent in N cannot confirm or refute an exponent in m.
    """
    unknown = [family for family, tokens in training_tokens.items() if None in tokens]
    known = {family: tokens for family, tokens in training_tokens.items() if family not in unknown}
    constant = [family for family, tokens in known.items() if len(set(tokens)) == 1]
    reasons = [
        f"{NO_TEST} for {', '.join(families)} ({why})"
        for families, why in (
            (constant, "all models have the same training tokens"),
            (unknown, "training tokens are not stated"),
        )
        if families
    ]
    return "; ".join([ASSUMES, *reasons])
