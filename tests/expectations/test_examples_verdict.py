"""Examples: every rule holds of a good table, and names the defect that is planted in another."""

from collections.abc import Callable

import polars as pl
import pytest

from expectations.suites import examples_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]


def verdict(examples: pl.DataFrame, left_out: int = 0) -> pl.DataFrame:
    return examples_verdict(
        examples,
        prompt=5,
        continuation=12,
        unit="tokens",
        text_end=None,
        vocabulary=11,
        left_out=left_out,
    )


def ids(*values: int | None) -> pl.Expr:
    return pl.lit(pl.Series([values], dtype=pl.List(pl.Int32))).first()


def test_good_examples_break_no_rule(examples: pl.DataFrame, broken: Broken) -> None:
    assert broken(verdict(examples)) == {}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"prompt_ids": ids()}, {"prompt-length": 4}),
        ({"prompt_ids": ids(*range(4))}, {"prompt-length": 4}),
        ({"prompt_ids": ids(*range(6))}, {"prompt-length": 4}),
        ({"prompt_ids": ids(1, 2, 11, 4, 5)}, {"prompt-in-vocabulary": 4}),
        ({"prompt_ids": ids(1, -2, 3, 4, 5)}, {"prompt-in-vocabulary": 4}),
        ({"prompt_ids": ids(1, None, 3, 4, 5)}, {"prompt-in-vocabulary": 4}),
        (
            {"continuation_ids": ids(), "continuation_bytes": ids()},
            {"continuation-length": 4, "window-fits": 4, "last-token-spells": 4},
        ),
        (
            {
                "continuation_ids": ids(*[3] * 13),
                "continuation_bytes": ids(*[1] * 13),
                "window": pl.lit(13),
            },
            {"continuation-length": 4, "window-fits": 4},
        ),
        (
            {
                "continuation_ids": ids(3, 11),
                "continuation_bytes": ids(1, 1),
                "window": pl.lit(2),
            },
            {"continuation-in-vocabulary": 4},
        ),
        ({"continuation_bytes": ids(1)}, {"bytes-of-every-token": 4}),
        (
            {
                "continuation_ids": ids(3, 3),
                "continuation_bytes": ids(-1, 4),
                "window": pl.lit(2),
            },
            {"bytes-not-negative": 4},
        ),
        (
            {
                "continuation_ids": ids(3, 3),
                "continuation_bytes": ids(4, 0),
                "window": pl.lit(2),
            },
            {"last-token-spells": 4},
        ),
        ({"window": pl.col("window") - 1}, {"window-fits": 4}),
        ({"window": pl.lit(None)}, {"window-fits": 4}),
        ({"example": pl.lit(5)}, {"one-row-an-example": 4}),
        ({"cluster": pl.lit(None)}, {"cluster-named": 4}),
    ],
)
def test_a_planted_defect_is_named_and_counted(
    examples: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: dict[str, int],
) -> None:
    assert broken(verdict(spoiled(examples, **values))) == named


def test_an_id_outside_the_vocabulary_is_named_with_its_step(
    examples: pl.DataFrame, spoiled: Spoiled
) -> None:
    outside = spoiled(examples, prompt_ids=ids(1, 2, 11, 4, 5))
    [row] = verdict(outside).filter(~pl.col("passed")).to_dicts()
    assert row["examples"][0] == "example 5 of speech 5: prompt ids 11 at step 3"
    assert len(row["examples"]) == 3


def test_ids_have_no_upper_limit_where_the_vocabulary_is_not_known(
    examples: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    judged = examples_verdict(
        spoiled(examples, prompt_ids=ids(1, 2, 200_000, 4, 5)),
        prompt=5,
        continuation=12,
        unit="tokens",
        text_end=None,
        vocabulary=None,
        left_out=0,
    )
    assert broken(judged) == {}


def test_many_spans_left_out_warn(examples: pl.DataFrame, broken: Broken) -> None:
    assert broken(verdict(examples, left_out=4)) == {}  # 4 of 84
    judged = verdict(examples, left_out=5)
    assert broken(judged) == {"few-left-out": 0}
    assert judged.filter(~pl.col("passed"))["severity"].to_list() == ["warn"]


def test_a_doubled_beginning_of_text_warns(examples: pl.DataFrame, broken: Broken) -> None:
    doubled = examples.with_columns(
        prompt_ids=pl.concat_list(ids(1), pl.col("prompt_ids").list.head(4))
    )
    assert broken(verdict(doubled)) == {"one-beginning": 0}


def test_one_prompt_that_begins_with_a_repetition_is_no_doubled_beginning(
    examples: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    assert broken(verdict(spoiled(examples, prompt_ids=ids(1, 1, 2, 3, 4)))) == {}
