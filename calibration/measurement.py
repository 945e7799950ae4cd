"""Examples and a network into rows of Samples, Replay and Scores: one part at a time.

Joins the engine to the tables. It knows no disk; which rows make a part is the caller's choice,
and in float32 the same part is always made of the same rows, so that it is equal bit for bit.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.encoding import longest
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation
from calibration.engine.language import Language, NoRoom, NotNumbers
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Score, Text, score
from calibration.engine.uniforms import uniforms
from calibration.errors import ModelError
from calibration.recipes import SamplesRecipe
from calibration.tables import REPLAY, RESCORES, SAMPLES, SCORES

Sizes = NDArray[np.int64]


class Asked(NamedTuple):
    """Examples to continue, and the Samples that they are to be part of."""

    examples: pl.DataFrame  # of `continued`
    recipe: SamplesRecipe


def continued(examples: pl.DataFrame, *, draws: int | None) -> pl.DataFrame:
    """EXAMPLES with a row for each continuation of each, one after the other, numbered by `draw`.

    `draws` is how many each example has, None for one.
    """
    numbers = pl.int_ranges(0, pl.lit(draws or 1, dtype=pl.Int32), dtype=pl.Int32)
    return examples.with_columns(draw=numbers).explode("draw")


def written_out(recipe: SamplesRecipe, decoding: Decoding) -> SamplesRecipe:
    """The recipe of the same texts under a decoding that is written in place of a fitted one."""
    fields = {name: getattr(recipe, name) for name in type(recipe).model_fields}
    return SamplesRecipe(**(fields | {"decoding": decoding, "calibration": None}))


def sampled_parts(
    asked: Sequence[Asked],
    language: Language,
    *,
    sizes: Sizes,
    progress: Callable[[int], object],
) -> list[pl.DataFrame]:
    """The model's own continuations, as long as the human ones, of parts that share a batch.

    All belong to one model under one end policy. `sizes` gives the raw bytes of every id,
    (vocabulary,); an end id counts for none. Raises ModelError when the network cannot see as far
    as the human text goes, or yields values that are no numbers.  # SAMPLES, a table a part
    """
    for one in asked:
        _require_known_ids(one.examples, language)
        _require_context(one.examples, language)
    ids = asked[0].recipe.end_ids
    sizes = sizes.copy()
    sizes[list(ids)] = 0
    blocks = [
        Block(_prompts(one.examples, one.recipe, language.context), one.recipe.decoding)
        for one in asked
    ]
    ending = Ending(asked[0].recipe.at_end, ids)
    documents = [name for one in asked for name in one.examples["cluster"]]
    with _sentences(documents):
        made = sample(language, blocks, ending=ending, sizes=sizes, progress=progress)
    pairs = zip(asked, made, strict=True)
    return [_samples(one.examples, rows, sizes) for one, rows in pairs]


def sampled_part(
    examples: pl.DataFrame,
    language: Language,
    recipe: SamplesRecipe,
    *,
    sizes: Sizes,
    progress: Callable[[int], object],
) -> pl.DataFrame:
    """The same for all continuations of some EXAMPLES, which share with no other.  # SAMPLES"""
    asked = [Asked(continued(examples, draws=recipe.draws), recipe)]
    return sampled_parts(asked, language, sizes=sizes, progress=progress)[0]


def _samples(examples: pl.DataFrame, made: Sequence[Continuation], sizes: Sizes) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cluster": examples["cluster"],
            "example": examples["example"],
            "tokens": [one.tokens for one in made],
            "entropy": [one.entropy for one in made],
            "log_prob": [one.log_prob for one in made],
            "end_probability": [one.end_probability for one in made],
            "bytes": [sizes[one.tokens] for one in made],
            "ended": [one.ended for one in made],
        },
        schema=SAMPLES,
    )


def scored_part(
    examples: pl.DataFrame, language: Language, *, decodings: Sequence[Decoding], ending: Ending
) -> list[pl.DataFrame]:
    """Log loss and entropy of each human continuation, a table a decoding.  # SCORES

    Raises ModelError when the network cannot see as far as the human text goes.
    """
    _require_known_ids(examples, language)
    _require_context(examples, language)
    texts = _texts(examples["prompt_ids"], examples["continuation_ids"])
    with _sentences(examples["cluster"]):
        made = score(language, texts, decodings=decodings, ending=ending)
    return [
        pl.DataFrame(
            {
                "cluster": examples["cluster"],
                "example": examples["example"],
                "log_loss": [one.log_loss for one in scores],
                "entropy": [one.entropy for one in scores],
                "end_probability": [one.end_probability for one in scores],
                "inside": [one.inside for one in scores],
            },
            schema=SCORES,
        )
        for scores in made
    ]


