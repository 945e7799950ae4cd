"""A person's table in, a fit or one sentence out; the words and the record say the same."""

import json

import polars as pl
import pytest
from made_up_laws import PUBLISHED, published_runs

from calibration.errors import InputError
from calibration.fit_lines import fit_lines, fit_record, number
from calibration.table_fit import Asked, TableFit, fitted_table

RUNS = published_runs(5, runs=60)
SIZE, TOKENS = RUNS.x.T
TABLE = pl.DataFrame(
    {"Model Size": SIZE, "Training FLOP": 6 * SIZE * TOKENS, "loss": RUNS.values, "error": 0.02}
)
X = "Model Size,Training FLOP/(6*Model Size)"


def fitted(
    table: pl.DataFrame = TABLE,
    *,
    law: str = "chinchilla",
    x: str = X,
    y: str = "loss",
    errors: str | None = None,
) -> TableFit:
    return fitted_table(table, Asked(law, x, y, errors, 0.95), file="runs.csv")


def test_tokens_come_from_compute_and_size() -> None:
    found = fitted()
    for name, truth in PUBLISHED.items():
        assert found.fit.parameters[name].low < truth < found.fit.parameters[name].high


def test_standard_errors_are_squared() -> None:
    assert fitted(errors="error").fit.scatter < 0.02 < fitted(errors="error/10").fit.scatter * 10


BAD = {
    "law": ({"law": "chinchila"}, "--law: one of the laws power, .* .did you mean chinchilla"),
    "variables": ({"x": "Model Size"}, "--x Model Size: 2 columns for the N and D of chinchilla"),
    "column": ({"y": "los"}, "runs.csv: a column, .* found 'los'; did you mean 'loss'"),
    "rows": ({"table": TABLE.head(1)}, r"runs.csv \(N is Model Size, .*: at least 12 rows"),
    "none": ({"table": TABLE.head(0)}, "runs.csv: a row for every run was expected, found none"),
    "negative": (
        {"x": "Model Size,-Training FLOP"},
        r"\(N is Model Size, D is -Training FLOP, values are loss\): a positive D was expected, "
        r"found -\S+ in row 1",
    ),
    "values": ({"y": "-loss"}, r"values are -loss\): chinchilla: values above 0 were expected"),
    "errors": ({"errors": "-error"}, "a standard error above 0 was expected, found -0.02 in row 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_of_the_table_is_one_sentence(name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(InputError, match=message) as found:
        fitted(**change)  # type: ignore[arg-type]
    assert "\n" not in str(found.value)


def test_the_words_hold_every_number_that_the_record_holds() -> None:
    found = fitted(TABLE.with_columns(loss=pl.col("loss") * pl.lit([1.3, *[1] * 59]).explode()))
    lines, record = list(fit_lines(found)), json.loads(json.dumps(fit_record(found)))
    assert lines[0] == "chinchilla: loss = E + A/N^alpha + B/D^beta"
    assert lines[2] == "n = 60 rows of runs.csv, 1 left out, 54 degrees of freedom"
    assert (record["law"], record["n"], record["outliers"]) == ("chinchilla", 60, [1])
    for line, (name, one) in zip(lines[5:10], record["parameters"].items(), strict=True):
        said, estimate, low, high = line.replace("[", "").replace("]", "").replace(",", "").split()
        width = one["high"] - one["low"]
        assert said == name
        for text, value in ((estimate, "estimate"), (low, "low"), (high, "high")):
            assert float(text) == pytest.approx(one[value], abs=0.06 * width)
    assert record["warnings"][0].startswith("row 1 left out")
    assert f"warning  {record['warnings'][0]}" in lines


@pytest.mark.parametrize(
    ("value", "width", "said"),
    [(1.81724, 0.05, "1.817"), (482.01, 350, "482"), (1972.6, 290, "1970"), (2e9, 1e7, "2e+09")],
)
def test_numbers_have_the_figures_that_their_interval_leaves(
    value: float, width: float, said: str
) -> None:
    assert number(value, width) == said
