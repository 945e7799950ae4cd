"""Which parts of which artifacts are sampled together.

In float32 a batch holds the decodings of the same examples: they are padded alike, so that each
comes out equal bit for bit whichever of the others was still missing. In 16 bits, where no rerun
is equal to the last bit anyway, parts of several data sets share a batch as well.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import polars as pl

from calibration.recipes import SamplesRecipe


class Pending(NamedTuple):
    """A part that is to be sampled."""

    recipe: SamplesRecipe
    number: int  # of the part
    examples: pl.DataFrame  # its rows


def batches(pending: Sequence[Pending], *, rows: int) -> list[list[Pending]]:
    """The parts of one model in batches of at most `rows` rows, or of one part.

    Parts of one index come together, so that the artifacts of a data set grow side by side.
    """
    ordered = sorted(pending, key=_place)
    exact = any(part.recipe.model.precision == "float32" for part in pending)
    together = groupby(ordered, key=_place if exact else _ending)
    return [batch for _, group in together for batch in _filled(list(group), rows)]


def _place(part: Pending) -> tuple[str, int, int]:
    # A part holds fewer prompts where each has several continuations.
    return part.recipe.examples.address, part.recipe.draws or 1, part.number


def _ending(part: Pending) -> tuple[str, tuple[int, ...]]:
    return part.recipe.at_end, part.recipe.end_ids


def _filled(group: Sequence[Pending], rows: int) -> list[list[Pending]]:
    made: list[list[Pending]] = []
    for part in group:
        held = sum(len(one.examples) for one in made[-1]) if made else rows
        if held + len(part.examples) > rows:
            made.append([])
        made[-1].append(part)
    return made
