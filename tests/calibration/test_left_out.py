"""Why a model was left out: the same words on every machine and at every try."""

import polars as pl

from calibration.left_out import left_out_lines, left_out_sentence, left_out_table, reason
from calibration.recipes import Absent

PLACES = {"/home/a/m1": "its directory", "m1": "its directory", "/home/a/s.yaml": ""}
ABSENT = (Absent(model="m1", why="it is gated"), Absent(model="m7", why="it is gone"))


def said(sentence: str) -> str:
    return reason(sentence, model="m1", places=PLACES)


def test_places_of_a_machine_become_words() -> None:
    assert said("model 'm1': no /home/a/m1/config.json: mend it") == (
        "no its directory/config.json: mend it"
    )
    assert said("m1: it does not load") == "its directory: it does not load"
    assert said("/home/a/s.yaml: data set 'x': too long") == "data set 'x': too long"


def test_a_place_inside_another_word_is_left_alone() -> None:
    assert said("see /home/b/m1, m1-large and /home/a/m12") == (
        "see /home/b/m1, m1-large and /home/a/m12"
    )


def test_addresses_and_what_is_free_today_are_not_told() -> None:
    address = f"samples/ab/{'0af9' * 16}"
    assert said(f"refused. What was made is kept at {address}, and no more") == (
        "refused. What was made is kept in the store, and no more"
    )
    tries = [
        said(f"its weights take 3.0 GB, and {free} GB were found free on 1 device")
        for free in ("1.2", "2.9")
    ]
    assert tries == ["its weights take 3.0 GB, and less was found free on 1 device"] * 2


def test_a_sentence_of_several_lines_is_one_line() -> None:
    assert said("it does\nnot  load") == "it does not load"


def test_models_left_out_are_lines_a_table_and_a_sentence() -> None:
    assert left_out_lines(ABSENT) == ["m1 left out: it is gated", "m7 left out: it is gone"]
    assert left_out_table(ABSENT).rows() == [("m1", "it is gated"), ("m7", "it is gone")]
    assert left_out_table(()).schema == {"model": pl.String(), "why": pl.String()}
    assert left_out_sentence(ABSENT, asked=9).startswith(
        "all of 9 models were expected to be measured, found 2 left out ('m1', 'm7'): mend"
    )
