"""What a tokenizer adds to prompts: each way to build them wrongly is refused by its rule."""

from collections.abc import Callable
from functools import cache

import polars as pl
import pytest
from small_tokenizers import ALL

from calibration.encoding import encoded
from calibration.prompts import Added
from calibration.recipes import ExamplesRecipe, Form, SourceIdentity, TextsRecipe
from calibration.tables import TEXTS
from expectations.additions import addition_rules
from expectations.rules import Case
from expectations.suites import examples_verdict
from storage.vocabulary import Vocabulary

FORMS: tuple[Form, ...] = ("plain", "question-answer", "chat")
STORY = "Once upon a time there was a keeper, and the keeper's daughter was a painter."
ROWS = 48
MADE = cache(lambda name: ALL[name]())
BUILT = cache(lambda build, name: build(MADE(name)))


class Doubled(Vocabulary):
    """Takes no notice of a beginning that is written, and begins every text once more."""

    def begins(self, text: str) -> bool:
        return False

    def encode(self, text: str) -> list[int]:
        first = self.added("plain").beginning
        return [*([] if first is None else [first]), *super().encode(text)]


class Unbegun(Vocabulary):
    """Encodes without special tokens, as what a template has written is encoded."""

    def encode(self, text: str) -> list[int]:
        return super().encode_plain(text)


class Headless(Vocabulary):
    """Takes what a template has written at its beginning for what the tokenizer adds."""

    def rendered(self, context: str) -> str:
        return super().rendered(context).removeprefix("<|begin_of_text|>").removeprefix("<s>")

    def begins(self, text: str) -> bool:
        return True


class Twice(Vocabulary):
    """Puts a message that is rendered already into the template."""

    def rendered(self, context: str) -> str:
        return super().rendered(super().rendered(context))


class Unasked(Vocabulary):
    """Leaves out what a template writes after the message."""

    def rendered(self, context: str) -> str:
        before, _, _ = super().rendered(context).rpartition(context)
        return f"{before}{context} "


class Unprompted(Vocabulary):
    """Leaves out the prompt for an answer alone."""

    def rendered(self, context: str) -> str:
        whole = super().rendered(context)
        return whole.removesuffix("<|im_start|>assistant\n").removesuffix(
            "<|start_header_id|>assistant<|end_header_id|>\n\n"
        )


def examples(vocabulary: Vocabulary, form: Form) -> pl.DataFrame:
    context = "" if form == "plain" else "Write a story: the lighthouse"
    rows = [
        (f"c{n}", n, context and f"{context} {n}", f"{n} {STORY}", len(STORY) + 2, None, True)
        for n in range(ROWS)
    ]
    recipe = ExamplesRecipe(
        texts=TextsRecipe(
            source=SourceIdentity(kind="files", content="c"), span_bytes=99, examples=ROWS, seed=0
        ),
        tokenizer="t",
        form=form,
        prompt=4,
        continuation=6,
        unit="tokens",
    )
    found = encoded(pl.DataFrame(rows, schema=TEXTS, orient="row"), vocabulary, recipe)
    assert (len(found.examples), found.left_out) == (ROWS, 0)
    return found.examples


def judged(table: pl.DataFrame, form: Form, added: Added | None) -> pl.DataFrame:
    return examples_verdict(
        table,
        prompt=4,
        continuation=6,
        unit="tokens",
        text_end=None,
        vocabulary=None,
        left_out=0,
        form=form,
        added=added,
    )


def counted(table: pl.DataFrame, added: Added) -> dict[str, int]:
    """How many prompts break each rule that one breaks."""
    rules = addition_rules(added)
    assert {rule.severity for rule in rules} <= {"fail"}
    counts = Case(table, rules).facts.row(0, named=True) if rules else {}
    return {rule: int(count) for rule, count in counts.items() if count}


def broken(name: str, form: Form, build: Callable[..., Vocabulary]) -> dict[str, int]:
    """The rules that examples break which one vocabulary builds, by the account of a true one."""
    table = examples(BUILT(build, name), form)
    return counted(table, BUILT(Vocabulary, name).added(form))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ALL)
