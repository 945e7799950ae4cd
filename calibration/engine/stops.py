"""How many of the tokens drawn so far count, row by row."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).max


class Stops(NamedTuple):
    """What ends each row: a number of tokens, a number of bytes, or an end id."""

    steps: NDArray[np.int64]  # (rows,): the most tokens
    bytes: NDArray[np.float64]  # (rows,): the token that reaches so many is the last; inf for none
    sizes: NDArray[np.int64] | None  # (vocabulary,): bytes of every id
    ids: Sequence[int]  # after which a text has ended

    def lengths(self, tokens: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many tokens each row has or will have, as far as (rows, drawn) tell.  # (rows,)

        A row that nothing has ended yet will have all its steps.
        """
        lengths = self.steps
        if len(self.ids):
            lengths = np.minimum(lengths, _first(np.isin(tokens, self.ids)))
        if self.sizes is not None and np.isfinite(self.bytes).any():
            reached = self.sizes[tokens].cumsum(1) >= self.bytes[:, None]
            lengths = np.minimum(lengths, _first(reached))
        return lengths


def _first(found: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One more than the first position that is true; NEVER where none is."""
    if not found.shape[1]:  # before the first look, where nothing has a first position
        return np.full(len(found), NEVER)
    return np.where(found.any(1), found.argmax(1) + 1, NEVER)
