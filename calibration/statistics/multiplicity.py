"""P-values of many series together: what is left of each when the whole study is asked at once."""

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values, in the order given; what is unknown stays so and counts for none.

    The chance of one or more false rejections among all is at most the level that the adjusted
    values are compared with, whatever the series share. Holm (1979), Scand. J. Statist. 6.
    """
    known = [value for value in p_values if value is not None and np.isfinite(value)]
    if not known:
        return [None] * len(p_values)
    adjusted = iter(multipletests(known, method="holm")[1].tolist())
    return [
        next(adjusted) if value is not None and np.isfinite(value) else None for value in p_values
    ]
