"""Generations to read: every token with its entropy, escaped, and no more than a page can hold."""

import re
from itertools import pairwise

import polars as pl
import pytest
from made_up_study import DATASET, made_up_study

from calibration.report.generations import (
    BUDGET,
    FEWEST_TOKENS,
    MOST_TOKENS,
    STEPS,
    ToRead,
    generations,
    scale_key,
    within_budget,
)
from calibration.report.results import READINGS
from calibration.report.style import SCALE

HOSTILE = ["</i><script>", "\x00", "\u202e", '" onmouseover="', "line\n", "&amp;"]


def reading(**values: object) -> pl.DataFrame:
    row = {
        "model": "m",
        "dataset": "d",
        "decoding": "temperature 1",
        "chosen_as": "typical",
        "cluster": "c",
        "example": 0,
        "prompt": "To begin",
        "generated": ["one", " two"],
        "generated_entropy": [0.25, 3.5],
        "human": ["a", " b"],
        "human_entropy": [1.0, 6.0],
        "human_log_loss": [0.5, 9.0],
    }
    return pl.DataFrame([row | values], schema=READINGS)


def shown(readings: pl.DataFrame, tokens: int = MOST_TOKENS) -> str:
    return "".join(generations(ToRead(readings, tokens)))


def test_each_token_says_its_entropy_and_on_human_text_its_loss() -> None:
    page = shown(reading())
    assert '<i class=e0 title="0.25">one</i><i class=e4 title="3.50"> two</i>' in page
    assert '<i class=e2 title="1.00, loss 0.50">a</i>' in page
    assert '<i class=e6 title="6.00, loss 9.00"> b</i>' in page


@pytest.mark.parametrize(("entropy", "level"), [(0.0, 0), (0.49, 0), (0.5, 1), (5.9, 5), (11, 6)])
def test_a_ground_is_darker_the_higher_the_entropy(entropy: float, level: int) -> None:
    assert f"<i class=e{level} " in shown(reading(generated_entropy=[entropy, entropy]))


def test_the_key_has_a_swatch_for_every_ground() -> None:
    assert re.findall(r'class="e(\d)"', scale_key()) == [str(i) for i in range(len(SCALE))]
    assert len(STEPS) == len(SCALE) - 1


def test_grounds_grow_darker_in_grey() -> None:
    grounds = [tuple(bytes.fromhex(ground[1:])) for ground, _ in SCALE]
    grey = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in grounds]
    assert all(after < before - 10 for before, after in pairwise(grey))


@pytest.mark.parametrize(("ground", "ink"), SCALE)
def test_ink_can_be_read_on_its_ground(ground: str, ink: str) -> None:
    light, dark = sorted((luminance(ground), luminance(ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA


def luminance(colour: str) -> float:
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_what_a_model_wrote_never_becomes_markup() -> None:
    page = shown(
        reading(
            prompt="".join(HOSTILE),
            cluster="<b>",
            generated=HOSTILE,
            generated_entropy=[1.0] * len(HOSTILE),
        )
    )
    assert "<script" not in page
    assert "<b>" not in page
    assert not re.search(r'<[^>]*onmouseover="', page)
    assert not re.search("[\x00\u202e]", page)
    assert "⟨U+202E⟩" in page


def test_a_newline_is_seen_and_breaks_the_line() -> None:
    assert ">.↵\n</i>" in shown(reading(generated=[".\n", "x"]))


def test_a_text_is_cut_and_says_how_much_is_left() -> None:
    long = reading(generated=["x"] * 9, generated_entropy=[1.0] * 8 + [9.0])
    page = shown(long, tokens=4)
    assert page.count(">x</i>") == 4
    assert "… 5 tokens more" in page
    assert "own: 1.89 nats a token over 9 tokens" in page


def test_a_text_of_no_token_is_shown_empty() -> None:
    page = shown(reading(generated=[], generated_entropy=[]))
    assert "own: undetermined nats a token over 0 tokens" in page


def test_only_the_first_model_is_unfolded() -> None:
    two = pl.concat([reading(), reading(model="other")])
    assert re.findall(r"<details( open)?", shown(two)) == [" open", ""]


def test_few_texts_are_shown_as_they_are() -> None:
    readings = made_up_study().tables.readings
    to_read = within_budget(readings)
    assert to_read.tokens == MOST_TOKENS
    assert to_read.readings.equals(readings)
    assert to_read.on(DATASET).readings.equals(readings)
    assert to_read.on("letters").readings.is_empty()


@pytest.mark.parametrize("models", [10, 40, 60])
def test_many_texts_keep_to_the_budget(models: int) -> None:
    one = made_up_study().tables.readings.head(6)
    many = pl.concat(one.with_columns(model=pl.lit(f"model {number}")) for number in range(models))
    to_read = within_budget(many)
    assert FEWEST_TOKENS <= to_read.tokens < MOST_TOKENS
    tokens = re.findall("<i .*?</i>", shown(*to_read), flags=re.DOTALL)
    assert 0.7 * BUDGET < sum(len(token.encode()) for token in tokens) < 1.05 * BUDGET


def test_where_texts_would_be_too_short_one_of_a_kind_is_read() -> None:
    one = made_up_study().tables.readings.head(6)
    many = pl.concat(one.with_columns(model=pl.lit(f"model {number}")) for number in range(40))
    kept = within_budget(many).readings
    assert kept.group_by("model").len()["len"].unique().to_list() == [3]
    assert kept["chosen_as"][:3].to_list() == ["typical", "most derailed", "most looping"]


def test_no_readings_take_no_room() -> None:
    assert within_budget(pl.DataFrame(schema=READINGS)).readings.is_empty()
