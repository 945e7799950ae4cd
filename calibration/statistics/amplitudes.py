"""Where amplitudes are stated: at x = 1 or t = 0, which may lie far from every row of a table.

A law is fitted near its rows whatever the unit of x, so that only the amplitude suffers: counted
from the year 0, that of a law over years says what nobody asks, and may be beyond any number.
"""

from typing import Final

import numpy as np

from calibration.statistics.laws import Law
from calibration.statistics.ragged import Floats
from calibration.statistics.table_checks import UnusableTable

LARGEST_LOG: Final = 600.0  # of an amplitude over its value at the rows; doubles end at e^709
FAR: Final = 10.0  # times the range of the rows


def require_writable(law: Law, x: Floats, log_scale: Floats) -> None:
    """Raises UnusableTable where some amplitude, e^`log_scale` from the rows, is beyond numbers."""
    if log_scale.size and float(np.abs(log_scale).max()) > LARGEST_LOG:
        raise UnusableTable(
            f"{law.name}: amplitudes between e^-{LARGEST_LOG:g} and e^{LARGEST_LOG:g} were "
            f"expected, found one beyond at {_origin(law)}, far from the rows: {_remedy(law, x)}"
        )


def far_origin(law: Law, x: Floats) -> str | None:
    """What to say where x may be 0 and the rows lie far from it; None elsewhere."""
    span = np.ptp(x)
    if law.positive or np.abs(x).min() <= FAR * span:
        return None
    return f"{law.linear[0]} is the value at {_origin(law)}, far from the rows: {_remedy(law, x)}"


def _origin(law: Law) -> str:
    return f"{' and '.join(law.variables)} = {1 if law.positive else 0}"


def _remedy(law: Law, x: Floats) -> str:
    first, near = law.variables[0], f"{np.floor(x[:, 0].min()):.6g}"
    if law.positive:
        return f"give {first} in a larger unit, as {first}/{near}"
    return f"count {first} from one of them, as {first}-{near}"
