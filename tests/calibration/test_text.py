"""Line breaks, spans, selection and encoding, on texts whose right answer is plain to see."""

import re
import textwrap
from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from calibration.tables import EXAMPLES, TEXTS
from calibration.text import SourceText, encoded, selected, spans, unwrapped

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


class Letters:
    """One token a character; a mark in front and at the end, as tokenizers add them."""

    def __init__(self, *, front: int = 0, end: int = 0) -> None:
        self._front, self._end = [0] * front, [0] * end

    def encode(self, text: str) -> list[int]:
        return [*self._front, *map(ord, text), *self._end]

    def token(self, index: int) -> bytes:
        return chr(index).encode() if index else b""


class Bytes:
    """One token a byte: characters come in halves."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def token(self, index: int) -> bytes:
        return bytes([index])


class LowerCase(Letters):
    def encode(self, text: str) -> list[int]:
        return super().encode(text.lower())


class SpaceInFront(Letters):
    def encode(self, text: str) -> list[int]:
        return super().encode(f" {text}")


def texts(*lines: str, context: str = "") -> pl.DataFrame:
    rows = [(f"c{n}", n, context, line, len(line.encode())) for n, line in enumerate(lines)]
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


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
    for span in spans(text, span_bytes):
        assert 0 < len(span.encode()) <= span_bytes
        assert span == span.strip()


@SETTINGS
@given(WORDS, st.integers(4, 40))
def test_spans_lose_only_white_space_and_a_short_tail(text: str, span_bytes: int) -> None:
    found = "".join("".join(spans(text, span_bytes)).split())
    whole = "".join(text.split())
    assert whole.startswith(found)
    lost = len(whole[len(found) :].encode())
    assert lost < span_bytes / 2
    assert bool(found) == bool(whole)


def test_spans_are_cut_at_white_space() -> None:
    assert list(spans("one two three four fives", 10)) == ["one two", "three four", "fives"]
    assert list(spans("one two three four of", 10)) == ["one two", "three four"]


def test_a_span_may_end_exactly_at_white_space_or_at_the_end() -> None:
    assert list(spans("12345 12345", 5)) == ["12345", "12345"]
    assert list(spans("12345 12345", 11)) == ["12345 12345"]


def test_text_without_white_space_is_cut_between_characters() -> None:
    assert list(spans("日本語の文", 7)) == ["日本", "語の"]
    assert list(spans("a" * 25, 10)) == ["a" * 10, "a" * 10, "a" * 5]


def test_white_space_far_from_the_end_of_a_span_makes_no_stub() -> None:
    assert list(spans("x " + "a" * 18 + " " + "b" * 10, 20)) == ["x " + "a" * 18, "b" * 10]
    assert list(spans("x " + "a" * 38, 20)) == ["x " + "a" * 18, "a" * 20]


def test_a_short_text_is_one_span() -> None:
    assert list(spans("  hi \n", 1000)) == ["hi"]
    assert list(spans(" \n ", 1000)) == []


def test_spans_too_short_for_a_character_are_refused() -> None:
    with pytest.raises(ValueError, match="spans of 4 bytes or more were expected: 3"):
        list(spans("日本", 3))


@pytest.mark.parametrize("seed", [0, 7])
def test_a_larger_selection_extends_a_smaller_one(seed: int) -> None:
    large = selected(sources(40, clusters=30), span_bytes=24, examples=512, seed=seed)
    assert len(large) == 512
    for examples in (1, 30, 31, 256):
        small = selected(sources(40, clusters=30), span_bytes=24, examples=examples, seed=seed)
        assert_frame_equal(small, large.head(examples))


def test_each_cluster_gives_one_span_in_turn() -> None:
    found = selected(sources(12, clusters=5), span_bytes=24, examples=25, seed=0)
    for turn in range(5):
        assert found[5 * turn : 5 * turn + 5]["cluster"].n_unique() == 5


def test_a_cluster_that_has_no_more_is_passed_over() -> None:
    unequal = [SourceText("long", "", "word " * 50), SourceText("short", "", "only one")]
    found = selected(unequal, span_bytes=20, examples=100, seed=0)
    assert Counter(found["cluster"])["short"] == 1
    assert len(found) < 100


def test_the_order_depends_on_the_seed_and_not_on_the_order_of_clusters() -> None:
    given_order = sources(20, clusters=20)

    def select(order: list[SourceText], seed: int) -> pl.DataFrame:
        return selected(order, span_bytes=24, examples=60, seed=seed)

    assert_frame_equal(select(given_order, 0), select(given_order[::-1], 0))
    assert not select(given_order, 0).equals(select(given_order, 1))


def test_a_new_cluster_leaves_the_order_of_the_others() -> None:
    before = selected(sources(6, clusters=6), span_bytes=24, examples=1000, seed=0)
    after = selected(sources(7, clusters=7), span_bytes=24, examples=1000, seed=0)
    kept = after.filter(pl.col("cluster") != "c6")
    assert before["text"].to_list() == kept["text"].to_list()


def test_selected_rows_are_numbered_and_their_bytes_counted() -> None:
    found = selected([SourceText("c", "Q: ", "Grüße " * 9)], span_bytes=20, examples=9, seed=0)
    assert found.schema == TEXTS
    assert found["example"].to_list() == list(range(len(found)))
    assert set(found["context"]) == {"Q: "}
    assert found["bytes"].to_list() == [len(text.encode()) for text in found["text"]]


def test_nothing_to_select_from_is_an_empty_table() -> None:
    assert selected([], span_bytes=8, examples=4, seed=0).schema == TEXTS
    assert selected([SourceText("c", "", "")], span_bytes=8, examples=4, seed=0).is_empty()


def test_prompt_and_continuation_are_the_spans_own_tokens() -> None:
    found = encoded(texts("abcdef"), Letters(), prompt=2, continuation=3).examples
    assert found.schema == EXAMPLES
    assert found["prompt_ids"].to_list() == [[*map(ord, "ab")]]
    assert found["continuation_ids"].to_list() == [[*map(ord, "cde")]]
    assert found["continuation_bytes"].to_list() == [[1, 1, 1]]


def test_spans_without_a_continuation_are_counted_and_short_ones_keep_their_length() -> None:
    found = encoded(
        texts("a", "ab", "abc", "abcde", "abcdefg"), Letters(), prompt=2, continuation=3
    )
    assert (found.too_short, found.altered) == (2, 0)
    assert found.examples["example"].to_list() == [2, 3, 4]
    assert found.examples["continuation_ids"].list.len().to_list() == [1, 3, 3]


def test_spans_that_the_tokenizer_alters_are_counted_and_left_out() -> None:
    found = encoded(texts("abcdef", "abCdef", "abcdeF"), LowerCase(), prompt=2, continuation=3)
    assert (found.too_short, found.altered) == (0, 1)
    assert found.examples["example"].to_list() == [0, 2]  # the last is altered beyond its end


def test_a_special_token_in_front_is_counted_once_in_the_prompt() -> None:
    found = encoded(texts("abcdef"), Letters(front=1), prompt=3, continuation=3).examples
    assert found["prompt_ids"].to_list() == [[0, *map(ord, "ab")]]
    assert found["continuation_ids"].to_list() == [[*map(ord, "cde")]]


def test_a_special_token_at_the_end_is_no_part_of_a_span() -> None:
    found = encoded(texts("abcd", "ab"), Letters(end=1), prompt=2, continuation=9)
    assert found.examples["continuation_ids"].to_list() == [[*map(ord, "cd")]]
    assert found.too_short == 1


def test_a_token_that_stands_for_no_text_leaves_its_span_out() -> None:
    assert encoded(texts("ab\0cd"), Letters(), prompt=1, continuation=9).altered == 1


def test_a_space_that_a_tokenizer_puts_in_front_is_allowed() -> None:
    found = encoded(texts("abcd"), SpaceInFront(), prompt=2, continuation=9)
    assert found.altered == 0
    assert found.examples["prompt_ids"].to_list() == [[*map(ord, " a")]]


def test_halves_of_characters_have_their_own_bytes() -> None:
    found = encoded(texts("aé日b"), Bytes(), prompt=2, continuation=3).examples
    assert found["continuation_ids"].to_list() == [list("aé日".encode()[2:5])]
    assert found["continuation_bytes"].to_list() == [[1, 1, 1]]


def test_the_context_stands_before_the_text() -> None:
    found = encoded(texts("cdef", context="ab"), Letters(), prompt=3, continuation=2).examples
    assert found["prompt_ids"].to_list() == [[*map(ord, "abc")]]


@SETTINGS
@given(st.lists(WORDS.filter(str.strip), max_size=5), st.integers(1, 6), st.integers(1, 20))
@pytest.mark.parametrize("tokenizer", [Letters, Bytes])
def test_continuation_bytes_are_those_of_the_text_behind_the_prompt(
    tokenizer: Callable[[], Letters | Bytes], lines: list[str], prompt: int, continuation: int
) -> None:
    spoken = tokenizer()
    found = encoded(texts(*lines), spoken, prompt=prompt, continuation=continuation)
    assert found.altered == 0
    assert len(found.examples) + found.too_short == len(lines)
    for example, before, after, sizes in found.examples.drop("cluster").iter_rows():
        raw = lines[example].encode()
        spelled = [spoken.token(index) for index in (*before, *after)]
        assert raw.startswith(b"".join(spelled))
        assert sizes == [len(piece) for piece in spelled[prompt:]]


def test_white_space_means_the_same_to_spans_and_to_a_reader() -> None:
    only_odd_space = "a" * 10 + "\u00a0" * 30 + "b" * 10
    assert all(re.search(r"\S", span) for span in spans(only_odd_space, 12))