def test_prompts_as_they_are_built_break_no_rule(name: str, form: Form) -> None:
    assert broken(name, form, Vocabulary) == {}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["llama3", "llama2"])
def test_a_doubled_beginning_is_refused(name: str, form: Form) -> None:
    assert broken(name, form, Doubled) == {"one-beginning": ROWS}


@pytest.mark.parametrize("form", ["plain", "question-answer"])
@pytest.mark.parametrize("name", ["llama3", "llama2"])
def test_a_missing_beginning_is_refused(name: str, form: Form) -> None:
    assert broken(name, form, Unbegun) == {"beginning-there": ROWS, "one-beginning": ROWS}


@pytest.mark.parametrize("name", ["llama3", "llama2"])
def test_a_beginning_that_is_missing_before_a_template_is_refused(name: str) -> None:
    assert broken(name, "chat", Headless) == {"beginning-there": ROWS, "one-beginning": ROWS}


@pytest.mark.parametrize("name", ALL)
def test_a_template_that_is_applied_twice_is_refused(name: str) -> None:
    found = broken(name, "chat", Twice)
    assert found["one-opening"] == ROWS
    # The line breaks at the end of the inner closing are stripped with the message that it is.
    assert found.get("one-closing", 0) == (0 if name == "llama3" else ROWS)


@pytest.mark.parametrize("name", ALL)
def test_a_message_that_nothing_closes_is_refused(name: str) -> None:
    assert broken(name, "chat", Unasked) == {"one-closing": ROWS}


@pytest.mark.parametrize("name", ["llama3", "qwen"])
def test_a_missing_prompt_for_an_answer_is_refused(name: str) -> None:
    assert broken(name, "chat", Unprompted) == {"one-closing": ROWS}


@pytest.mark.parametrize("name", ALL)
def test_a_template_that_is_not_applied_is_refused(name: str) -> None:
    table = examples(BUILT(Vocabulary, name), "question-answer")
    added = BUILT(Vocabulary, name).added("chat")
    assert counted(table, added) == {"one-opening": ROWS, "one-closing": ROWS}


def test_a_prompt_with_one_beginning_too_many_is_named() -> None:
    table = examples(BUILT(Vocabulary, "llama3"), "chat")
    spoiled = table.with_columns(
        prompt_ids=pl.when(pl.col("example") == 3)
        .then(pl.concat_list(pl.lit(0, pl.Int32), "prompt_ids"))
        .otherwise("prompt_ids")
    )
    added = BUILT(Vocabulary, "llama3").added("chat")
    [row] = judged(spoiled, "chat", added).filter(~pl.col("passed")).to_dicts()
    assert (row["rule"], row["count"]) == ("one-beginning", 1)
    assert row["examples"] == ["example 3 of c3: 2 of them"]


def test_a_sequence_is_found_by_whole_ids_and_side_by_side() -> None:
    table = examples(BUILT(Vocabulary, "qwen"), "question-answer")
    repeated = table.with_columns(
        prompt_ids=pl.lit(pl.Series([[9, 12, 1, 2, 1, 2, 11, 23]])).first()
    )
    for ids, times in {(1, 2): 2, (2, 1): 1, (1, 23): 0, (1, 2, 3): 0, (2, 11, 2): 0}.items():
        missed = {} if times == 1 else {"one-opening": ROWS}
        assert counted(repeated, Added(None, opening=ids)) == missed


def test_a_prompt_of_a_text_that_answers_is_longer_than_what_was_asked() -> None:
    table = examples(BUILT(Vocabulary, "qwen"), "question-answer")
    short = table.with_columns(pl.col("prompt_ids").list.tail(4))
    added = Added(None)
    assert judged(table, "question-answer", added)["passed"].all()
    rows = judged(short, "question-answer", added).filter(~pl.col("passed"))
    assert rows["rule"].to_list() == ["prompt-length"]
