"""Scores: every rule holds of a good table, and names the defect that is planted in another."""

import math
from collections.abc import Callable

import polars as pl
import pytest

from calibration.engine.decoding import Decoding
from expectations.judge import failure_sentence
from expectations.suites import scores_verdict

PLAIN = Decoding()

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]


def first_step(column: str, value: float | None) -> pl.Expr:
    return pl.concat_list(pl.lit(value, dtype=pl.Float32), pl.col(column).list.slice(1))


def first_inside(*, value: bool | None) -> pl.Expr:
    return pl.concat_list(pl.lit(value, dtype=pl.Boolean), pl.col("inside").list.slice(1))


def test_good_scores_break_no_rule(
    scores: pl.DataFrame, examples: pl.DataFrame, broken: Broken
) -> None:
    assert (
        broken(scores_verdict(scores, examples, vocabulary=11, text_end=None, decoding=PLAIN)) == {}
    )


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"log_loss": first_step("log_loss", math.inf)}, {"human-token-possible": 4}),
        ({"log_loss": first_step("log_loss", math.nan)}, {"log-loss-in-range": 4}),
        ({"log_loss": first_step("log_loss", None)}, {"log-loss-in-range": 4}),
        ({"log_loss": first_step("log_loss", -0.001)}, {"log-loss-in-range": 4}),
        ({"entropy": first_step("entropy", math.nan)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", -0.001)}, {"entropy-in-range": 4}),
        ({"entropy": first_step("entropy", 2.4)}, {"entropy-in-range": 4}),
        ({"entropy": pl.col("entropy").list.slice(1)}, {"one-value-a-step": 4}),
        (
            {"end_probability": first_step("end_probability", -0.1)},
            {"end-probability-in-range": 4},
        ),
        ({"inside": pl.col("inside").list.slice(1)}, {"one-value-a-step": 4}),
        ({"inside": first_inside(value=False)}, {"inside-known": 4}),
        ({"inside": first_inside(value=None)}, {"inside-known": 4}),
        ({"cluster": pl.lit("elsewhere")}, {"clusters-agree": 4}),
        ({"cluster": pl.lit(None)}, {"no-example-missing": 4}),
    ],
)
def test_a_planted_defect_is_named_and_counted(
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: dict[str, int],
) -> None:
    found = broken(
        scores_verdict(
            spoiled(scores, **values), examples, vocabulary=11, text_end=None, decoding=PLAIN
        )
    )
    assert named.items() <= found.items()
    # An infinite loss has no finite mean, and one null makes `is it infinite` unknown.
    assert set(found) - set(named) <= {"better-than-uniform", "human-token-possible"}


def test_an_infinite_loss_is_told_in_a_sentence(
    scores: pl.DataFrame, examples: pl.DataFrame, spoiled: Spoiled
) -> None:
    impossible = spoiled(scores, log_loss=first_step("log_loss", math.inf))
    sentence = failure_sentence(
        "scores/ab/abcd",
        scores_verdict(impossible, examples, vocabulary=11, text_end=None, decoding=PLAIN),
    )
    assert sentence == (
        "scores/ab/abcd breaks one rule that must hold, so nothing is made from it: "
        "human-token-possible (no human token has probability zero, which would make the log loss "
        "infinite), found 4 of 80 rows, such as example 5 of speech 5: log loss inf at step 1; "
        "example 6 of speech 6: log loss inf at step 1; "
        "example 7 of speech 7: log loss inf at step 1"
    )


def test_a_human_text_not_scored_to_its_end_is_named(
    scores: pl.DataFrame, examples: pl.DataFrame, broken: Broken
) -> None:
    columns = ("log_loss", "entropy", "end_probability", "inside")
    cut = scores.with_columns(pl.col(columns).list.slice(1))
    assert broken(scores_verdict(cut, examples, vocabulary=11, text_end=None, decoding=PLAIN)) == {
        "scored-to-the-end": 80
    }


def test_losses_worse_than_guessing_warn(
    scores: pl.DataFrame, examples: pl.DataFrame, broken: Broken
) -> None:
    worse = scores.with_columns(pl.col("log_loss").list.eval(pl.element() + 2))
    judged = scores_verdict(worse, examples, vocabulary=11, text_end=None, decoding=PLAIN)
    assert broken(judged) == {"better-than-uniform": 0}
    assert failure_sentence("scores/ab/abcd", judged) is None


def test_examples_without_scores_are_named(
    scores: pl.DataFrame, examples: pl.DataFrame, broken: Broken
) -> None:
    judged = scores_verdict(scores.head(78), examples, vocabulary=11, text_end=None, decoding=PLAIN)
    assert broken(judged) == {"no-example-missing": 2}
    assert judged.filter(rule="no-example-missing")["examples"].item().to_list() == [
        "example 78 of speech 30",
        "example 79 of speech 31",
    ]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, {}),
        ({"log_loss": 2.0}, {"infinite-outside-alone": 4}),  # possible, and outside
        ({"inside": True}, {"infinite-outside-alone": 4}),  # impossible, and inside
        ({"inside": None}, {"infinite-outside-alone": 4, "inside-known": 4}),
        ({"log_loss": math.nan}, {"log-loss-in-range": 4}),
        ({"log_loss": -math.inf}, {"log-loss-in-range": 4}),
    ],
)
def test_a_pure_sampler_has_infinite_losses_outside_and_nowhere_else(
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    changed: dict[str, float | bool | None],
    named: dict[str, int],
) -> None:
    outside: dict[str, float | bool | None] = {"log_loss": math.inf, "inside": False} | changed
    values = {
        name: pl.concat_list(
            pl.lit(value, dtype=scores.schema[name].inner),  # type: ignore[attr-defined]
            pl.col(name).list.slice(1),
        )
        for name, value in outside.items()
    }
    judged = scores_verdict(
        spoiled(scores, **values),
        examples,
        vocabulary=11,
        text_end=None,
        decoding=Decoding(top_k=3, mixture=0),
    )
    assert broken(judged) == named


def test_a_mixture_leaves_every_token_possible(
    scores: pl.DataFrame, examples: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    mixed = Decoding(top_k=3, mixture=0.01)
    values = {"log_loss": first_step("log_loss", math.inf), "inside": first_inside(value=False)}
    table = spoiled(scores, **values)
    judged = scores_verdict(table, examples, vocabulary=11, text_end=None, decoding=mixed)
    assert broken(judged) == {"human-token-possible": 4, "better-than-uniform": 0}
