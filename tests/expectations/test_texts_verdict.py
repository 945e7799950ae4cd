"""Texts: every rule holds of a good table, and names the defect that is planted in another."""

from collections.abc import Callable

import polars as pl
import pytest

from calibration.record_tables import VERDICT
from expectations.suites import texts_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Spoiled = Callable[..., pl.DataFrame]


def verdict(texts: pl.DataFrame) -> pl.DataFrame:
    return texts_verdict(texts, span_bytes=40, examples=80, independent=None)


def test_good_texts_break_no_rule(texts: pl.DataFrame, broken: Broken) -> None:
    judged = verdict(texts)
    assert judged.schema == VERDICT
    assert broken(judged) == {}
    assert judged["count"].sum() == 0
    assert judged["examples"].list.len().sum() == 0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"text": pl.lit(" \n"), "bytes": pl.lit(2)}, {"text-not-empty": 4}),
        ({"text": pl.lit(None)}, {"text-not-empty": 4, "text-decoded": 4}),
        ({"bytes": pl.col("bytes") - 1}, {"bytes-counted": 4}),
        ({"bytes": pl.lit(None)}, {"bytes-counted": 4}),
        ({"cluster": pl.lit("")}, {"cluster-named": 4}),
        ({"cluster": pl.lit(None)}, {"cluster-named": 4}),
        ({"context": pl.lit(None)}, {"context-present": 4}),
        ({"example": pl.lit(5)}, {"example-numbers-differ": 4, "numbered-in-order": 3}),
        ({"example": pl.col("example") + 100}, {"numbered-in-order": 4}),
        ({"year": pl.lit(20240131)}, {"year-is-a-year": 4}),
        ({"ends": pl.lit(None)}, {"end-known": 4}),
    ],
)
def test_a_planted_defect_is_named_and_counted(
    texts: pl.DataFrame,
    spoiled: Spoiled,
    broken: Broken,
    values: dict[str, pl.Expr],
    named: dict[str, int],
) -> None:
    found = broken(verdict(spoiled(texts, **values)))
    assert named.items() <= found.items()
    # A text that several rows share, or that is missing, breaks the rules of its length as well.
    assert set(found) - set(named) <= {"text-in-one-cluster", "bytes-counted", "span-within-limit"}


def test_a_text_longer_than_its_span_is_named_with_its_length(
    texts: pl.DataFrame, spoiled: Spoiled
) -> None:
    long = spoiled(texts, text=pl.col("text") + "ü" * 20, bytes=pl.col("bytes") + 40)
    [row] = verdict(long).filter(~pl.col("passed")).to_dicts()
    assert (row["rule"], row["severity"], row["count"]) == ("span-within-limit", "fail", 4)
    assert row["observed"] == "4 of 80 rows"
    assert row["examples"] == [f"example {n} of speech {n}: 68 bytes" for n in (5, 6, 7)]


def test_missing_and_undecodable_texts_only_warn(
    texts: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    marked = spoiled(texts, text=pl.col("text") + "\ufffd", bytes=pl.col("bytes") + 3)
    judged = verdict(marked.head(30))
    assert broken(judged) == {"as-many-as-asked": 0, "enough-clusters": 0, "text-decoded": 4}
    assert judged.filter(~pl.col("passed"))["severity"].unique().to_list() == ["warn"]


def test_one_text_under_two_names_of_clusters_warns(
    texts: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    same = spoiled(texts, text=pl.lit("The same."), bytes=pl.lit(9))
    assert broken(verdict(same)) == {"text-in-one-cluster": 4}


def test_more_texts_than_asked_for_fail(texts: pl.DataFrame, broken: Broken) -> None:
    judged = texts_verdict(texts, span_bytes=40, examples=79, independent=None)
    assert broken(judged) == {"no-more-than-asked": 0}


def test_no_text_at_all_fails(texts: pl.DataFrame) -> None:
    judged = verdict(texts.clear())
    assert "some-texts" in judged.filter(~pl.col("passed"), severity="fail")["rule"].to_list()


def test_a_text_that_lacks_the_context_that_others_have_fails(
    texts: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    asked = texts.with_columns(context=pl.lit("Why?"))
    assert broken(verdict(asked)) == {}
    assert broken(verdict(spoiled(asked, context=pl.lit(" ")))) == {"context-everywhere": 4}
    assert broken(verdict(spoiled(texts, context=pl.lit("Why?")))) == {"context-everywhere": 76}


def test_lengths_that_were_asked_for_are_kept(
    texts: pl.DataFrame, spoiled: Spoiled, broken: Broken
) -> None:
    asked = texts.with_columns(context=pl.lit("Why?"))
    bounds = {"span_bytes": 40, "examples": 80, "independent": None, "longest_context": 4}

    def judged(table: pl.DataFrame, shortest: int, spans: str | None) -> dict[str, int]:
        return broken(texts_verdict(table, **bounds, shortest=shortest, spans=spans))  # type: ignore[arg-type]

    least = int(texts["bytes"].min())  # type: ignore[arg-type]
    shortest_ones = (texts["bytes"] == least).sum()
    assert judged(asked, least, "first") == {}
    assert judged(asked, least + 1, "first") == {"text-long-enough": shortest_ones}
    assert judged(asked, least + 1, None) == {}
    cut = asked.with_columns(ends=pl.lit(value=False))
    assert judged(cut, least + 1, "first") == {}
    long = spoiled(asked, context=pl.lit("Why so?"))
    assert judged(long, least, "first") == {"context-within-limit": 4}
