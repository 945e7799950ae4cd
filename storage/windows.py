"""Prompts and continuations against what each model can see: known once they are encoded."""

from calibration.encoding import longest
from calibration.lineage import Lineage, Measurement
from calibration.recipes import ExamplesRecipe
from storage.artifacts import read_table
from storage.store import Store


def too_long(lineage: Lineage, store: Store) -> list[tuple[str, str]]:
    """Models whose context is shorter than a text of a data set, each with one sentence.

    The examples must have been made.
    """
    # Models of one tokenizer share their examples.
    lengths: dict[ExamplesRecipe, int] = {}
    found: dict[str, str] = {}
    for (model, examples), one in _known_late(lineage).items():
        if one.context is None or model in found:
            continue
        if examples not in lengths:
            lengths[examples] = longest(read_table(store, examples, "examples"))
        tokens = lengths[examples]
        if tokens > one.context:
            found[model] = _sentence(one, tokens)
    return list(found.items())


def _known_late(lineage: Lineage) -> dict[tuple[str, ExamplesRecipe], Measurement]:
    """Each model with all texts that it reads whose tokens are counted by its tokenizer alone."""
    return {
        (one.model.name, examples): one
        for one in lineage.measurements
        for examples in one.reads
        if examples.unit == "bytes" or examples.form != "plain"
    }


def _sentence(one: Measurement, tokens: int) -> str:
    answers = one.examples.form != "plain"
    what = "what it answers, prompt" if answers else "prompt"
    remedy = "give a smaller `longest_context`, or make" if answers else "make"
    return (
        f"data set {one.dataset.name!r}: texts of at most {one.context} tokens were expected (the "
        f"context of {one.model.name!r}), found one of {tokens}, {what} and continuation "
        f"together: {remedy} `prompt` or `continuation` smaller"
    )
