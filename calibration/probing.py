"""A short measurement of a network's speed: made-up examples, and what their times say.

No text is needed: how long a step takes does not depend on what the tokens are. Knows no clock;
whoever asks times the parts.
"""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from calibration.expected import BYTES_A_TOKEN
from calibration.recipes import SamplesRecipe
from calibration.tables import EXAMPLES

FEW_STEPS: Final = 16  # enough to tell a step from the prompt before it


class Shape(NamedTuple):
    """How long made-up examples are, in tokens."""

    prompt: int
    continuation: int


def few_steps(recipe: SamplesRecipe) -> Shape:
    """The prompt that a recipe asks for, and a few steps after it."""
    asked = _tokens(recipe)
    return Shape(asked.prompt, min(FEW_STEPS, asked.continuation))


def in_proportion(recipe: SamplesRecipe) -> Shape:
    """As many tokens, cut where the recipe cuts its own: a pass projects the continuation only."""
    asked, few = _tokens(recipe), few_steps(recipe)
    total = few.prompt + few.continuation
    share = asked.continuation / (asked.prompt + asked.continuation)
    continuation = min(total - 1, max(1, round(total * share)))
    return Shape(total - continuation, continuation)


def made_up_examples(
    recipe: SamplesRecipe, shape: Shape, *, rows: int, vocabulary: int
) -> pl.DataFrame:
    """Examples of random ids that end nothing, the same ones each time.  # EXAMPLES"""
    ids = np.setdiff1d(np.arange(vocabulary), recipe.end_ids)
    drawn = np.random.default_rng(recipe.seed).choice(ids, size=(rows, sum(shape)))
    return pl.DataFrame(
        {
            "cluster": [str(row) for row in range(rows)],
            "example": range(rows),
            "prompt_ids": list(drawn[:, : shape.prompt]),
            "continuation_ids": list(drawn[:, shape.prompt :]),
            "continuation_bytes": [[1] * shape.continuation] * rows,
            "window": [shape.continuation] * rows,
        },
        schema=EXAMPLES,
    )


def in_tokens(recipe: SamplesRecipe) -> SamplesRecipe:
    """The recipe with windows of tokens that nothing ends: made-up texts have no other."""
    examples = recipe.examples.model_copy(update={"unit": "tokens"})
    return recipe.model_copy(update={"examples": examples, "at_end": "continue", "draws": None})


def sampling_rate(recipe: SamplesRecipe, *, rows: int, first: float, few: float) -> float:
    """Steps a second of whole continuations.

    `first` is the seconds that a part of `rows` took for one step, prompt included, and `few` for
    the steps of `few_steps`.
    """
    steps = few_steps(recipe).continuation
    asked = _tokens(recipe).continuation
    # Where the clock tells nothing apart, every step took its share.
    each = (few - first) / (steps - 1) if few > first else few / steps
    return rows * asked / (first + (asked - 1) * each)


def scoring_rate(recipe: SamplesRecipe, *, rows: int, seconds: float) -> float:
    """Tokens read a second, given the seconds that a part of `rows` took."""
    return rows * sum(in_proportion(recipe)) / seconds


def _tokens(recipe: SamplesRecipe) -> Shape:
    each = BYTES_A_TOKEN if recipe.examples.unit == "bytes" else 1
    lengths = (recipe.examples.prompt, recipe.examples.continuation)
    return Shape(*(max(1, length // each) for length in lengths))
