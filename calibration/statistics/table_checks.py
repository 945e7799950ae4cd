"""What a table must be like for a law: checked once, each failing in one sentence.

Rows are counted from 1. Raises UnusableTable for what no law could use, and where the table holds
too little for this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.laws import Law
from calibration.statistics.ragged import Floats

Rows = NDArray[np.bool_]

# Of the logarithms of two sizes that move together: at 30 their correlation is .998, and which
# of the two a loss follows is decided by a thousandth of their spread.
MOST_CONDITION = 30.0
NAMED_ROWS = 10  # a longer list is not read


class UnusableTable(ValueError):
    """The law cannot be fitted to this table; the message says why and what would do."""


@dataclass(frozen=True)
class Table:
    """Rows to fit: x (n, v), values (n,), and the covariance of their errors where it is known."""

    x: Floats
    values: Floats
    sampling: Floats | None  # variances (n,) or a covariance (n, n)

    def only(self, kept: Rows) -> "Table":
        """The rows in `kept` (n,), in their order."""
        if self.sampling is None or self.sampling.ndim == 1:
            sampling = None if self.sampling is None else self.sampling[kept]
        else:
            sampling = self.sampling[np.ix_(kept, kept)]
        return Table(self.x[kept], self.values[kept], sampling)


def checked(
    law: Law,
    x: Sequence[Sequence[float]] | Floats,
    values: Sequence[float] | Floats,
    covariance: Floats | None,
) -> Table:
    """The table as arrays. Raises UnusableTable where the law cannot be fitted to it."""
    columns, responses = np.asarray(x, dtype=np.float64), np.asarray(values, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or responses.shape != (len(columns),):
        raise UnusableTable(
            f"one value a row was expected, found x of shape {columns.shape} and values of shape "
            f"{responses.shape}"
        )
    if columns.shape[1] != len(law.variables):
        raise UnusableTable(
            f"{law.name}: {', '.join(law.variables)} as the columns of x expected, found "
            f"{columns.shape[1]} columns"
        )
    for name, column in (*zip(law.variables, columns.T, strict=True), ("value", responses)):
        _require(np.isfinite(column), column, f"a finite {name}")
    if law.positive:
        for name, column in zip(law.variables, columns.T, strict=True):
            _require(column > 0, column, f"a positive {name}")
    _require_enough(law, columns)
    _require_values(law, responses)
    return Table(columns, responses, _sampling(covariance, len(responses)))


def repeated(x: Floats) -> list[list[int]]:
    """Rows that have the same x as another, together."""
    _, index = np.unique(x, axis=0, return_inverse=True)
    groups = [np.flatnonzero(index == one) + 1 for one in range(int(index.max()) + 1)]
    return [group.tolist() for group in groups if len(group) > 1]


def listed(rows: Sequence[int]) -> str:
    """Rows in words, the first ten of them."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    if len(rows) > NAMED_ROWS:
        named = ", ".join(map(str, rows[:NAMED_ROWS]))
        return f"rows {named} and {len(rows) - NAMED_ROWS} more"
    return f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _require(good: Rows, column: Floats, what: str) -> None:
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise UnusableTable(
            f"{what} was expected, found {column[row]:g} in row {row + 1}: mend the table or leave "
            "the row out"
        )


def _require_enough(law: Law, x: Floats) -> None:
    different = len(np.unique(x, axis=0))
    names = ", ".join(law.variables)
    if different < law.min_points:
        same = f" ({listed(repeated(x)[0])} are alike)" if different < len(x) else ""
        raise UnusableTable(
            f"{law.name}: at least {law.min_points} rows that differ in {names} were expected, "
            f"found {different}{same}: add some, or choose a law with fewer parameters"
        )
    for name, column in zip(law.variables, x.T, strict=True):
        if np.ptp(column) == 0:
            raise UnusableTable(
                f"{law.name}: a {name} that varies was expected, found {column[0]:g} in every row"
            )
    if x.shape[1] == 2:
        _require_apart(law, np.log(x))


def _require_apart(law: Law, logs: Floats) -> None:
    centred = logs - logs.mean(axis=0)
    condition = float(np.linalg.cond(centred / np.linalg.norm(centred, axis=0)))
    one, other = law.variables
    if condition > MOST_CONDITION:
        raise UnusableTable(
            f"{law.name}: {one} and {other} that vary apart were expected (condition number of "
            f"their logarithms at most {MOST_CONDITION:g}), found {condition:.3g}: add runs with "
            f"another {other} at the same {one}"
        )


def _require_values(law: Law, values: Floats) -> None:
    if not np.any(values):
        raise UnusableTable(f"{law.name}: values other than 0 were expected, found only zeros")
    if law.scatter == "relative" and values.max() <= 0:
        raise UnusableTable(
            f"{law.name}: values above 0 were expected, found none: a loss or an error rate is "
            "positive, so give another column or turn its sign"
        )


def _sampling(covariance: Floats | None, rows: int) -> Floats | None:
    if covariance is None:
        return None
    found = np.asarray(covariance, dtype=np.float64)
    if found.shape not in ((rows,), (rows, rows)):
        raise UnusableTable(
            f"variances of shape {(rows,)} or a covariance of shape {(rows, rows)} was expected, "
            f"found {found.shape}"
        )
    variances = found if found.ndim == 1 else np.diag(found)
    good = np.isfinite(variances) & (variances >= 0)
    _require(good, variances, "a variance that is finite and not negative")
    return found
