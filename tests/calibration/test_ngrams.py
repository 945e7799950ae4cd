"""What is counted: words as people read them, tokens that spell something, runs inside a span."""

from collections.abc import Sequence

import polars as pl
import pytest

from calibration.ngrams import mean_steps, token_counts, word_counts
from calibration.statistics.zipf import Counts
from calibration.tables import EXAMPLES, TEXTS


def texts(*rows: tuple[str, str]) -> pl.DataFrame:
    """TEXTS of (cluster, text)."""
    return pl.DataFrame(
        [
            (cluster, number, "", text, len(text.encode()), None, True)
            for number, (cluster, text) in enumerate(rows)
        ],
        schema=TEXTS,
        orient="row",
    )


def examples(*rows: tuple[str, Sequence[int], Sequence[int]]) -> pl.DataFrame:
    """EXAMPLES of (cluster, ids of the continuation, their bytes)."""
    return pl.DataFrame(
        [
            (cluster, number, [9, 9], ids, sizes, len(ids))
            for number, (cluster, ids, sizes) in enumerate(rows)
        ],
        schema=EXAMPLES,
        orient="row",
    )


def spectrum(counts: Counts) -> list[int]:
    return sorted(counts.totals.tolist(), reverse=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat saw THE Cat.", [2, 2, 1]),
        ("don't, don’t: don", [1, 1, 1]),
        ("été Été naïve", [2, 1]),
        ("x_1 = x_1 + 1", [2, 1]),
        ("'quoted' quoted", [2]),
        ("— … !", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_in_any_case(text: str, expected: list[int]) -> None:
    assert spectrum(word_counts(texts(("a", text)))) == expected


def test_words_of_one_source_text_are_one_document() -> None:
    counts = word_counts(texts(("a", "one two"), ("b", "two"), ("a", "two")))
    assert counts.documents == 2
    assert sorted(counts.count.tolist()) == [1, 1, 2]


def test_tokens_are_those_of_the_continuation_that_spell_something() -> None:
    counts = token_counts(examples(("a", [5, 6, 5, 0], [1, 2, 1, 0]), ("b", [6], [2])), length=1)
    assert (counts.documents, counts.tokens, spectrum(counts)) == (2, 4, [2, 2])


def test_runs_do_not_cross_from_one_span_to_the_next() -> None:
    rows = examples(("a", [1, 2, 1], [1, 1, 1]), ("a", [2, 1], [1, 1]), ("b", [3], [1]))
    pairs, triples = token_counts(rows, length=2), token_counts(rows, length=3)
    assert (pairs.tokens, spectrum(pairs), pairs.documents) == (3, [2, 1], 1)
    assert (triples.tokens, spectrum(triples)) == (1, [1])
    assert token_counts(rows, length=4).tokens == 0


def test_runs_are_told_apart_by_their_order() -> None:
    rows = examples(("a", [1, 2, 3], [1] * 3), ("a", [3, 2, 1], [1] * 3), ("a", [12, 3], [1] * 2))
    assert spectrum(token_counts(rows, length=2)) == [1, 1, 1, 1, 1]
    assert spectrum(token_counts(rows, length=3)) == [1, 1]


def test_steps_are_the_tokens_of_a_continuation() -> None:
    rows = examples(("a", [1, 2, 3, 0], [1, 1, 1, 0]), ("b", [1], [4]))
    assert mean_steps(rows) == 2
