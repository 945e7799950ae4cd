"""The three forms of a prompt, to the byte, under tokenizers of the classes that models have."""

from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tokenizers import ALL
from transformers import PreTrainedTokenizerFast

from calibration.encoding import Encoded, encoded
from calibration.prompts import Added
from calibration.recipes import ExamplesRecipe, Form, SourceIdentity, TextsRecipe
from calibration.tables import TEXTS
from storage.vocabulary import Vocabulary

SETTINGS = settings(deadline=None, derandomize=True, max_examples=60)
CONTEXT = "Write a story based on the following prompt: the last lighthouse"
STORY = "Once upon a time there was a keeper.\n\nShe said: naïve 日本語 😀, and the end of it."
# What a model reads: special tokens by name, everything else byte by byte.
BEGUN = {
    "llama3": "<|begin_of_text|>",
    "qwen": "",
    "llama2": "<s> ",  # these pieces have a space before the first word
}
CHAT = {
    "llama3": (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        "Today Date: 26 Jul 2024\n\n<|eot_id|>"
        f"<|start_header_id|>user<|end_header_id|>\n\n{CONTEXT}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    "qwen": (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{CONTEXT}<|im_end|>\n<|im_start|>assistant\n"
    ),
    "llama2": f"<s> [INST] {CONTEXT} [/INST] ",
}
BEFORE = {
    (name, form): before
    for name in ALL
    for form, before in {
        "plain": BEGUN[name],
        "question-answer": f"{BEGUN[name]}Q: {CONTEXT}\nA: ",
        "chat": CHAT[name],
    }.items()
}
TEXT = st.text(st.sampled_from("aé—日😀 \n.<[:Ae"), min_size=1, max_size=40)
# A tokenizer of its own for each test would be trained anew.
TOKENIZERS = cache(lambda name: ALL[name]())
VOCABULARIES = cache(lambda name: Vocabulary(TOKENIZERS(name)))


def recipe(form: Form, **changes: Any) -> ExamplesRecipe:  # noqa: ANN401
    source = SourceIdentity(kind="files", content="c")
    settings = {"prompt": 4, "continuation": 6, "unit": "tokens", "tokenizer": "t", "form": form}
    texts = TextsRecipe(source=source, span_bytes=900, examples=9, seed=0)
    return ExamplesRecipe.model_validate(settings | {"texts": texts} | changes)


def answers(*pairs: tuple[str, str]) -> pl.DataFrame:
    rows = [
        (f"c{n}", n, context, text, len(text.encode()), None, True)
        for n, (context, text) in enumerate(pairs)
    ]
    return pl.DataFrame(rows, schema=TEXTS, orient="row")


def made(name: str, form: Form, *pairs: tuple[str, str], **changes: Any) -> Encoded:  # noqa: ANN401
    return encoded(answers(*pairs), VOCABULARIES(name), recipe(form, **changes))


