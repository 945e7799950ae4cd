"""The published data sets on rows written by hand: instruction, context and text, byte for byte."""

from typing import Any

import pytest

from calibration.published_texts import (
    article,
    detokenized,
    problem,
    protocol,
    solution,
    story,
    story_prompt,
)
from calibration.sources import CodeContestsSource, WikitextSource, WritingPromptsSource
from calibration.text import SourceText, text_digest

PROMPT = (
    "[ WP ] You 're the last lamp on the pier . Tonight , a ship answers , once , and signals : "
    "`` We 've come for the keeper , if he is n't gone yet . ''"
)
PLAIN_PROMPT = (
    "You're the last lamp on the pier . Tonight, a ship answers, once, and signals: "
    "\"We've come for the keeper, if he isn't gone yet.\""
)
STORY = (
    "`` I ca n't , '' she said ( twice ) .\n\n  \"No\" was all he 'd gon na say ;\tit was 50 % off "
    "-- at $ 3 , 000 !\n"
)
PLAIN_STORY = (
    '"I can\'t," she said (twice). "No" was all he\'d gonna say; it was 50% off--at $3, 000!'
)
DESCRIPTION = "Sum two numbers.\n\nInput\n\nTwo numbers a and b.\n\nExample\n\nInput\n\n1 2\n"
LONGEST = '#include <cstdio>\nint main() {\n    puts("");\n}'


def told(prompt: str | None = PROMPT, text: str | None = STORY) -> dict[str, object]:
    return {"prompt": prompt, "story": text}


def posed(*solutions: str | None, description: str | None = DESCRIPTION) -> dict[str, object]:
    held = {"language": [3] * len(solutions), "solution": list(solutions)}
    return {"description": description, "solutions": held}


def test_an_article_is_continued_as_it_is() -> None:
    text = " = Title = \n \n" + "An article @-@ with its marks , untouched .\n" * 6
    assert article({"text": text}) == SourceText(text_digest(text), "", text)


@pytest.mark.parametrize(("length", "kept"), [(199, False), (200, True)])
def test_an_article_has_200_characters_not_bytes(length: int, kept: bool) -> None:
    assert (article({"text": "é" * length}) is not None) == kept


def test_a_story_answers_an_instruction_with_its_prompt() -> None:
    found = story(told())
    assert found == SourceText(
        cluster=text_digest(PLAIN_PROMPT),
        context=f"Write a story based on the following prompt: {PLAIN_PROMPT}",
        text=PLAIN_STORY,
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("[ WP ] A door opens .", "A door opens."),
        ("[ W P ]  A door opens .", "A door opens."),
        ("what comes before [ WP ] A door opens .", "A door opens."),
        ("[ W P ] one [ WP ] A door opens .", "A door opens."),
        ("[\nWP ]\nA door opens .", "A door opens."),
        ("[ EU ] A door opens .", "[EU] A door opens."),
        ("A door opens .", "A door opens."),
    ],
)
def test_a_prompt_begins_after_its_mark(written: str, plain: str) -> None:
    assert story_prompt(told(written)) == plain


def test_stories_of_one_prompt_are_one_cluster() -> None:
    first, second = (story(told(text=text)) for text in ("One .", "Another ."))
    other = story(told("[ WP ] Another prompt ."))
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.cluster == second.cluster != other.cluster
    assert first.text != second.text


@pytest.mark.parametrize(
    "row", [told("[ WP ] "), told(""), told(None), told(text=" \n"), told(text=None)]
)
def test_a_story_without_a_prompt_or_words_is_left_out(row: dict[str, object]) -> None:
    assert story(row) is None


def test_text_that_was_never_taken_apart_keeps_its_quotes() -> None:
    plain = """He said, "No." "Why?" she asked. "I don't (want to): it's 50% off--no?\""""
    assert detokenized(plain) == plain


def test_words_that_were_taken_apart_join_again() -> None:
    assert detokenized("do n't I 'll She 's can not gim me") == "don't I'll She's cannot gimme"
    assert detokenized(" [ a ] ( b ) \n c ... d ") == "[a] (b) c...d"
    assert detokenized("") == ""


def test_a_solution_stands_in_a_fence_and_answers_its_problem() -> None:
    found = solution(posed("print(1)", f"\n{LONGEST}\n\n", "int x;"))
    assert found == SourceText(
        cluster=text_digest(DESCRIPTION),
        context=(
            "Write code to solve the following coding problem that obeys the constraints and "
            "passes the example test cases. The output code needs to read from and write to "
            "standard IO. Please wrap your code answer using ```:\n"
            "Sum two numbers.\n\nInput\n\nTwo numbers a and b.\n\nExample\n\nInput\n\n1 2\n"
        ),
        text='```#include <cstdio>\nint main() {\n    puts("");\n}```',
    )


@pytest.mark.parametrize(
    ("solutions", "chosen"),
    [
        (("short", "no ascii: é, and long", "longer"), "longer"),
        (("first", "other"), "first"),
        (("padded   \n\n", "unpadded"), "padded"),
    ],
)
def test_the_longest_solution_in_ascii_is_taken(solutions: tuple[str, ...], chosen: str) -> None:
    found = solution(posed(*solutions))
    assert found is not None
    assert found.text == f"```{chosen}```"


@pytest.mark.parametrize(
    "row",
    [
        posed("ok", description="See <image> here."),
        posed("ok", description="See [Image] here."),
        posed("ok", description=None),
        posed("é"),
        posed(" \n"),
        posed(),
        {"description": DESCRIPTION, "solutions": None},
        {"description": DESCRIPTION, "solutions": {"solution": None}},
    ],
)
def test_problems_with_pictures_and_without_solutions_are_left_out(row: dict[str, object]) -> None:
    assert solution(row) is None


@pytest.mark.parametrize("tag", ["[image]", "<Image>", "image"])
def test_other_words_are_no_pictures(tag: str) -> None:
    assert problem(posed("ok", description=tag)) == tag


@pytest.mark.parametrize("kind", ["wikitext", "writingprompts", "codecontests"])
def test_the_quick_name_of_a_cluster_is_that_of_the_text(kind: str) -> None:
    sources: dict[str, Any] = {
        "wikitext": (WikitextSource(kind="wikitext"), {"text": "word " * 50}),
        "writingprompts": (WritingPromptsSource(kind="writingprompts"), told()),
        "codecontests": (CodeContestsSource(kind="codecontests"), posed("ok")),
    }
    source, row = sources[kind]
    read_as = protocol(source)
    assert set(read_as.columns) == set(row)
    text = read_as.text(row)
    assert text is not None
    assert read_as.cluster(row) == text.cluster


@pytest.mark.parametrize(
    ("read", "row", "said"),
    [
        (article, {"text": 3}, "text was expected, found int in the column 'text'"),
        (story, {"prompt": ["a"], "story": "b"}, "found list in the column 'prompt'"),
        (solution, {"description": "a", "solutions": ["b"]}, "found none in 'solutions'"),
        (solution, posed("a", None), "found none in 'solutions'"),
    ],
)
def test_a_row_of_another_data_set_is_a_fault(read: Any, row: Any, said: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=said):
        read(row)
