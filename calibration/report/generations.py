"""Generations to read beside the human continuations of the same prompts, for the page.

Each token stands on a ground that is darker the more entropic the model was about it. How much is
shown follows from a budget of bytes; whoever wants every token exports them. The texts are a
model's and people's: they are escaped like every other text of the page.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from calibration.report.page import Html, element, escaped, folded, joined
from calibration.report.wording import Row, count, loss, unsigned
from calibration.tables import MODEL_LABELS

STEPS: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)  # nats, where the ground grows darker
MOST_TOKENS: Final = 256  # of a text: about a screen; enough to see a loop or a derailing
ENOUGH_TOKENS: Final = 96  # of a text: with fewer, one text of a kind is read rather than two
FEWEST_TOKENS: Final = 48  # of a text: fewer would show neither
BUDGET: Final = 800_000  # bytes of all texts: a fifth of a page that opens at once
MARKUP: Final = 38  # bytes a token beside its text: its ground, its entropy and its loss
READ_DECIMALS: Final = 2
NEWLINE: Final = "↵\n"  # so that a newline has a ground, and breaks the line


class ToRead(NamedTuple):
    """READINGS as they are shown: each text cut after `tokens`."""

    readings: pl.DataFrame
    tokens: int

    def on(self, dataset: str) -> "ToRead":
        return self._replace(readings=self.readings.filter(pl.col("dataset") == dataset))


def within_budget(readings: pl.DataFrame) -> ToRead:
    """As many tokens of each text as the budget of a page allows, and as many texts."""
    if _tokens_of_budget(readings) < ENOUGH_TOKENS:
        readings = readings.unique([*MODEL_LABELS, "chosen_as"], keep="first", maintain_order=True)
    tokens = max(FEWEST_TOKENS, min(MOST_TOKENS, _tokens_of_budget(readings)))
    return ToRead(readings, tokens)


def _tokens_of_budget(readings: pl.DataFrame) -> int:
    sides = [readings.select(pl.col(side).explode()) for side in ("generated", "human")]
    pieces = [side.to_series().str.len_bytes() for side in sides]
    of_text = sum(int(side.sum()) for side in pieces) / max(1, sum(map(len, pieces)))
    return int(BUDGET / ((MARKUP + of_text) * max(1, 2 * len(readings))))


def scale_key() -> Html:
    """The grounds of the scale with their entropies, in nats."""
    limits = [f"below {STEPS[0]:g}"]
    limits += [f"{low:g} to {high:g}" for low, high in pairwise(STEPS)]
    limits += [f"{STEPS[-1]:g} or more"]
    swatches = [element("i", text, class_=f"e{level}") for level, text in enumerate(limits)]
    return element("p", "Entropy of a token, in nats: ", *_spaced(swatches), class_="key")


def generations(to_read: ToRead) -> Iterator[Html]:
    """The texts of each model, folded but for the first model's."""
    models = to_read.readings.group_by("model", maintain_order=True)
    for number, ((model,), rows) in enumerate(models):
        texts = [_reading(row, to_read.tokens) for row in rows.rows(named=True)]
        state = {} if number else {"open": ""}
        yield folded(f"{model}: {count(len(texts), 'text')}", *texts, **state)


def _reading(row: Row, tokens: int) -> Html:
    own = [_entropy(value) for value in row["generated_entropy"]]
    human = [
        f"{_entropy(value)}, loss {loss(lost, READ_DECIMALS)}"
        for value, lost in zip(row["human_entropy"], row["human_log_loss"], strict=True)
    ]
    return joined(
        Html("\n"),
        element("h4", f"{row['chosen_as']}, from {row['cluster']}"),
        element("p", row["prompt"], class_="prompt", dir="auto", tabindex="0"),
        element(
            "div",
            _side("own", row, column="generated", titles=own[:tokens]),
            _side("human", row, column="human", titles=human[:tokens]),
            class_="pair",
        ),
    )


def _side(whose: str, row: Row, *, column: str, titles: Sequence[str]) -> Html:
    pieces, entropies = row[column], row[f"{column}_entropy"]
    shown = zip(pieces[: len(titles)], entropies[: len(titles)], titles, strict=True)
    rest = len(pieces) - len(titles)
    mean = unsigned(sum(entropies) / len(entropies) if entropies else None, READ_DECIMALS)
    return element(
        "div",
        element("p", f"{whose}: {mean} nats a token over {count(len(pieces), 'token')}"),
        element("p", *(_token(*one) for one in shown), class_="read", dir="auto", tabindex="0"),
        *([element("p", f"… {count(rest, 'token')} more")] if rest else []),
        class_="side",
    )


def _token(piece: str, entropy: float, title: str) -> Html:
    text = piece.replace("\n", NEWLINE)
    level = bisect_right(STEPS, entropy)
    return Html(f'<i class=e{level} title="{title}">{escaped(text)}</i>')


def _entropy(value: float) -> str:
    return unsigned(value, READ_DECIMALS)


def _spaced(swatches: Sequence[Html]) -> Iterator[str]:
    for swatch in swatches:
        yield swatch
        yield " "
