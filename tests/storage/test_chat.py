"""Chat templates: the day they are told, what stands before answers, and around messages."""

import re

import pytest
from small_tokenizers import ALL, LLAMA3, qwen
from transformers import PreTrainedTokenizerFast

from calibration.errors import ModelError
from storage.added import PROBES, added, beginning
from storage.chat import Chat
from storage.templates import DATE
from storage.vocabulary import Vocabulary


def with_template(template: str) -> PreTrainedTokenizerFast:
    tokenizer = qwen()
    tokenizer.chat_template = template
    return tokenizer


def test_a_template_that_asks_for_the_day_is_told_always_the_same() -> None:
    asks = "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d, %A') }}: "
    said = "{{ messages[0]['content'] }}{% if add_generation_prompt %}>{% endif %}"
    assert Chat(with_template(asks + said)).rendered("hello") == (
        "26 Jul 2024 2024-07-26, Friday: hello>"
    )
    assert f"Today Date: {DATE}\n" in Chat(with_template(LLAMA3)).rendered("hello")


@pytest.mark.parametrize("beginning", ["\n", "\n\n", "  \n", "", "  {% if true %}x{% endif %}\n"])
def test_a_template_begins_as_it_is_written(beginning: str) -> None:
    written = beginning + "{{ messages[0]['content'] }}{% if add_generation_prompt %}>{% endif %}"
    tokenizer = with_template(written)
    expected = tokenizer.apply_chat_template(
        [{"role": "user", "content": "hello"}], tokenize=False, add_generation_prompt=True
    )
    assert Chat(tokenizer).rendered("hello") == expected


@pytest.mark.parametrize("name", ALL)
def test_a_prompt_is_what_the_tokenizer_itself_writes_with_a_prompt_for_an_answer(
    name: str,
) -> None:
    tokenizer = ALL[name]()
    written = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Tell me"}],
        tokenize=False,
        add_generation_prompt=True,
        date_string=DATE,
    )
    # The template of Llama 2 has no prompt for an answer, and puts a space before one.
    assert Chat(tokenizer).rendered("Tell me") == written + (" " if name == "llama2" else "")


def test_a_header_that_a_template_writes_before_answers_alone_is_written() -> None:
    roles = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    assert Chat(with_template(roles)).rendered("hello") == "<user>hello<assistant>"


@pytest.mark.parametrize("name", ALL)
def test_what_is_around_a_message_is_the_same_around_any(name: str) -> None:
    tokenizer = ALL[name]()
    found = added(tokenizer, tokenizer.chat_template)
    special = {"llama3": "<|eot_id|>", "qwen": "<|im_end|>", "llama2": "[/INST]"}[name]
    assert tokenizer.decode(list(found.closing)).strip().startswith(special)
    asked = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": probe}],
            return_dict=False,
            add_generation_prompt=True,
            date_string=DATE,
        )
        for probe in (*PROBES, "日本", " — \n", "{{ braces }}")
    ]
    for ids in asked:
        assert ids[:1] == ([] if found.beginning is None else [found.beginning]) or name == "qwen"
        for part in (found.opening, found.closing):
            assert sum(tuple(ids[n:][: len(part)]) == part for n in range(len(ids))) == 1


def test_the_beginning_of_texts_is_what_the_tokenizer_puts_there() -> None:
    assert [beginning(make()) for make in ALL.values()] == [0, None, 1]
    assert Vocabulary(ALL["llama3"]()).added("question-answer").opening == ()


def test_a_template_of_white_space_has_no_words_of_its_own() -> None:
    bare = with_template("\n{{ messages[0]['content'] }}\n")
    assert added(bare, str(bare.chat_template))[1:] == ((), ())
    assert not Chat(bare).echoes("any\ntext")


def test_of_several_templates_the_one_of_conversations_is_used() -> None:
    tokenizer = qwen()
    tokenizer.chat_template = {"tool_use": "no", "default": str(tokenizer.chat_template)}
    assert Chat(tokenizer).rendered("a") == Chat(qwen()).rendered("a")


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (None, "none"),
        ({"tool_use": "x"}, "none"),
        ("{% if %}", "one that fails"),
        ("{{ raise_exception('no such role') }}", "one that fails (no such role)"),
    ],
)
def test_a_template_that_is_lacking_or_fails_is_a_sentence(
    template: str | None, found: str
) -> None:
    tokenizer = qwen()
    tokenizer.chat_template = template
    with pytest.raises(
        ModelError, match=re.escape(f"was expected with the tokenizer, found {found}")
    ):
        Vocabulary(tokenizer).rendered("hello")
