"""Spans as token ids, in tokens and in bytes, on tokenizers whose right answer is plain to see."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.encoding import character_boundary, encoded
from calibration.prompts import Tokenizer
from calibration.recipes import ExamplesRecipe, SourceIdentity, TextsRecipe
from calibration.tables import EXAMPLES, TEXTS

SETTINGS = settings(deadline=None, derandomize=True, max_examples=150)
WORDS = st.text(st.sampled_from("aé—日😀 \n\t\u00a0"), max_size=120)


class Letters:
    """One token a character; a mark in front and at the end, as tokenizers add them."""

    def __init__(self, *, front: int = 0, end: int = 0) -> None:
        self._front, self._end = [0] * front, [0] * end

    def encode(self, text: str) -> list[int]:
        return [*self._front, *map(ord, text), *self._end]

    def encode_plain(self, text: str) -> list[int]:
        return list(map(ord, text))

    def token(self, index: int) -> bytes:
        return chr(index).encode() if index else b""


class Bytes:
    """One token a byte: characters come in halves."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    encode_plain = encode

    def token(self, index: int) -> bytes:
        return bytes([index])


class LowerCase(Letters):
    def encode(self, text: str) -> list[int]:
        return super().encode(text.lower())


class SpaceInFront(Letters):
    def encode(self, text: str) -> list[int]:
        return super().encode(f" {text}")

    def encode_plain(self, text: str) -> list[int]:
        return self.encode(text)


