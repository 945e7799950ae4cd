"""Columns of a person's table, and small arithmetic on them: `Training FLOP/(6*Model Size)`.

Names are taken as they stand in the table, spaces and signs included, the longest first; what is
left may hold + - * / ( ) and numbers. Cells must be finite numbers. Rows are counted from 1, the
head of the table apart. Raises InputError.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.errors import InputError

Numbers = NDArray[np.float64]

OPERATIONS: Final[Mapping[type[ast.operator], Callable[[Numbers, Numbers], Numbers]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
MOST_NAMES: Final = 12  # that a sentence lists


def terms(given: str, names: Sequence[str]) -> list[str]:
    """The parts of what an option lists, at the commas that are not in a column's name."""
    return [_restored(part, names).strip() for part in _marked(given, names).split(",")]


def term_values(table: pl.DataFrame, term: str) -> Numbers:
    """The numbers of one column or of arithmetic on columns, one a row. Raises InputError."""
    try:
        expression = ast.parse(_marked(term, table.columns).strip(), mode="eval").body
    except SyntaxError:
        raise _unknown(term, table.columns) from None
    with np.errstate(all="ignore"):
        values = np.broadcast_to(_value(expression, table), table.height)
    _require(np.isfinite(values), term, "a finite number", lambda row: f"{values[row]:g}")
    return values.astype(np.float64)


def _marked(given: str, names: Sequence[str]) -> str:
    """With every column's name replaced by a word that Python can read."""
    longest = sorted(filter(None, names), key=len, reverse=True)
    if not longest:
        return given
    pattern = "|".join(re.escape(name) for name in longest)
    return re.sub(
        rf"(?<![\w.])(?:{pattern})(?![\w.])",
        lambda found: _mark(list(names).index(found.group())),
        given,
    )


def _mark(number: int) -> str:
    return f"column_{number}_"


def _restored(marked: str, names: Sequence[str]) -> str:
    return re.sub(r"column_(\d+)_", lambda found: names[int(found.group(1))], marked)


def _value(node: ast.expr, table: pl.DataFrame) -> Numbers:
    match node:
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
            return OPERATIONS[type(operation)](_value(left, table), _value(right, table))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, table)
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.array(float(number))
        case ast.Name(id=name) if (found := re.fullmatch(r"column_(\d+)_", name)) is not None:
            return _numbers(table.to_series(int(found[1])))
        case _:
            raise _unknown(_restored(ast.unparse(node), table.columns), table.columns)


def _numbers(column: pl.Series) -> Numbers:
    """A column as numbers; text is read as numbers where it says one."""
    if column.dtype == pl.String:
        read = column.str.strip_chars().cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric():
        read = column.cast(pl.Float64)
    else:
        raise InputError(
            f"column {column.name!r}: numbers were expected, found {column.dtype}: choose another"
        )

    def found(row: int) -> str:
        cell = column[row]
        return "nothing" if cell is None else repr(cell)

    known = read.is_not_null() & read.is_not_nan()
    _require(known.to_numpy(), column.name, "a number", found)
    return read.to_numpy().astype(np.float64)


def _require(good: NDArray[np.bool_], name: str, what: str, found: Callable[[int], str]) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        row = int(bad[0])
        others = f" (and in {len(bad) - 1} more rows)" if len(bad) > 1 else ""
        raise InputError(
            f"column {name!r}: {what} was expected, found {found(row)} in row {row + 1}{others}: "
            "mend the table or leave the row out"
        )


def _unknown(term: str, names: Sequence[str]) -> InputError:
    near = get_close_matches(term.strip(), names, n=1) or get_close_matches(
        term.strip().lower(), [name.lower() for name in names], n=1
    )
    close = [name for name in names if near and name.lower() == near[0].lower()]
    perhaps = f"; did you mean {close[0]!r}?" if close else ""
    more = "" if len(names) <= MOST_NAMES else f" and {len(names) - MOST_NAMES} more"
    return InputError(
        f"a column, or + - * / of columns and numbers, was expected, found {term!r}{perhaps} "
        f"(columns: {', '.join(names[:MOST_NAMES])}{more})"
    )
