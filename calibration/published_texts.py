"""The three data sets of Cao, Valiant and Liang (2025), a row at a time, read as they read them.

A row is what the hub gives: columns by name. What becomes of it is a text with its context and
cluster, or None where the published protocol leaves the row out. Selection comes later.

Hard line breaks are not undone here: articles have none, stories lose every line break to the
published cleaning, and in code they mean something.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from calibration.sources import (
    CodeContestsSource,
    PublishedSource,
    WikitextSource,
    WritingPromptsSource,
)
from calibration.text import SourceText, text_digest

Row = Mapping[str, object]

SHORTEST_ARTICLE: Final = 200  # characters: what is left out are headings and disambiguations
STORY_INSTRUCTION: Final = "Write a story based on the following prompt: "
# How the forum marks a prompt, after its words were taken apart. Its other marks, such as [ EU ],
# say what kind of story is asked for, and stay.
PROMPT_TAGS: Final = ("[ W P ]", "[ WP ]")
CODE_INSTRUCTION: Final = (
    "Write code to solve the following coding problem that obeys the constraints and passes the "
    "example test cases. The output code needs to read from and write to standard IO. Please wrap "
    "your code answer using ```:"
)
IMAGE_TAGS: Final = ("<image>", "[Image]")  # of a problem that cannot be told in words
FENCE: Final = "```"


class Protocol(NamedTuple):
    """How the rows of a data set are read: what is asked of each, and what becomes of it.

    Both give None for a row that is left out, and raise ValueError for one that is of another data
    set. `asked` is quick, and names the cluster; it may find fault with fewer rows.
    """

    columns: tuple[str, ...]
    asked: Callable[[Row], str | None]
    text: Callable[[Row], SourceText | None]

    def cluster(self, row: Row) -> str | None:
        """The name of the cluster that a row is of."""
        asked = self.asked(row)
        return None if asked is None else text_digest(asked)


def protocol(source: PublishedSource) -> Protocol:
    """How a published data set is read."""
    match source:
        case WikitextSource():
            return Protocol(("text",), _article, article)
        case WritingPromptsSource():
            return Protocol(("prompt", "story"), story_prompt, story)
        case CodeContestsSource():
            return Protocol(("description", "solutions"), problem, solution)


def article(row: Row) -> SourceText | None:
    """An article of at least 200 characters, as it is, under a cluster of its own."""
    text = _article(row)
    return None if text is None else SourceText(text_digest(text), "", text)


def _article(row: Row) -> str | None:
    text = _text(row, "text")
    return text if text is not None and len(text) >= SHORTEST_ARTICLE else None


def story(row: Row) -> SourceText | None:
    """A story as an answer to its prompt, which is its cluster; their words joined again."""
    prompt, told = story_prompt(row), _text(row, "story")
    if prompt is None or told is None or not told.strip():
        return None
    return SourceText(text_digest(prompt), STORY_INSTRUCTION + prompt, detokenized(told))


def story_prompt(row: Row) -> str | None:
    """What a story was asked for: the prompt after its mark."""
    prompt = _text(row, "prompt")
    if prompt is None:
        return None
    # The marks first: afterwards they are [WP], and the published code, which looks for them
    # there, leaves them in.
    words = " ".join(prompt.split())
    for tag in PROMPT_TAGS:
        words = words.partition(tag)[2] if tag in words else words
    return detokenized(words) or None


def detokenized(text: str) -> str:
    """The text with its Treebank tokens (ca n't) joined; line breaks too are one space.

    A full stop that stands apart inside a text stays apart, as it did in the published study.
    """
    return _detokenize()(text.split())


@cache
def _detokenize() -> Callable[[list[str]], str]:
    from nltk.tokenize.treebank import TreebankWordDetokenizer  # half a second of imports

    detokenize: Callable[[list[str]], str] = TreebankWordDetokenizer().detokenize
    return detokenize


def solution(row: Row) -> SourceText | None:
    """The longest solution in ASCII, of any language, in a fence, as an answer to its problem.

    The problem is its cluster. Of solutions of one length it is the first.
    """
    description, solutions = problem(row), _solutions(row)
    usable = [one for one in solutions if one.isascii() and one.strip()]
    if description is None or not usable:
        return None
    answer = f"{FENCE}{max(usable, key=len).strip()}{FENCE}"
    return SourceText(text_digest(description), f"{CODE_INSTRUCTION}\n{description}", answer)


def problem(row: Row) -> str | None:
    """The description of a problem that needs no picture."""
    description = _text(row, "description")
    if description is None or any(tag in description for tag in IMAGE_TAGS):
        return None
    return description


def _solutions(row: Row) -> list[str]:
    """The hub gives solutions beside the languages they are in, as columns of one column."""
    match row["solutions"]:
        case None | {"solution": None}:
            return []
        case {"solution": list(solutions)} if all(isinstance(one, str) for one in solutions):
            return solutions
    raise ValueError("a list of texts was expected under `solution`, found none in 'solutions'")


def _text(row: Row, column: str) -> str | None:
    """The text of a column; None where there is none, or only white space."""
    value = row[column]
    if value is None:
        return None
    if not isinstance(value, str):
        found = type(value).__name__
        raise ValueError(f"text was expected, found {found} in the column {column!r}")
    return value if value.strip() else None
