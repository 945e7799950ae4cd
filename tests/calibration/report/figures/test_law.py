"""What is drawn is what was fitted, and rows left out are told from the others."""

import numpy as np
import polars as pl
import pytest
from made_up_laws import SIZES, noisy, published_runs

from calibration.report.figures.law import law_figure, law_file
from calibration.table_fit import Asked, TableFit, fitted_table


def one_variable(values: np.ndarray, errors: str | None = None) -> TableFit:
    table = pl.DataFrame({"N": SIZES, "loss": values, "error": 0.01})
    return fitted_table(table, Asked("power", "N", "loss", errors, 0.95), file="runs.csv")


def test_one_variable_has_its_axis_and_the_fitted_line() -> None:
    found = one_variable(noisy("power", 0.01))
    data, residuals = law_figure(found).axes
    line = data.get_lines()[0]
    law = found.fit.at(np.asarray(line.get_xdata()))
    assert np.asarray(line.get_ydata()) == pytest.approx(law.fitted)
    assert (data.get_xscale(), data.get_xlabel(), data.get_ylabel()) == ("log", "N", "loss")
    drawn = np.asarray(residuals.get_lines()[1].get_ydata())
    assert drawn == pytest.approx(found.y / found.fit.curve - 1)


def test_two_variables_are_drawn_as_observed_against_fitted() -> None:
    runs = published_runs(5, runs=60)
    runs.values[7] *= 1.3
    table = pl.DataFrame({"N": runs.x[:, 0], "D": runs.x[:, 1], "loss": runs.values})
    found = fitted_table(table, Asked("chinchilla", "N,D", "loss", None, 0.95), file="runs.csv")
    observed = law_figure(found).axes[0]
    kept, out = observed.get_lines()[1:]
    assert len(np.asarray(kept.get_xdata())) == 59
    assert np.asarray(out.get_ydata()).tolist() == [runs.values[7]]
    assert observed.get_xlabel() == "loss, fitted"


def test_given_errors_are_drawn_as_bars() -> None:
    assert len(law_figure(one_variable(noisy("power", 0.01), "error")).axes[0].collections) == 2


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_equal_fits_give_equal_files(kind: str) -> None:
    values = noisy("power", 0.01)
    assert law_file(one_variable(values), f".{kind}") == law_file(one_variable(values), f".{kind}")
