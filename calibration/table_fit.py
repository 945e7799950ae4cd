"""A law fitted to columns of a person's table, and every fault of theirs as one sentence."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from calibration.column_terms import Numbers, term_values, terms
from calibration.errors import InputError
from calibration.statistics.law_fit import LawFit, fit_law
from calibration.statistics.laws import Law, law_named
from calibration.statistics.table_checks import UnusableTable


@dataclass(frozen=True)
class Asked:
    """What to fit: a law by name, its x and y as columns or arithmetic on them, the errors' column.

    `x` lists one term for each variable of the law, separated by commas, in the law's order.
    """

    law: str
    x: str
    y: str
    errors: str | None  # standard errors of y
    level: float


@dataclass(frozen=True)
class TableFit:
    """A fit with what the table's person calls things."""

    file: str
    fit: LawFit
    x: Numbers  # (n, v)
    y: Numbers
    errors: Numbers | None
    x_terms: tuple[str, ...]
    y_term: str


def fitted_table(table: pl.DataFrame, asked: Asked, *, file: str) -> TableFit:
    """The law fitted to a table read from `file`. Raises InputError."""
    law = _law(asked.law)
    if table.is_empty():
        raise InputError(f"{file}: a row for every run was expected, found none")
    named = _variables(law, asked.x, table)
    try:
        x = np.column_stack([term_values(table, term) for term in named])
        y = term_values(table, asked.y)
        errors = None if asked.errors is None else _errors(table, asked.errors)
    except InputError as fault:
        raise InputError(f"{file}: {fault}") from None
    try:
        fit = fit_law(
            law,
            x,
            y,
            covariance=None if errors is None else errors**2,
            level=asked.level,
        )
    except UnusableTable as fault:
        raise InputError(f"{file}{_meaning(law, named, asked.y)}: {fault}") from None
    return TableFit(file, fit, x, y, errors, named, asked.y)


def _law(name: str) -> Law:
    try:
        return law_named(name)
    except ValueError as fault:
        raise InputError(f"--law: {fault}") from None


def _variables(law: Law, given: str, table: pl.DataFrame) -> tuple[str, ...]:
    named = tuple(terms(given, table.columns))
    if len(named) != len(law.variables):
        columns = "a column" if len(law.variables) == 1 else f"{len(law.variables)} columns"
        raise InputError(
            f"--x {given}: {columns} for the {' and '.join(law.variables)} of {law.name} expected, "
            f"found {len(named)}: give {','.join(law.variables)} in that order"
        )
    return named


def _errors(table: pl.DataFrame, term: str) -> Numbers:
    errors = term_values(table, term)
    below = np.flatnonzero(errors <= 0)
    if len(below):
        row = int(below[0])
        raise InputError(
            f"column {term!r}: a standard error above 0 was expected, found {errors[row]:g} in row "
            f"{row + 1}: leave out --se if errors are not known"
        )
    return errors


def _meaning(law: Law, named: tuple[str, ...], y: str) -> str:
    """Which columns stand for what, where the law calls them otherwise."""
    pairs = [
        f"{variable} is {term}"
        for variable, term in zip(law.variables, named, strict=True)
        if variable != term
    ]
    return f" ({', '.join([*pairs, f'values are {y}'])})"
