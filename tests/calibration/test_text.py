"""Line breaks, spans and selection, on texts whose right answer is plain to see."""

import re
import textwrap
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from calibration.recipes import SourceIdentity, TextsRecipe
from calibration.tables import TEXTS
from calibration.text import SourceText, misfit, selected, spans, unwrapped

PROSE = " ".join(f"word{number} of a long sentence," for number in range(40))
VERSE = "The woods are lovely, dark and deep,\nBut I have promises to keep,\nAnd miles to go."
LISTED = "\n".join(
    f"{mark} an item that is quite as long as a wrapped line, or longer" for mark in "-*•"
)
NUMBERED = "\n".join(
    f"{n}. an item that is quite as long as a wrapped line, or longer" for n in (9, 10)
)
INDENTED = "\n".join(f"    call(number={n}, with_a_name_that_makes_it={n * n})" for n in (1, 2, 3))
CODE = "def f(x):\n    return x\n\nprint(f(1))"

SETTINGS = settings(deadline=None, derandomize=True, max_examples=150)
WORDS = st.text(st.sampled_from("aé—日😀 \n\t\u00a0"), max_size=120)


def recipe(
    span_bytes: int, *, examples: int, seed: int = 0, **changes: str | int | None
) -> TextsRecipe:
    source = SourceIdentity(kind="files", content="c")
    fields = {"source": source, "span_bytes": span_bytes, "examples": examples, "seed": seed}
    return TextsRecipe.model_validate(fields | changes)


def pieces(text: str, span_bytes: int) -> list[str]:
    return [span.text for span in spans(text, span_bytes)]


def sources(count: int, *, clusters: int, words: int = 60) -> list[SourceText]:
    return [
        SourceText(f"c{n % clusters}", "", " ".join(f"t{n}w{word}" for word in range(words)))
        for n in range(count)
    ]


def test_wrapped_prose_is_joined() -> None:
    assert unwrapped(textwrap.fill(PROSE, 72)) == PROSE


def test_paragraphs_are_joined_one_by_one() -> None:
    wrapped = textwrap.fill(PROSE, 72)
    assert unwrapped(f"{wrapped}\n\n{VERSE}\n\n{wrapped}\n") == f"{PROSE}\n\n{VERSE}\n\n{PROSE}"


@pytest.mark.parametrize("kept", [VERSE, LISTED, NUMBERED, INDENTED, CODE, PROSE, ""])
def test_verse_lists_code_and_unwrapped_text_keep_their_lines(kept: str) -> None:
    assert unwrapped(kept) == kept


def test_line_ends_of_every_system_are_the_same_text() -> None:
    wrapped = textwrap.fill(PROSE, 72)
    for line_end in ("\r\n", "\r"):
        assert unwrapped(wrapped.replace("\n", line_end)) == PROSE
        assert unwrapped(VERSE.replace("\n", line_end)) == VERSE


def test_a_byte_order_mark_is_no_text() -> None:
    assert unwrapped(f"\ufeff{VERSE}") == VERSE


@pytest.mark.parametrize("blank", ["\n\n", "\n  \n", "\n\t\n \n", "\n\n\n\n"])
def test_blank_lines_that_hold_spaces_part_paragraphs_too(blank: str) -> None:
    wrapped = textwrap.fill(PROSE, 72)
    assert unwrapped(f"{wrapped}{blank}{VERSE}") == f"{PROSE}\n\n{VERSE}"
    assert unwrapped(f"{blank}{wrapped}{blank}") == PROSE


def test_spaces_at_the_ends_of_wrapped_lines_are_not_doubled() -> None:
    assert unwrapped(textwrap.fill(PROSE, 72).replace("\n", "  \n")) == PROSE


@SETTINGS
@given(WORDS, st.integers(4, 40))
def test_no_span_is_longer_than_asked_or_empty(text: str, span_bytes: int) -> None:
    for span in pieces(text, span_bytes):
        assert 0 < len(span.encode()) <= span_bytes
        assert span == span.strip()


@SETTINGS
@given(WORDS, st.integers(4, 40))
def test_spans_lose_only_white_space_and_a_short_tail(text: str, span_bytes: int) -> None:
    found = "".join("".join(pieces(text, span_bytes)).split())
    whole = "".join(text.split())
    assert whole.startswith(found)
    lost = len(whole[len(found) :].encode())
    assert lost < span_bytes / 2
    assert bool(found) == bool(whole)


def test_spans_are_cut_at_white_space() -> None:
    assert pieces("one two three four fives", 10) == ["one two", "three four", "fives"]
    assert pieces("one two three four of", 10) == ["one two", "three four"]


