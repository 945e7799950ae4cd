"""One row a token: own tokens as sampled, human ones as scored, every one in its place."""

import polars as pl

from calibration.tables import EXAMPLES, SAMPLES, SCORES
from calibration.tokens import TOKENS, generated_tokens, human_tokens

LABELS = {"dataset": "letters", "model": "m0", "decoding": "temperature 1"}
SAMPLED = pl.DataFrame(
    {
        "cluster": ["a", "b"],
        "example": [0, 1],
        "tokens": [[5, 6], [7]],
        "entropy": [[0.5, 0.25], [2.0]],
        "log_prob": [[-1.0, -0.5], [-3.0]],
        "end_probability": [[0.0, 0.0], [0.0]],
        "bytes": [[1, 4], [0]],
        "ended": [False, True],
    },
    schema=SAMPLES,
)
TEXT = pl.DataFrame(
    {
        "cluster": ["a", "b", "c"],
        "example": [0, 1, 2],
        "prompt_ids": [[1], [1], [1]],
        "continuation_ids": [[8, 9], [10], [11]],
        "continuation_bytes": [[2, 3], [4], [5]],
        "window": [2, 1, 1],
    },
    schema=EXAMPLES,
)
SCORED = pl.DataFrame(
    {
        "cluster": ["b", "a"],
        "example": [1, 0],
        "log_loss": [[1.5], [0.75, 1.25]],
        "entropy": [[1.0], [0.5, 0.25]],
        "end_probability": [[0.0], [0.0, 0.0]],
        "inside": [[True], [True, False]],
    },
    schema=SCORES,
)


def test_own_tokens_carry_minus_their_log_probability() -> None:
    rows = generated_tokens(SAMPLED, LABELS)
    assert rows.schema == TOKENS
    assert rows.row(1, named=True) == {
        **LABELS,
        "cluster": "a",
        "example": 0,
        "side": "generated",
        "draw": 0,
        "position": 2,
        "token": 6,
        "bytes": 4,
        "entropy": 0.25,
        "log_loss": 0.5,
    }
    assert rows["log_loss"].to_list() == [1.0, 0.5, 3.0]
    assert rows["position"].to_list() == [1, 2, 1]


def test_tokens_of_several_draws_say_which_they_are_of() -> None:
    rows = generated_tokens(SAMPLED, LABELS, draws=3, first=64)
    assert rows["draw"].to_list() == [1, 1, 2]
    assert generated_tokens(SAMPLED, LABELS)["draw"].unique().to_list() == [0]
    assert human_tokens(SCORED, TEXT, LABELS)["draw"].null_count() == 3


def test_human_tokens_meet_their_scores_whatever_the_order() -> None:
    rows = human_tokens(SCORED, TEXT, LABELS)
    assert rows.schema == TOKENS
    found = rows.select("cluster", "position", "token", "bytes", "log_loss", "entropy").rows()
    assert found == [
        ("b", 1, 10, 4, 1.5, 1.0),
        ("a", 1, 8, 2, 0.75, 0.5),
        ("a", 2, 9, 3, 1.25, 0.25),
    ]


def test_a_text_without_tokens_has_no_rows() -> None:
    empty = SAMPLED.with_columns(
        pl.lit([], SAMPLES[name]).alias(name) for name in ("tokens", "entropy", "log_prob", "bytes")
    )
    assert generated_tokens(empty, LABELS).is_empty()