def replayed_part(
    examples: pl.DataFrame, samples: pl.DataFrame, language: Language, recipe: SamplesRecipe
) -> pl.DataFrame:
    """Generated texts scored again as if they were human, beside what was sampled.  # REPLAY

    `examples` and `samples` hold the rows to replay, the same ones in the same order.
    """
    scores = _read_again(examples, samples, language, recipe)
    return pl.DataFrame(
        {
            "cluster": samples["cluster"],
            "example": samples["example"],
            "entropy": samples["entropy"],
            "log_prob": samples["log_prob"],
            "replayed_entropy": [one.entropy for one in scores],
            "replayed_log_prob": [-one.log_loss for one in scores],
        },
        schema=REPLAY,
    )


def rescored_part(
    examples: pl.DataFrame, samples: pl.DataFrame, language: Language, recipe: SamplesRecipe
) -> pl.DataFrame:
    """Generated texts read by other weights, as the decoding of their recipe has it.  # RESCORES

    `examples` and `samples` hold the same rows in the same order.
    """
    scores = _read_again(examples, samples, language, recipe)
    return pl.DataFrame(
        {
            "cluster": samples["cluster"],
            "example": samples["example"],
            "entropy": [one.entropy for one in scores],
            "log_prob": [-one.log_loss for one in scores],
            "end_probability": [one.end_probability for one in scores],
        },
        schema=RESCORES,
    )


def _read_again(
    examples: pl.DataFrame, samples: pl.DataFrame, language: Language, recipe: SamplesRecipe
) -> list[Score]:
    texts = _texts(examples["prompt_ids"], samples["tokens"])
    ending = Ending(recipe.at_end, recipe.end_ids)
    with _sentences(samples["cluster"]):
        (scores,) = score(language, texts, decodings=[recipe.decoding], ending=ending)
    return scores


def as_rescored(samples: pl.DataFrame, rescores: pl.DataFrame) -> pl.DataFrame:
    """SAMPLES with the values of their RESCORES in place of those that were sampled."""
    names = ("entropy", "log_prob", "end_probability")
    return samples.with_columns(rescores[name] for name in names)


def _prompts(examples: pl.DataFrame, recipe: SamplesRecipe, context: int | None) -> list[Prompt]:
    in_bytes = recipe.examples.unit == "bytes"
    content = recipe.examples.texts.source.digest
    prompt = int(examples["prompt_ids"].list.len().max())  # type: ignore[arg-type]
    room = math.inf if context is None else context - prompt
    return [
        Prompt(
            ids,
            uniforms(
                recipe.seed, content, example=example, draw=draw, steps=int(min(window, room))
            ),
            window if in_bytes else None,
        )
        for example, draw, ids, window in examples.select(
            "example", "draw", "prompt_ids", "window"
        ).iter_rows()
    ]


def _require_context(examples: pl.DataFrame, language: Language) -> None:
    found = longest(examples)
    if language.context is not None and found > language.context:
        raise ModelError(
            f"texts of at most {language.context} tokens were expected (the context of the "
            f"model), found one of {found}, prompt and continuation together: make `prompt` or "
            "`continuation` of the data set smaller"
        )


def _require_known_ids(examples: pl.DataFrame, language: Language) -> None:
    columns = pl.col("prompt_ids", "continuation_ids").list.max().max()
    largest = max(examples.select(columns).row(0))
    if largest >= language.vocabulary:
        raise ModelError(
            f"token ids below {language.vocabulary} were expected, as many as the network has "
            f"logits, found {largest} in the examples: give the model the tokenizer it was "
            "trained with"
        )


@contextmanager
def _sentences(documents: Sequence[str] | pl.Series) -> Iterator[None]:
    """Turns what a network or its device cannot do into one sentence."""
    try:
        yield
    except NotNumbers as error:
        raise ModelError(
            f"probabilities were expected of the network, found values that are no numbers (NaN or "
            f"infinite) at step {error.step + 1} of the continuation of {documents[error.row]!r}: "
            "try `precision: float32`, which overflows last, or check the weights"
        ) from error
    except NoRoom as error:
        raise ModelError(
            "memory for the network and one text was expected on its device, found less: make "
            "`prompt` or `continuation` of the data set smaller, state a `precision` of 16 bits or "
            "more `gpus` for the model, or measure it where there is more memory"
        ) from error


def tokens_in(lists: pl.Series) -> int:
    """How many tokens a column of lists holds."""
    return int(lists.list.len().sum())


def _texts(prompts: pl.Series, continuations: pl.Series) -> list[Text]:
    return [
        Text(prompt, continuation)
        for prompt, continuation in zip(prompts.to_list(), continuations.to_list(), strict=True)
    ]
