"""Spans under one tokenizer: prompts and human continuations as token ids.

Prompt and continuation are the span's own tokens, in order, after those of what it answers. In
tokens, the prompt is the first `prompt` of them; in bytes, prompt and window are stretches of the
text that no tokenizer has a say in, and the last token may reach out of the window. Knows no model
and no disk.
"""

import re
from itertools import accumulate
from typing import NamedTuple

import polars as pl

from calibration.prompts import Tokenizer, encoder, prefix_of, read, spelled, spells, stripped
from calibration.recipes import ExamplesRecipe, Form
from calibration.tables import EXAMPLES

WORD_END = re.compile(rb"\S(?=\s)")
LONGEST_WORD = 32  # bytes that a prompt may be longer than asked, so that it ends with a word
ANCHOR = "\n"  # a character that tokenizers keep apart from the word after it


class Encoded(NamedTuple):
    """Examples, and how many spans gave none."""

    examples: pl.DataFrame  # EXAMPLES
    too_short: int  # no more than the prompt
    altered: int  # the tokens do not spell the span, or what it answers
    not_whole: int  # where only whole ones are asked: prompt and continuation are not filled

    @property
    def left_out(self) -> int:
        """Spans that gave no example."""
        return self.too_short + self.altered + self.not_whole

    @property
    def why(self) -> str:
        """The same in words."""
        counted = {
            "too short": self.too_short,
            "altered by the tokenizer": self.altered,
            "too short to be whole": self.not_whole,
        }
        return ", ".join(f"{count} {words}" for words, count in counted.items() if count)


class _Example(NamedTuple):
    prompt: list[int]
    continuation: list[int]
    bytes: list[int]  # of each token of the continuation
    window: int
    whole: bool  # the text fills prompt and continuation


def encoded(texts: pl.DataFrame, tokenizer: Tokenizer, recipe: ExamplesRecipe) -> Encoded:
    """Each span of TEXTS as a prompt and the continuation that is measured after it.

    Special tokens that the tokenizer adds in front are part of the prompt (in tokens, counted in
    it, where the text answers nothing); those it adds at the end are dropped, since a span is no
    whole text. With a `text_end`, a continuation that reaches the end of its text gets that id. A
    span whose tokens do not spell its own beginning is left out and counted: what the model is
    asked about must be the text. With `whole`, the first so many that fill prompt and continuation
    are taken, and spans after them are not looked at.
    """
    example = _in_tokens if recipe.unit == "tokens" else _in_bytes
    rows: list[tuple[object, ...]] = []
    left_out = {"too short": 0, "altered": 0, "not whole": 0}
    for span in texts.iter_rows(named=True):
        if recipe.whole is not None and len(rows) == recipe.whole:
            break
        found = example(span, tokenizer, recipe)
        if isinstance(found, str):
            left_out[found] += 1
        elif recipe.whole is not None and not found.whole:
            left_out["not whole"] += 1
        else:
            rows.append((span["cluster"], span["example"], *found[:-1]))
    examples = pl.DataFrame(rows, schema=EXAMPLES, orient="row")
    return Encoded(examples, *left_out.values())


def longest(examples: pl.DataFrame) -> int:
    """Tokens of the longest of EXAMPLES, prompt and continuation together."""
    tokens = pl.col("prompt_ids").list.len() + pl.col("continuation_ids").list.len()
    return int(examples.select(tokens.max()).item())


def _in_tokens(
    span: dict[str, str | bool], tokenizer: Tokenizer, recipe: ExamplesRecipe
) -> _Example | str:
    reading = read(str(span["context"]), str(span["text"]), tokenizer, form=recipe.form)
    if reading is None:
        return "altered"
    start = reading.front + recipe.prompt
    asked = start + recipe.continuation
    ids = stripped(reading.ids[:asked], tokenizer)
    ends = recipe.text_end is not None and bool(span["ends"]) and len(ids) < asked
    # That a text ends right after its prompt is something to measure, where ends are.
    if len(ids) < start + (not ends):
        return "too short"
    if not spells(spelled(ids, tokenizer)[reading.before :], reading.text):
        return "altered"
    continuation = ids[start:]
    sizes = [len(tokenizer.token(index)) for index in continuation]
    whole = len(ids) == asked
    if ends and recipe.text_end is not None:
        return _Example(
            ids[:start], [*continuation, recipe.text_end], [*sizes, 0], recipe.continuation, whole
        )
    return _Example(ids[:start], continuation, sizes, len(continuation), whole)


