"""What a study would cost: how many tokens are generated and scored, before anything runs."""

from calibration.recipes import Recipe, SamplesRecipe, ScoresRecipe


def tokens_of(recipe: Recipe) -> int:
    """Tokens a network must read or write for an artifact, at most; 0 for all others.

    Texts that turn out too short make it less.
    """
    match recipe:
        case SamplesRecipe(examples=examples) | ScoresRecipe(examples=examples):
            return examples.texts.examples * (examples.prompt + examples.continuation)
        case _:
            return 0
