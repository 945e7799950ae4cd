"""`calibration fit` as a person meets it."""

import json
from pathlib import Path

import polars as pl
import pytest
from made_up_laws import PUBLISHED, published_runs
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.fit_command import LEVEL

RUNS = published_runs(5, runs=60)
SIZE, TOKENS = RUNS.x.T


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    columns = {"Model Size": SIZE, "Training FLOP": 6 * SIZE * TOKENS, "loss": RUNS.values}
    pl.DataFrame(columns).write_csv(path)
    return path


def fit(table: Path, *words: str) -> Result:
    x = "Model Size,Training FLOP/(6*Model Size)"
    asked = ["fit", str(table), "--law", "chinchilla", "--x", x, "--y", "loss", *words]
    return CliRunner().invoke(app, asked)


def test_estimates_are_printed_and_written(table: Path) -> None:
    record, figure = table.with_name("law.json"), table.with_name("law.svg")
    result = fit(table, "--json", str(record), "--out", str(figure))
    assert result.exit_code == 0, result.stderr
    written = json.loads(record.read_text())
    assert (written["law"], written["n"], written["warnings"]) == ("chinchilla", 60, [])
    for name, truth in PUBLISHED.items():
        assert written["parameters"][name]["low"] < truth < written["parameters"][name]["high"]
        assert f"\n{name}" in result.stdout
    assert figure.read_bytes().startswith(b"<?xml")


def test_a_narrower_level_is_a_narrower_interval(table: Path) -> None:
    record = table.with_name("law.json")
    widths = []
    for words in ((), ("--level", "0.5")):
        assert fit(table, *words, "--json", str(record)).exit_code == 0
        interval = json.loads(record.read_text())["parameters"]["alpha"]
        widths.append(interval["high"] - interval["low"])
    assert widths[1] < 0.5 * widths[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--law", "power"), "--x Model Size,Training FLOP/(6*Model Size): a column for the x"),
        (("--law", "kaplan"), "one of the laws power, power_const"),
        (("--y", "los"), "did you mean 'loss'"),
        (("--out", "law.gif"), "--out law.gif: a file name ending in .svg, .png, .pdf"),
        (("--level", "95"), "a level between 0 and 1 was expected, found 95"),
        (("--json", "no/such/place.json"), "--json no/such/place.json: a place that can be"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(
    table: Path, words: tuple[str, ...], said: str
) -> None:
    result = fit(table, *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "\n" not in result.stderr.strip()


def test_the_level_is_the_one_of_all_intervals() -> None:
    from calibration.statistics.intervals import LEVEL as OF_ALL

    assert LEVEL == OF_ALL