class Pairs:
    """Greedy tokens of two characters, from the first on: cuts fall elsewhere than in Letters."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def encode(self, text: str) -> list[int]:
        halves = [text[place : place + 2] for place in range(0, len(text), 2)]
        self._names += [half for half in dict.fromkeys(halves) if half not in self._names]
        return [self._names.index(half) for half in halves]

    encode_plain = encode

    def token(self, index: int) -> bytes:
        return self._names[index].encode()


def texts(*lines: str, context: str = "", ends: bool = True) -> pl.DataFrame:
    rows = [
        (f"c{n}", n, context, line, len(line.encode()), None, ends) for n, line in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


def recipe(prompt: int, continuation: int, **changes: Any) -> ExamplesRecipe:  # noqa: ANN401
    source = SourceIdentity(kind="files", content="c")
    return ExamplesRecipe(
        texts=TextsRecipe(source=source, span_bytes=100, examples=9, seed=0),
        tokenizer="t",
        prompt=prompt,
        continuation=continuation,
        **{"unit": "tokens"} | changes,
    )


def test_prompt_and_continuation_are_the_spans_own_tokens() -> None:
    found = encoded(texts("abcdef"), Letters(), recipe(2, 3)).examples
    assert found.schema == EXAMPLES
    assert found["prompt_ids"].to_list() == [[*map(ord, "ab")]]
    assert found["continuation_ids"].to_list() == [[*map(ord, "cde")]]
    assert found["continuation_bytes"].to_list() == [[1, 1, 1]]


def test_spans_without_a_continuation_are_counted_and_short_ones_keep_their_length() -> None:
    found = encoded(texts("a", "ab", "abc", "abcde", "abcdefg"), Letters(), recipe(2, 3))
    assert (found.too_short, found.altered) == (2, 0)
    assert found.examples["example"].to_list() == [2, 3, 4]
    assert found.examples["continuation_ids"].list.len().to_list() == [1, 3, 3]


def test_spans_that_the_tokenizer_alters_are_counted_and_left_out() -> None:
    found = encoded(texts("abcdef", "abCdef", "abcdeF"), LowerCase(), recipe(2, 3))
    assert (found.too_short, found.altered) == (0, 1)
    assert found.examples["example"].to_list() == [0, 2]  # the last is altered beyond its end


def test_a_special_token_in_front_is_counted_once_in_the_prompt() -> None:
    found = encoded(texts("abcdef"), Letters(front=1), recipe(3, 3)).examples
    assert found["prompt_ids"].to_list() == [[0, *map(ord, "ab")]]
    assert found["continuation_ids"].to_list() == [[*map(ord, "cde")]]


def test_a_special_token_at_the_end_is_no_part_of_a_span() -> None:
    found = encoded(texts("abcd", "ab"), Letters(end=1), recipe(2, 9))
    assert found.examples["continuation_ids"].to_list() == [[*map(ord, "cd")]]
    assert found.too_short == 1


def test_a_token_that_stands_for_no_text_leaves_its_span_out() -> None:
    assert encoded(texts("ab\0cd"), Letters(), recipe(1, 9)).altered == 1


def test_a_space_that_a_tokenizer_puts_in_front_is_allowed() -> None:
    found = encoded(texts("abcd"), SpaceInFront(), recipe(2, 9))
    assert found.altered == 0
    assert found.examples["prompt_ids"].to_list() == [[*map(ord, " a")]]


def test_halves_of_characters_have_their_own_bytes() -> None:
    found = encoded(texts("aé日b"), Bytes(), recipe(2, 3)).examples
    assert found["continuation_ids"].to_list() == [list("aé日".encode()[2:5])]
    assert found["continuation_bytes"].to_list() == [[1, 1, 1]]


def test_the_context_stands_before_the_text() -> None:
    found = encoded(texts("cdef", context="ab"), Letters(), recipe(3, 2)).examples
    assert found["prompt_ids"].to_list() == [[*map(ord, "abc")]]


@SETTINGS
@given(st.lists(WORDS.filter(str.strip), max_size=5), st.integers(1, 6), st.integers(1, 20))
@pytest.mark.parametrize("tokenizer", [Letters, Bytes])
def test_continuation_bytes_are_those_of_the_text_behind_the_prompt(
    tokenizer: Callable[[], Letters | Bytes], lines: list[str], prompt: int, continuation: int
) -> None:
    spoken = tokenizer()
    found = encoded(texts(*lines), spoken, recipe(prompt, continuation))
    assert found.altered == 0
    assert len(found.examples) + found.too_short == len(lines)
    for example, before, after, sizes in found.examples.drop("cluster", "window").iter_rows():
        raw = lines[example].encode()
        spelled = [spoken.token(index) for index in (*before, *after)]
        assert raw.startswith(b"".join(spelled))
        assert sizes == [len(piece) for piece in spelled[prompt:]]


def in_bytes(line: str, tokenizer: Tokenizer, prompt: int, window: int) -> dict[str, Any]:
    found = encoded(texts(line), tokenizer, recipe(prompt, window, unit="bytes"))
    assert (found.too_short, found.altered) == (0, 0)
    return found.examples.row(0, named=True)


def spelled(tokenizer: Tokenizer, ids: list[int]) -> bytes:
    return b"".join(tokenizer.token(index) for index in ids)


@pytest.mark.parametrize("prompt", [4, 5, 6, 7])
def test_a_window_of_bytes_begins_with_the_first_end_of_a_word_after_the_prompt(
    prompt: int,
) -> None:
    row = in_bytes("one two three four", Letters(), prompt, 6)
    assert spelled(Letters(), row["prompt_ids"]) == b"one two"
    assert spelled(Letters(), row["continuation_ids"]) == b" three"
    assert row["window"] == 6


@pytest.mark.parametrize("following", [" and", "x and", "xyz", ""])
def test_where_a_prompt_ends_does_not_depend_on_what_follows_its_boundary(following: str) -> None:
    row = in_bytes(f"one two three{' '}f{following}", Letters(), 9, 2)
    assert spelled(Letters(), row["prompt_ids"]) == b"one two three"


def test_a_character_that_is_longer_than_the_prompt_leaves_none() -> None:
    found = encoded(texts("日本語"), Bytes(), recipe(2, 3, unit="bytes"))
    assert (found.too_short, found.altered) == (1, 0)


def test_a_token_that_reaches_out_of_the_window_is_kept_whole() -> None:
    pairs = Pairs()
    row = in_bytes("abcdefgh", pairs, 2, 3)
    assert spelled(pairs, row["continuation_ids"]) == b"cdef"
    assert row["continuation_bytes"] == [2, 2]
    assert row["window"] == 3


def test_a_prompt_that_ends_inside_a_token_is_given_to_the_tokenizer_alone() -> None:
    pairs = Pairs()
    row = in_bytes("abcdefgh", pairs, 3, 4)
    assert spelled(pairs, row["prompt_ids"]) == b"abc"
    assert spelled(pairs, row["continuation_ids"]) == b"defg"


@SETTINGS
@given(WORDS.filter(lambda text: len(text.strip().encode()) > 12), st.integers(4, 9))
def test_windows_of_two_tokenizers_are_the_same_bytes(text: str, prompt: int) -> None:
    line = text.strip()
    found = [
        (tokenizer, in_bytes(line, tokenizer, prompt, 8))
        for tokenizer in (Letters(), Letters(front=1), Bytes(), Pairs(), SpaceInFront())
    ]
    windows = {
        spelled(tokenizer, row["continuation_ids"])[: row["window"]] for tokenizer, row in found
    }
    prompts = {spelled(tokenizer, row["prompt_ids"]).removeprefix(b" ") for tokenizer, row in found}
    assert len(windows) == 1
    assert len(prompts) == 1
    assert line.encode().startswith(prompts.pop() + windows.pop())


def test_windows_end_between_characters_and_a_short_text_has_a_short_one() -> None:
    assert in_bytes("ab日本", Bytes(), 2, 4)["window"] == 3
    assert in_bytes("abcd", Letters(), 2, 9)["window"] == 2
    assert character_boundary("日".encode(), 2) == 0


def test_a_tokenizer_with_a_space_in_front_continues_without_one() -> None:
    row = in_bytes("abcdefgh", SpaceInFront(), 3, 4)
    assert spelled(SpaceInFront(), row["prompt_ids"]) == b" abc"
    assert spelled(SpaceInFront(), row["continuation_ids"]) == b"defg"


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_a_text_that_ends_within_its_window_gets_its_end_where_ends_are_kept(unit: str) -> None:
    kept = recipe(2, 9, unit=unit, text_end=7)
    found = encoded(texts("abcd", "ab", "a"), Letters(), kept)
    assert found.examples["continuation_ids"].to_list() == [[*map(ord, "cd"), 7], [7]]
    assert found.examples["continuation_bytes"].to_list() == [[1, 1, 0], [0]]
    assert found.examples["window"].to_list() == [9, 9]
    assert found.too_short == 1


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_a_window_that_is_full_before_the_end_and_a_span_inside_a_text_get_no_end(
    unit: str,
) -> None:
    kept = recipe(2, 3, unit=unit, text_end=7)
    full = encoded(texts("abcde", "abcdef"), Letters(), kept).examples
    inside = encoded(texts("abcd", ends=False), Letters(), kept).examples
    assert full["continuation_ids"].to_list() == [[*map(ord, "cde")]] * 2
    assert inside["continuation_ids"].to_list() == [[*map(ord, "cd")]]
    assert inside["window"].to_list() == [2]
