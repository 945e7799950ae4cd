"""Rows that did not fit into memory, in two halves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.engine.decoding import Decoding
from calibration.engine.language import NoRoom


class Part(NamedTuple):
    """Rows of one decoding that are under way together: their numbers in what was asked for."""

    rows: NDArray[np.int64]
    decoding: Decoding


def halves(parts: Sequence[Part]) -> list[list[Part]]:
    """Two batches of half as many rows, whole parts together where there are several.

    Raises NoRoom for a single row, which has no halves.
    """
    if len(parts) > 1:
        middle = len(parts) // 2
        return [list(parts[:middle]), list(parts[middle:])]
    part = parts[0]
    if len(part.rows) == 1:
        raise NoRoom
    first, second = np.array_split(part.rows, 2)
    return [[part._replace(rows=first)], [part._replace(rows=second)]]
