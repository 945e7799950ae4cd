"""The tables of a fit beside EntCE and law: each planted fault is named by its rule."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from worlds import fitted, judged_fit

Broken = Callable[[pl.DataFrame], dict[str, int]]
Row = dict[str, Any]


def planted(name: str, **values: pl.Expr) -> pl.DataFrame:
    """A table of the fit with other values in its rows 2 and 3."""
    table = fitted("tokens", "natural")[name]
    chosen = pl.int_range(pl.len()).is_between(2, 3)
    return table.with_columns(
        pl.when(chosen)
        .then(value)
        .otherwise(pl.col(column))
        .cast(table.schema[column])
        .alias(column)
        for column, value in values.items()
    )


def judged(**changed: pl.DataFrame) -> pl.DataFrame:
    return judged_fit("tokens", "natural", **changed)


@pytest.mark.parametrize("name", ["curves", "spread", "gate"])
def test_a_model_that_a_table_lacks_is_named(name: str, broken: Broken) -> None:
    rest = fitted("tokens", "natural")[name].filter(pl.col("model") != "chain-2")
    verdict = judged(**{name: rest})
    assert broken(verdict) == {"every-table-has-every-model": 1}
    [shown] = verdict.filter(rule="every-table-has-every-model")["examples"].to_list()
    assert list(shown) == [f"chain-2, syllables, temperature 1: none in {name}"]


def test_a_model_that_was_not_measured_is_named(broken: Broken) -> None:
    gate = fitted("tokens", "natural")["gate"]
    other = gate.head(1).with_columns(model=pl.lit("other"))
    assert broken(judged(gate=pl.concat([gate, other]))) == {"no-model-added": 1}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"position": pl.col("position") + 1}, {"curves-contiguous": 2}),
        ({"entropy": pl.lit(None)}, {"curve-entropy-where-counted": 2}),
        ({"log_loss": pl.lit(-0.1)}, {"curve-log-loss-where-counted": 2}),
        (
            {"count_human": pl.lit(0)},
            {
                "curve-log-loss-where-counted": 2,
                "curve-teacher-entropy-where-counted": 2,
            },
        ),
        ({"drift_se": pl.lit(-0.1)}, {"curve-errors-not-negative": 2}),
        ({"ended": pl.lit(1.1)}, {"curve-ends-add-up": 3}),  # the next one falls
    ],
)
def test_faults_in_the_curves_are_named(
    values: dict[str, pl.Expr], named: dict[str, int], broken: Broken
) -> None:
    assert broken(judged(curves=planted("curves", **values))) == named


def test_faults_in_spread_and_gate_are_named_with_their_model(broken: Broken) -> None:
    spread = planted("spread", q95=pl.lit(math.nan))
    gate = fitted("tokens", "natural")["gate"].with_columns(z=pl.lit(math.inf))
    verdict = judged(spread=spread, gate=gate)
    assert broken(verdict) == {"spread-in-order": 2, "gate-finite": 3}
    [shown] = verdict.filter(rule="spread-in-order")["examples"].to_list()
    assert shown[0].startswith("chain-1, syllables, temperature 1, generated: ")
    own = fitted("tokens", "natural")["spread"].filter(
        (pl.col("model") != "chain-3") | (pl.col("side") == "generated")
    )
    assert broken(judged(spread=own)) == {"spread-of-both-sides": 0}


@pytest.mark.parametrize("name", ["after 2011", "some"])
def test_texts_that_are_not_named_by_year_are_named(name: str, broken: Broken) -> None:
    """Rows 2 and 3: the later texts of the first model, and all texts of the second."""
    seen = planted("seen", texts=pl.lit(name))
    assert broken(judged(seen=seen)) == {"seen-named-by-year": 2, "seen-parts-within-all": 3}


def test_faults_in_the_results_by_year_are_named(broken: Broken) -> None:
    seen = fitted("tokens", "natural")["seen"]
    assert seen["texts"].to_list() == ["all", "up to 2010", "after 2010"] * 3
    rows = seen.to_dicts()
    rows[0] |= {"ent_ce": rows[0]["ent_ce"] + 1e-6}
    rows[1] |= {"log_loss": -0.1}
    rows[2] |= {"clusters": 0}
    rows[4] |= {"examples": rows[3]["examples"] + 1}
    rows[6] |= {"drift_low": rows[6]["drift"] + 1}
    rows[8] |= {"trained_until": 2011}
    rows += [rows[7]]
    assert broken(judged(seen=pl.DataFrame(rows, schema=seen.schema))) == {
        "seen-all-is-ent-ce": 1,
        "seen-log-loss-in-range": 1,
        "seen-amounts-positive": 1,
        "seen-parts-within-all": 7,  # of the second model, and of the third with a text twice
        "seen-drift-within-interval": 1,
        "seen-named-by-year": 1,
        "seen-once": 2,
    }
    lacking = seen.filter((pl.col("model") != "chain-2") | (pl.col("texts") != "all"))
    assert broken(judged(seen=lacking)) == {"seen-parts-within-all": 2}


def test_a_line_outside_its_band_is_named(broken: Broken) -> None:
    tables = fitted("tokens", "natural")
    line = {
        "family": "chains",
        "dataset": "syllables",
        "decoding": "temperature 1",
        "quantity": "ent_ce",
        "size": 1e3,
        "fitted": 0.5,
        "low": 0.4,
        "high": 0.6,
        "prediction_low": 0.3,
        "prediction_high": 0.7,
    }
    rows = [line, line | {"low": 0.55}, line | {"high": math.nan}, line | {"size": 0.0}]
    rows += [line | {"prediction_high": 0.59}]
    bands = pl.DataFrame(rows, schema=tables["bands"].schema)
    assert broken(judged(bands=bands)) == {"band-around-line": 3, "prediction-around-band": 2}