def _in_bytes(
    span: dict[str, str | bool], tokenizer: Tokenizer, recipe: ExamplesRecipe
) -> _Example | str:
    raw = str(span["text"]).encode()
    start = _word_boundary(raw, recipe.prompt)
    stop = character_boundary(raw, start + recipe.continuation)
    whole = len(raw) >= start + recipe.continuation
    ends = recipe.text_end is not None and bool(span["ends"]) and not whole
    if len(raw) < recipe.prompt or not 0 < start < len(raw) + ends:
        return "too short"
    halves = raw[:start].decode(), raw[start:].decode()
    split = _split(str(span["context"]), *halves, tokenizer=tokenizer, form=recipe.form)
    if split is None:
        return "altered"
    prompt, following = split
    sizes = [len(tokenizer.token(index)) for index in following]
    if ends and recipe.text_end is not None:
        return _Example(
            prompt, [*following, recipe.text_end], [*sizes, 0], recipe.continuation, whole
        )
    tokens = 1 + sum(total < stop - start for total in accumulate(sizes))
    return _Example(prompt, following[:tokens], sizes[:tokens], stop - start, whole)


def character_boundary(raw: bytes, limit: int) -> int:
    """The last place at or before `limit` that is between two characters of UTF-8."""
    place = min(limit, len(raw))
    while place < len(raw) and raw[place] & 0b1100_0000 == 0b1000_0000:
        place -= 1
    return place


def _word_boundary(raw: bytes, limit: int) -> int:
    """The first end of a word at or after `limit` bytes; where none is near, between characters.

    Tokenizers cut there, so that a prompt's tokens are those it has inside its text. It looks one
    character ahead and no further: a boundary chosen by what follows would choose what follows.
    """
    end = WORD_END.search(raw, max(0, limit - 1), limit + LONGEST_WORD)
    return character_boundary(raw, limit) if end is None else end.end()


def _split(
    context: str, prompt: str, following: str, *, tokenizer: Tokenizer, form: Form
) -> tuple[list[int], list[int]] | None:
    """Ids of the prompt and of what follows, meeting exactly between them; None where they cannot.

    The tokens of the whole are kept where one of them begins with `following`. Where none does,
    the two are given to the tokenizer one by one.
    """
    reading = read(context, prompt + following, tokenizer, form=form)
    if reading is None:
        return None
    ids = stripped(reading.ids, tokenizer)
    sizes = [len(tokenizer.token(index)) for index in ids]
    raw = reading.text.encode()
    if spelled(ids, tokenizer)[reading.before :] not in (raw, b" " + raw):
        return None
    rest = len(following.encode())
    left = [sum(sizes) - total for total in accumulate(sizes)]
    if rest in left:
        meeting = left.index(rest) + 1
        return ids[:meeting], ids[meeting:]
    apart = _continued(following, tokenizer)
    if apart is None:
        return None
    prefix = prefix_of(context, tokenizer, form=form)
    return stripped(encoder(prefix, tokenizer, form=form)(prefix + prompt), tokenizer), apart


def _continued(text: str, tokenizer: Tokenizer) -> list[int] | None:
    """Ids that spell exactly the text; None where the tokenizer has none."""
    plain = tokenizer.encode_plain(text)
    if spelled(plain, tokenizer) == text.encode():
        return plain
    # Some tokenizers put a space before the first word; after an anchor it is not the first.
    anchored = tokenizer.encode_plain(ANCHOR + text)
    for start in range(1, len(anchored)):
        if spelled(anchored[start:], tokenizer) == text.encode():
            return anchored[start:]
    return None
