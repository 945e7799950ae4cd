"""What artifacts cost in tokens, before anything runs, and what a study asks of its models.

A network reads prompts and reads or writes continuations. Time goes with fewer of them, the
steps: writing is one step a token, and the prompt before it takes no longer than a step or two.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from calibration.decodings import asked_for
from calibration.engine.decoding import Decoding
from calibration.expected import BYTES_A_TOKEN
from calibration.fitting_work import tokens_to_fit, tokens_to_fit_on, tried
from calibration.outlay import Asked
from calibration.recipes import (
    CalibrationRecipe,
    ModelRecipe,
    Recipe,
    SamplesRecipe,
    ScoresRecipe,
)
from calibration.sources import CodeContestsSource, PythonSource, gives_contexts
from calibration.study import DatasetEntry, ModelEntry, Study

CODE_BYTES_A_TOKEN: Final = 3  # its words are short, and much of it is signs
# Tokens of an instruction whose length the study does not bound: the problem of a contest; what
# asks for a story is shorter.
CONTEXT_TOKENS: Final = 512
FORM_TOKENS: Final = 64  # what the form of a prompt adds to an instruction


class Work(NamedTuple):
    """What a network must do for one artifact."""

    tokens: int  # read or written, at most
    steps: float  # that take time; a pass that serves several artifacts is shared among them


def tokens_of(recipe: Recipe) -> int:
    """Tokens a network must read or write for an artifact, at most; 0 for all others.

    Texts that turn out too short make it less.
    """
    match recipe:
        case SamplesRecipe() | ScoresRecipe():
            return rows_of(recipe) * tokens_each(recipe)
        case CalibrationRecipe():
            return tokens_to_fit_on(recipe.method, recipe.examples)
        case _:
            return 0


def rows_of(recipe: SamplesRecipe | ScoresRecipe) -> int:
    """Rows of a table that a network makes, at most."""
    examples = recipe.examples
    texts = examples.whole or examples.texts.examples
    return texts * (recipe.draws or 1) if isinstance(recipe, SamplesRecipe) else texts


def tokens_each(recipe: ModelRecipe) -> int:
    """Tokens a network must read or write for one example, at most."""
    return recipe.examples.prompt + recipe.examples.continuation * (1 + tried(recipe.asked))


def steps_each(recipe: ModelRecipe) -> float:
    """Tokens of one example that take time: those it writes, or all that a pass reads.

    Windows of bytes take a token for every four.
    """
    examples = recipe.examples
    read = examples.prompt + examples.continuation
    steps = read if isinstance(recipe, ScoresRecipe) else examples.continuation
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
    """Scores that are made together: decodings of one network on the same examples."""
    groups: dict[tuple[str | None, ...], list[ScoresRecipe]] = defaultdict(list)
    for recipe in recipes:
        if isinstance(recipe, ScoresRecipe):
            model = recipe.model
            by = recipe.adjusted.address if recipe.adjusted else None
            groups[recipe.examples.address, model.weights, model.precision, by].append(recipe)
    yield from groups.values()


def asked_of(study: Study, model: ModelEntry, dataset: DatasetEntry) -> Asked:
    """What a study asks of a model on a data set, at most, in tokens.

    Windows of bytes take a token for every four, of code for every three; an instruction counts
    as long as the study lets it be.
    """
    each = _bytes_a_token(dataset) if dataset.unit == "bytes" else 1
    prompt, continuation = (-(-steps // each) for steps in (dataset.prompt, dataset.continuation))
    asked = [asked_for(one) for one in study.decodings_of(model)]
    return Asked(
        examples=dataset.examples,
        draws=dataset.samples_per_prompt,
        prompt=prompt + _context(dataset),
        continuation=continuation,
        decodings=len(asked),
        rescored="four-bit" in study.as_published,
        tried=sum(map(tried, asked)),
        fitting=sum(
            tokens_to_fit(
                one,
                examples=dataset.for_calibration.examples,
                prompt=prompt + _context(dataset.for_calibration),
                continuation=continuation,
            )
            for one in asked
            if not isinstance(one, Decoding)
        ),
    )


def _bytes_a_token(dataset: DatasetEntry) -> int:
    is_code = isinstance(dataset.source, CodeContestsSource | PythonSource)
    return CODE_BYTES_A_TOKEN if is_code else BYTES_A_TOKEN


def _context(dataset: DatasetEntry) -> int:
    if not gives_contexts(dataset.source):
        return 0
    if dataset.longest_context is None:
        return CONTEXT_TOKENS + FORM_TOKENS
    # A problem is told in prose.
    return -(-dataset.longest_context // BYTES_A_TOKEN) + FORM_TOKENS
