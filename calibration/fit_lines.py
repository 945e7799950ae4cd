"""A fitted law as a person reads it, and as another program does."""

import math
from collections.abc import Iterator
from typing import Any, Final

from calibration.statistics.law_fit import Estimated, LawFit
from calibration.table_fit import TableFit

FIGURES: Final = 2  # of the width of an interval: more would claim to know the interval better
FEWEST, MOST = 3, 12  # figures of a number
PLAIN: Final = 1e7  # from here on a number is easier to read as a power of ten


def fit_lines(found: TableFit) -> Iterator[str]:
    """The law, what it was fitted to, its parameters with intervals, and what must be said."""
    fit = found.fit
    yield f"{fit.law.name}: {found.y_term} = {fit.law.form}"
    yield from _heads(found)
    yield ""
    yield from _parameters(fit)
    yield ""
    yield f"scatter  {_scatter(found)}"
    yield from (f"warning  {one}" for one in fit.warnings)
    yield f"beyond   {_reach(found)}: {fit.law.beyond}"
    yield f"source   {fit.law.source}"


def fit_record(found: TableFit) -> dict[str, Any]:
    """The same for JSON: law, n, parameters as {name: {estimate, low, high}}, warnings."""
    fit = found.fit
    return {
        "law": fit.law.name,
        "form": fit.law.form,
        "x": dict(zip(fit.law.variables, found.x_terms, strict=True)),
        "y": found.y_term,
        "n": fit.rows,
        "df": fit.df,
        "level": fit.level,
        "parameters": {name: one._asdict() for name, one in fit.parameters.items()},
        "scatter": fit.scatter,
        "scatter_kind": fit.scatter_kind,
        "outliers": list(fit.outliers),
        "warnings": list(fit.warnings),
    }


def number(value: float, width: float) -> str:
    """A number to the digits that an interval of a width leaves it."""
    if value == 0 or width == 0 or not math.isfinite(value):
        return f"{value:.{FEWEST}g}"
    known = math.floor(math.log10(abs(value))) - math.floor(math.log10(abs(width)))
    rounded = f"{value:.{min(max(known + FIGURES, FEWEST), MOST)}g}"
    if "e" in rounded and PLAIN > abs(value) >= 1:
        return f"{float(rounded):.0f}"
    return rounded


def _heads(found: TableFit) -> Iterator[str]:
    fit = found.fit
    meanings = [
        f"{variable} = {term}"
        for variable, term in zip(fit.law.variables, found.x_terms, strict=True)
        if variable != term
    ]
    left = f", {len(fit.outliers)} left out" if fit.outliers else ""
    rows = f"n = {fit.rows} rows of {found.file}{left}, {fit.df} degrees of freedom"
    yield from [*([", ".join(meanings)] if meanings else []), rows]


def _parameters(fit: LawFit) -> Iterator[str]:
    rows = [(name, *_cells(one)) for name, one in fit.parameters.items()]
    head = ("", "estimate", f"{100 * fit.level:g} % interval")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(2)]
    for name, estimate, interval in (head, *rows):
        yield f"{name:<{widths[0]}}  {estimate:>{widths[1]}}  {interval}"


def _cells(one: Estimated) -> tuple[str, str]:
    estimate, low, high = (number(value, one.high - one.low) for value in one)
    return estimate, f"[{low}, {high}]"


def _scatter(found: TableFit) -> str:
    fit = found.fit
    beside = "" if found.errors is None else " beyond the errors given"
    if fit.scatter_kind == "relative":
        return f"{100 * fit.scatter:.2g} % of the value{beside}"
    return f"{fit.scatter:.2g}{beside}, the same at every value"


def _reach(found: TableFit) -> str:
    law = found.fit.law
    reach = law.reach if law.positive else 1.0
    ranges = [
        f"{variable} {number(low / reach, high - low)} to {number(high * reach, high - low)}"
        for variable, low, high in zip(
            law.variables, found.x.min(axis=0), found.x.max(axis=0), strict=True
        )
    ]
    return ", ".join(ranges)
