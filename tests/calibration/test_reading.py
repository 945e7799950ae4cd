"""Texts to read are chosen by their entropy and spelled one piece a token."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.reading import pieces, readings
from calibration.tables import EXAMPLES, SAMPLES, SCORES, SUMMARY_READINGS


def tables(texts: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    keys = {"cluster": [f"c{row}" for row in range(texts)], "example": list(range(texts))}
    ids = [[65 + row] for row in range(texts)]
    values = [[float(row)] for row in range(texts)]
    samples = {"tokens": ids, "entropy": values, "log_prob": values, "end_probability": values}
    samples |= {"bytes": [[1]] * texts, "ended": [False] * texts}
    scores = {"log_loss": values, "entropy": values, "end_probability": values}
    scores |= {"inside": [[True]] * texts}
    examples = {"prompt_ids": ids, "continuation_ids": ids, "continuation_bytes": [[1]] * texts}
    examples["window"] = [1] * texts
    return (
        pl.DataFrame(keys | samples, schema=SAMPLES),
        pl.DataFrame(keys | scores, schema=SCORES),
        pl.DataFrame(keys | examples, schema=EXAMPLES),
    )


def chosen(texts: int) -> pl.DataFrame:
    found = tables(texts)
    means = found[0].select("example", entropy=pl.col("entropy").list.first())
    return readings(*found, texts=means, token=lambda index: bytes([index]))


def test_the_ends_and_the_middle_are_chosen() -> None:
    found = chosen(20)
    assert found.schema == SUMMARY_READINGS
    assert dict(found.group_by("chosen_as").agg(pl.col("example").sort()).iter_rows()) == {
        "typical": [9, 10],
        "most derailed": [18, 19],
        "most looping": [0, 1],
    }
    first = found.row(0, named=True)
    assert first["prompt"] == "J"
    assert first["generated"] == first["human"] == ["J"]
    assert first["generated_entropy"] == first["human_log_loss"] == [9.0]


def test_few_texts_are_each_shown_once() -> None:
    for texts in (1, 2, 3, 5):
        assert sorted(chosen(texts)["example"]) == list(range(texts))[: len(chosen(texts))]
        assert chosen(texts)["example"].is_unique().all()


def test_a_character_of_several_tokens_stands_at_the_last_of_them() -> None:
    first, second, third = (bytes([byte]) for byte in "日".encode())
    assert pieces([b"a", first, second, third, b"b"]) == ["a", "", "", "日", "b"]
    assert pieces([b"a", first]) == ["a", "\ufffd"]
    assert pieces([]) == []


@given(st.text(max_size=40), st.integers(1, 4))
@settings(deadline=None, derandomize=True)
def test_pieces_together_are_the_text(text: str, width: int) -> None:
    raw = text.encode()
    tokens = [raw[start : start + width] for start in range(0, len(raw), width)]
    assert "".join(pieces(tokens)) == text
    assert len(pieces(tokens)) == len(tokens)