def test_a_span_may_end_exactly_at_white_space_or_at_the_end() -> None:
    assert pieces("12345 12345", 5) == ["12345", "12345"]
    assert pieces("12345 12345", 11) == ["12345 12345"]


def test_text_without_white_space_is_cut_between_characters() -> None:
    assert pieces("日本語の文", 7) == ["日本", "語の"]
    assert pieces("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_white_space_far_from_the_end_of_a_span_makes_no_stub() -> None:
    assert pieces("x " + "a" * 18 + " " + "b" * 10, 20) == ["x " + "a" * 18, "b" * 10]
    assert pieces("x " + "a" * 38, 20) == ["x " + "a" * 18, "a" * 20]


def test_a_short_text_is_one_span() -> None:
    assert pieces("  hi \n", 1000) == ["hi"]
    assert pieces(" \n ", 1000) == []


def test_spans_too_short_for_a_character_are_refused() -> None:
    with pytest.raises(ValueError, match="spans of 4 bytes or more were expected: 3"):
        pieces("日本", 3)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_larger_selection_extends_a_smaller_one(seed: int) -> None:
    large = selected(sources(40, clusters=30), recipe(24, examples=512, seed=seed))
    assert len(large) == 512
    for examples in (1, 30, 31, 256):
        small = selected(sources(40, clusters=30), recipe(24, examples=examples, seed=seed))
        assert_frame_equal(small, large.head(examples))


def test_each_cluster_gives_one_span_in_turn() -> None:
    found = selected(sources(12, clusters=5), recipe(24, examples=25))
    for turn in range(5):
        assert found[5 * turn : 5 * turn + 5]["cluster"].n_unique() == 5


def test_a_cluster_that_has_no_more_is_passed_over() -> None:
    unequal = [SourceText("long", "", "word " * 50), SourceText("short", "", "only one")]
    found = selected(unequal, recipe(20, examples=100))
    assert Counter(found["cluster"])["short"] == 1
    assert len(found) < 100


def test_the_order_depends_on_the_seed_and_not_on_the_order_of_clusters() -> None:
    given_order = sources(20, clusters=20)

    def select(order: list[SourceText], seed: int) -> pl.DataFrame:
        return selected(order, recipe(24, examples=60, seed=seed))

    assert_frame_equal(select(given_order, 0), select(given_order[::-1], 0))
    assert not select(given_order, 0).equals(select(given_order, 1))


def test_a_new_cluster_leaves_the_order_of_the_others() -> None:
    before = selected(sources(6, clusters=6), recipe(24, examples=1000))
    after = selected(sources(7, clusters=7), recipe(24, examples=1000))
    kept = after.filter(pl.col("cluster") != "c6")
    assert before["text"].to_list() == kept["text"].to_list()


def test_selected_rows_are_numbered_and_their_bytes_counted() -> None:
    found = selected([SourceText("c", "Q: ", "Grüße " * 9)], recipe(20, examples=9))
    assert found.schema == TEXTS
    assert found["example"].to_list() == list(range(len(found)))
    assert set(found["context"]) == {"Q: "}
    assert found["bytes"].to_list() == [len(text.encode()) for text in found["text"]]


def test_nothing_to_select_from_is_an_empty_table() -> None:
    assert selected([], recipe(8, examples=4)).schema == TEXTS
    assert selected([SourceText("c", "", "")], recipe(8, examples=4)).is_empty()


def test_white_space_means_the_same_to_spans_and_to_a_reader() -> None:
    only_odd_space = "a" * 10 + "\u00a0" * 30 + "b" * 10
    assert all(re.search(r"\S", span) for span in pieces(only_odd_space, 12))


def test_a_span_says_whether_its_text_ends_with_it() -> None:
    found = selected([SourceText("c", "", "one two three four fives")], recipe(10, examples=9))
    ends = dict(found.select("text", "ends").iter_rows())
    assert ends == {"one two": False, "three four": False, "fives": True}


def test_a_dropped_tail_leaves_no_span_that_ends_its_text() -> None:
    found = selected([SourceText("c", "", "one two three four of")], recipe(10, examples=9))
    assert not found["ends"].any()


def test_tails_are_all_kept_where_ends_are_measured() -> None:
    kept = recipe(10, examples=9, tails="all")
    found = selected([SourceText("c", "", "one two three four of")], kept)
    assert sorted(found["text"]) == ["of", "one two", "three four"]
    assert found.filter(pl.col("ends"))["text"].to_list() == ["of"]


def test_where_ends_are_measured_the_pieces_of_a_text_are_taken_in_their_order() -> None:
    line = " ".join(f"w{number:03d}" for number in range(60))
    texts = [SourceText(f"c{n}", "", line[: 40 + 50 * n]) for n in range(5)]
    found = selected(texts, recipe(24, examples=5, tails="all"))
    assert found["cluster"].n_unique() == 5
    assert all(line.startswith(text) for text in found["text"])


def test_as_many_texts_end_in_their_windows_as_end_at_all() -> None:
    rate, prompt, window = 0.03, 4, 12
    lengths = np.random.default_rng(3).geometric(rate, size=4000)
    texts = [SourceText(f"c{n}", "", "x" * length) for n, length in enumerate(lengths)]
    found = selected(texts, recipe(24, examples=4000, tails="all"))
    measured = found.filter(pl.col("bytes") >= prompt)
    ended = measured.select(pl.col("ends") & (pl.col("bytes") < prompt + window)).to_series()
    expected = 1 - (1 - rate) ** window
    assert abs(ended.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(ended))


def test_passages_of_texts_in_one_cluster_have_names_of_their_own() -> None:
    texts = [SourceText("c", "", f"{n} one two three four five") for n in range(3)]
    found = selected(texts, recipe(30, examples=9, independent="passages"))
    assert found["cluster"].n_unique() == len(found) == 3


def test_passages_of_a_text_are_clusters_of_their_own_where_asked() -> None:
    apart = recipe(24, examples=500, independent="passages")
    found = selected(sources(1, clusters=1), apart)
    together = selected(sources(1, clusters=1), recipe(24, examples=500))
    assert found["cluster"].n_unique() == len(found) == len(together)
    assert sorted(found["text"]) == sorted(together["text"])
    smaller = apart.model_copy(update={"examples": 5})
    assert_frame_equal(selected(sources(1, clusters=1), smaller), found.head(5))


def test_the_year_of_a_text_stays_with_its_spans() -> None:
    dated = [SourceText("a", "", "old words", 1790), SourceText("b", "", "new words", None)]
    found = dict(selected(dated, recipe(24, examples=9)).select("text", "year").iter_rows())
    assert found == {"old words": 1790, "new words": None}


def test_only_the_beginning_of_a_text_is_taken_where_asked() -> None:
    found = selected(sources(6, clusters=3), recipe(24, examples=99, spans="first"))
    assert len(found) == 6
    begins = tuple(f"t{number}w0 " for number in range(6))
    assert all(text.startswith(begins) for text in found["text"])
    assert found["cluster"][:3].n_unique() == found["cluster"][3:].n_unique() == 3


def test_a_beginning_that_is_the_whole_text_ends_it() -> None:
    texts = [SourceText("a", "Q", "all of it"), SourceText("b", "Q", "more " * 20)]
    found = selected(texts, recipe(24, examples=9, spans="first"))
    assert dict(found.select("cluster", "ends").iter_rows()) == {"a": True, "b": False}


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("spans", ["first", None])
def test_a_larger_selection_of_long_texts_extends_a_smaller_one(
    seed: int, spans: str | None
) -> None:
    texts = [SourceText(f"c{n % 19}", "Q" * (n % 5), "word " * (1 + n % 13)) for n in range(120)]

    def select(examples: int) -> pl.DataFrame:
        bounds = {"shortest": 20, "longest_context": 3}
        return selected(texts, recipe(24, examples=examples, seed=seed, spans=spans, **bounds))

    large = select(1000)
    assert large["context"].str.len_bytes().max() == 3
    for examples in (1, 18, 19, 20, 60):
        assert_frame_equal(select(examples), large.head(examples))


@pytest.mark.parametrize(("shortest", "kept"), [(12, True), (13, False)])
def test_a_text_is_as_long_as_its_bytes_without_the_space_around_it(
    shortest: int, kept: bool
) -> None:
    text = SourceText("c", "", "\n Grüße Welt \n")
    asked = recipe(24, examples=9, shortest=shortest)
    assert (misfit(text, asked) is None) == kept
    assert (len(selected([text], asked)) > 0) == kept


@pytest.mark.parametrize(("longest", "kept"), [(3, False), (4, True)])
def test_a_context_is_as_long_as_its_bytes(longest: int, kept: bool) -> None:
    text = SourceText("c", "üß", "text")
    asked = recipe(24, examples=9, longest_context=longest)
    assert misfit(text, asked) == (None if kept else "long_context")
    assert len(selected([text], asked)) == int(kept)