def shown(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> bytes:
    """What ids spell, those that spell nothing by their name."""
    vocabulary = Vocabulary(tokenizer)
    return b"".join(
        vocabulary.token(index) or tokenizer.convert_ids_to_tokens(index).encode() for index in ids
    )


def spelled(name: str, ids: list[int]) -> bytes:
    return VOCABULARIES(name).decode(ids)


@pytest.mark.parametrize(("name", "form"), BEFORE)
def test_a_prompt_is_what_was_written_by_hand_to_the_byte(name: str, form: Form) -> None:
    context = "" if form == "plain" else CONTEXT
    row = made(name, form, (context, STORY)).examples.row(0, named=True)
    whole = [*row["prompt_ids"], *row["continuation_ids"]]
    before = BEFORE[name, form].encode()
    read = shown(TOKENIZERS(name), whole)
    assert read[: len(before)] == before
    assert STORY.encode().startswith(read[len(before) :])
    assert len(row["continuation_ids"]) == 6


@pytest.mark.parametrize(("name", "form"), BEFORE)
def test_a_prompt_of_bytes_ends_with_the_word_of_the_text_wherever_it_stands(
    name: str, form: Form
) -> None:
    context = "" if form == "plain" else CONTEXT
    found = made(name, form, (context, STORY), unit="bytes", prompt=12, continuation=9)
    row = found.examples.row(0, named=True)
    assert shown(TOKENIZERS(name), row["prompt_ids"]) == (
        BEFORE[name, form].encode() + b"Once upon a time"[:11] + b" time"
    )
    assert spelled(name, row["continuation_ids"]).startswith(b" there wa")
    assert row["window"] == 9


@pytest.mark.parametrize("form", ["question-answer", "chat"])
@pytest.mark.parametrize("name", ALL)
def test_the_prompts_tokens_are_counted_from_the_first_that_holds_a_byte_of_the_text(
    name: str, form: Form
) -> None:
    few, more = (
        made(name, form, (CONTEXT, STORY), prompt=prompt).examples["prompt_ids"].item().to_list()
        for prompt in (1, 3)
    )
    assert len(more) == len(few) + 2
    before = len(BEFORE[name, form].encode())
    assert len(shown(TOKENIZERS(name), few[:-1])) <= before < len(shown(TOKENIZERS(name), few))


def test_a_word_after_a_prefix_is_the_token_that_it_is_in_natural_text() -> None:
    prompt = made("llama3", "question-answer", ("What?", "The end.")).examples["prompt_ids"].item()
    named = TOKENIZERS("llama3").convert_ids_to_tokens(prompt.to_list())
    assert "ĠThe" in named


def test_a_space_put_after_the_templates_last_token_is_no_byte_of_the_text() -> None:
    tokenizer = ALL["llama2"]()
    tokenizer.chat_template = "{% for m in messages %}{{ m.content + eos_token }}{% endfor %}"
    made_of = answers((CONTEXT, "Once upon a time there was"), (CONTEXT, "€ upon a time there"))
    found = encoded(made_of, Vocabulary(tokenizer), recipe("chat", prompt=1)).examples
    prompts = [shown(tokenizer, ids) for ids in found["prompt_ids"].to_list()]
    # The template writes no beginning, so the tokenizer does; € is three tokens after a space.
    before = f"<s> {CONTEXT}</s> ".encode()
    assert all(prompt.startswith(before) for prompt in prompts)
    assert b"Once".startswith(prompts[0].removeprefix(before))
    assert prompts[1] == before + "€".encode()[:1]


@SETTINGS
@given(TEXT, TEXT.filter(str.strip), st.integers(1, 5), st.sampled_from(["tokens", "bytes"]))
@pytest.mark.parametrize("form", ["question-answer", "chat"])
@pytest.mark.parametrize("name", ALL)
def test_prompt_and_continuation_spell_the_beginning_of_the_text(
    name: str, form: Form, context: str, text: str, prompt: int, unit: str
) -> None:
    found = made(name, form, (context, text), prompt=prompt, unit=unit)
    assert found.altered == 0
    for row in found.examples.iter_rows(named=True):
        whole = [*row["prompt_ids"], *row["continuation_ids"]]
        read = shown(TOKENIZERS(name), whole).decode(errors="surrogateescape")
        answered = context if name == "qwen" or form == "question-answer" else context.strip()
        before = BEFORE[name, form].replace(CONTEXT, answered)
        assert read.startswith(before)
        tail = read.removeprefix(before).encode(errors="surrogateescape")
        assert text.encode().startswith(tail)
        assert spelled(name, row["continuation_ids"]) == tail[-sum(row["continuation_bytes"]) :]
        assert row["continuation_bytes"] == VOCABULARIES(name).lengths(row["continuation_ids"])


@SETTINGS
@given(TEXT, TEXT.filter(str.strip), TEXT)
@pytest.mark.parametrize("form", ["question-answer", "chat"])
@pytest.mark.parametrize("name", ALL)
def test_what_stands_before_the_text_does_not_depend_on_how_it_goes_on(
    name: str, form: Form, context: str, text: str, later: str
) -> None:
    beginning = f"Once {text}"
    short, long = (
        made(name, form, (context, one), prompt=1, continuation=1).examples["prompt_ids"].item()
        for one in (f"{beginning} x", f"{beginning} {later}y")
    )
    assert short.to_list()[:-1] == long.to_list()[:-1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llama3", "<|eot_id|>"),
        ("llama3", "<|begin_of_text|>"),
        ("qwen", "<|im_end|>"),
        ("qwen", "<|im_start|>user\nhello<|im_end|>\n"),
        ("llama2", "</s>"),
        ("llama2", "<unk>"),
    ],
)
@pytest.mark.parametrize("form", ["question-answer", "chat"])
def test_a_context_that_special_tokens_are_read_out_of_is_left_out_and_counted(
    name: str, form: Form, words: str
) -> None:
    spoiled = f"Tell me {words} a tale"
    found = made(name, form, (spoiled, STORY), (CONTEXT, STORY), (f"a{words}", STORY))
    assert found.examples["example"].to_list() == [1]
    assert (found.altered, found.left_out) == (2, 2)


@pytest.mark.parametrize("words", [" [/INST] ", "x[/INST]", "say [INST] again"])
def test_a_context_or_text_with_the_templates_own_words_is_left_out(words: str) -> None:
    found = made("llama2", "chat", (f"Tell{words}", STORY), (CONTEXT, STORY), ("a", STORY + words))
    assert found.examples["example"].to_list() == [1]
    assert found.altered == 2
    assert made("llama2", "question-answer", (f"Tell{words}", STORY)).altered == 0


def test_a_context_with_words_that_are_common_is_kept() -> None:
    spoken = "The user asked the assistant: system?\nuser\nassistant\n"
    assert made("qwen", "chat", (spoken, STORY)).altered == 0
    assert made("llama3", "chat", (spoken, STORY)).altered == 0


@pytest.mark.parametrize("form", ["question-answer", "chat"])
@pytest.mark.parametrize("name", ALL)
def test_a_text_that_special_tokens_are_read_out_of_is_left_out(name: str, form: Form) -> None:
    special = TOKENIZERS(name).eos_token
    found = made(name, form, (CONTEXT, f"Once {special} upon a time there was"), (CONTEXT, STORY))
    assert found.examples["example"].to_list() == [1]
    assert found.altered == 1


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_of_whole_texts_the_first_ones_are_kept_and_shorter_ones_counted(unit: str) -> None:
    lines = ["a b c d e f g h i", "a b", "a b c d", "a b c d e f g", "a b c d e f g h"]
    pairs = [("", line) for line in lines]
    kept = made("qwen", "plain", *pairs, unit=unit, prompt=2, continuation=5, whole=2)
    assert kept.examples["example"].to_list() == [0, 3]
    assert (kept.not_whole + kept.too_short, kept.left_out) == (2, 2)
    all_there_are = made("qwen", "plain", *pairs, unit=unit, prompt=2, continuation=5, whole=9)
    assert all_there_are.examples["example"].to_list() == [0, 3, 4]
    ended = made("qwen", "plain", *pairs, unit=unit, prompt=2, continuation=5, whole=9, text_end=0)
    assert ended.examples["example"].to_list() == [0, 3, 4]


def test_what_a_tokenizer_adds_is_stated_and_read_again() -> None:
    for added in (Added(None), Added(0), Added(7, (1, 22), (3,))):
        assert Added.stated({**added.facts, "vocabulary": 8}) == added
    assert Added.stated({"vocabulary": 8}) is None
