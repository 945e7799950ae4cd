"""What artifacts cost in tokens, before anything runs.

A network reads prompts and reads or writes continuations. Time goes with fewer of them, the
steps: writing is one step a token, and the prompt before it takes no longer than a step or two.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from calibration.expected import BYTES_A_TOKEN
from calibration.recipes import ModelRecipe, Recipe, SamplesRecipe, ScoresRecipe


class Work(NamedTuple):
    """What a network must do for one artifact."""

    tokens: int  # read or written, at most
    steps: float  # that take time; a pass that serves several artifacts is shared among them


def tokens_of(recipe: Recipe) -> int:
    """Tokens a network must read or write for an artifact, at most; 0 for all others.

    Texts that turn out too short make it less.
    """
    match recipe:
        case SamplesRecipe(examples=examples) | ScoresRecipe(examples=examples):
            return examples.texts.examples * tokens_each(recipe)
        case _:
            return 0


def tokens_each(recipe: ModelRecipe) -> int:
    """Tokens a network must read or write for one example, at most."""
    return recipe.examples.prompt + recipe.examples.continuation


def steps_each(recipe: ModelRecipe) -> float:
    """Tokens of one example that take time: those it writes, or all that a pass reads.

    Windows of bytes take a token for every four.
    """
    examples = recipe.examples
    steps = tokens_each(recipe) if isinstance(recipe, ScoresRecipe) else examples.continuation
    return steps / BYTES_A_TOKEN if examples.unit == "bytes" else steps


def work_of(rows: Mapping[SamplesRecipe | ScoresRecipe, int]) -> dict[str, Work]:
    """What a network must do for some artifacts, by address, given the rows to be made of each."""
    samples = [recipe for recipe in rows if isinstance(recipe, SamplesRecipe)]
    found = {
        recipe.address: Work(rows[recipe] * tokens_each(recipe), rows[recipe] * steps_each(recipe))
        for recipe in samples
    }
    for group in _passes(rows):
        # Rows that one decoding lacks are read for all of them.
        read = max(rows[recipe] for recipe in group)
        for recipe in group:
            share = read * steps_each(recipe) / len(group)
            found[recipe.address] = Work(rows[recipe] * tokens_each(recipe), share)
    return found


def _passes(recipes: Iterable[Recipe]) -> Iterator[list[ScoresRecipe]]:
    """Scores that are made together: decodings of one model on the same examples."""
    groups: dict[tuple[str, str, str], list[ScoresRecipe]] = defaultdict(list)
    for recipe in recipes:
        if isinstance(recipe, ScoresRecipe):
            model = recipe.model
            groups[recipe.examples.address, model.weights, model.precision].append(recipe)
    yield from groups.values()
