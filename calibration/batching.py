"""Which parts of which artifacts are sampled together.

In float32 a batch holds the decodings of the same examples: they are padded alike, so that each
comes out equal bit for bit whichever of the others was still missing. In 16 bits, where no rerun
is equal to the last bit anyway, parts of several data sets share a batch as well. A batch goes
through one network, as it is or as a calibration adjusts it.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

import polars as pl

from calibration.recipes import SamplesRecipe


class Pending(NamedTuple):
    """A part that is to be sampled."""

    recipe: SamplesRecipe
    number: int  # of the part
    examples: pl.DataFrame  # its rows


def batches(
    pending: Sequence[Pending], *, rows: Callable[[SamplesRecipe], int]
) -> list[list[Pending]]:
    """The parts of one model in batches of at most as many rows as `rows` says, or of one part.

    Parts of one index come together, so that the artifacts of a data set grow side by side.
    """
    ordered = sorted(pending, key=_place)
    exact = any(part.recipe.model.precision == "float32" for part in pending)
    together = groupby(ordered, key=_place if exact else _ending)
    parts = (list(group) for _, group in together)
    return [batch for group in parts for batch in _filled(group, rows(group[0].recipe))]


def _place(part: Pending) -> tuple[str, str, int, int]:
    # A part holds fewer prompts where each has several continuations.
    recipe = part.recipe
    return _adjusting(recipe), recipe.examples.address, recipe.draws or 1, part.number


def _ending(part: Pending) -> tuple[str, str, tuple[int, ...]]:
    return _adjusting(part.recipe), part.recipe.at_end, part.recipe.end_ids


def _adjusting(recipe: SamplesRecipe) -> str:
    """What names the network that a part goes through."""
    return "" if recipe.adjusted is None else recipe.adjusted.address


def _filled(group: Sequence[Pending], rows: int) -> list[list[Pending]]:
    made: list[list[Pending]] = []
    for part in group:
        held = sum(len(one.examples) for one in made[-1]) if made else rows
        if held + len(part.examples) > rows:
            made.append([])
        made[-1].append(part)
    return made
