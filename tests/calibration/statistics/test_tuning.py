"""Chat models beside their base models, with a known change that is recovered exactly."""

import math

import numpy as np
import polars as pl
import pytest
from made_up_summaries import summary

from calibration.across_tables import TUNING
from calibration.statistics.tuning import Tuned, pairs_of, tuning_rows

TEXTS = [f"text {number}" for number in range(12)]
PAIR = {
    "family": "llama",
    "base": "b",
    "chat": "c",
    "dataset": "stories",
    "decoding": "temperature 1",
    "unit": "bytes",
}


def uneven(mean: float) -> np.ndarray:
    return mean + np.random.default_rng(3).normal(0, 0.3, len(TEXTS))


def rows_of(chat: pl.DataFrame, base: pl.DataFrame) -> dict[str, dict[str, float]]:
    found = tuning_rows(Tuned(PAIR, base, chat))
    assert found.schema == TUNING
    return {row["quantity"]: row for row in found.rows(named=True)}


def test_a_known_change_of_every_text_is_found_without_error() -> None:
    base = summary(TEXTS, entropy=uneven(2.0), log_loss=uneven(1.7))
    chat = summary(TEXTS, entropy=uneven(1.6), log_loss=uneven(1.95))
    rows = rows_of(chat, base)
    assert rows["ent_ce"]["difference"] == pytest.approx(-0.65)
    assert rows["log_loss"]["difference"] == pytest.approx(0.25)
    # What a text does to both models cancels.
    assert rows["ent_ce"]["standard_error"] == pytest.approx(0, abs=1e-12)
    assert rows["ent_ce"]["paired"]
    assert rows["ent_ce"]["shared"] == len(TEXTS)


def test_texts_that_change_differently_give_an_interval_around_the_mean() -> None:
    changes = np.linspace(-0.5, -0.1, len(TEXTS))
    base = summary(TEXTS, entropy=uneven(2.0))
    chat = summary(TEXTS, entropy=uneven(2.0) + changes)
    row = rows_of(chat, base)["ent_ce"]
    assert row["difference"] == pytest.approx(-0.3)
    error = changes.std(ddof=1) / math.sqrt(len(TEXTS))
    assert row["standard_error"] == pytest.approx(error)
    assert row["low"] < -0.3 < row["high"] < 0


def measured(**columns: object) -> dict[str, object]:
    same = {"dataset": "d", "decoding": "t", "unit": "tokens", "bytes_per_token_human": 4.0}
    return {"family": "f", "chat": False, "base": None, **same, **columns}


def test_pairs_are_of_one_data_set_and_decoding() -> None:
    ent_ce = pl.DataFrame(
        [
            measured(model="b"),
            measured(model="b", decoding="cool"),
            measured(model="c", chat=True, base="b", family="f chat"),
            measured(model="lost", chat=True, base="elsewhere", family="f chat"),
            measured(model="c", chat=True, base="b", dataset="other", family="f chat"),
        ],
        infer_schema_length=None,
    )
    (pair,) = pairs_of(ent_ce)
    assert pair == {
        "family": "f",
        "base": "b",
        "chat": "c",
        "dataset": "d",
        "decoding": "t",
        "unit": "tokens",
    }


@pytest.mark.parametrize(("unit", "pairs"), [("tokens", 0), ("bytes", 1)])
def test_other_tokenizers_are_compared_in_bytes_alone(unit: str, pairs: int) -> None:
    ent_ce = pl.DataFrame(
        [
            measured(model="b", unit=unit),
            measured(model="c", chat=True, base="b", unit=unit, bytes_per_token_human=4.4),
        ],
        infer_schema_length=None,
    )
    assert len(pairs_of(ent_ce)) == pairs
