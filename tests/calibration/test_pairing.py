"""Which measurements belong together, and what is said of those that do."""

import pytest
from made_up_summaries import summary
from small_recipes import EXAMPLES, SAMPLES, SUMMARY, changed

from calibration.errors import InputError
from calibration.pairing import (
    COMPARED,
    Label,
    compared_lines,
    compared_rows,
    differences_in_protocol,
    pairs,
    require_one_unit,
)
from calibration.recipes import SummaryRecipe
from calibration.statistics.comparison import comparison

A = Label("small", "letters", "temperature 1")
COOLER = A._replace(decoding="temperature 0.9")
LARGE = A._replace(model="large")


def under(**fields: object) -> SummaryRecipe:
    """The summary of other samples."""
    return changed(SUMMARY, samples=changed(SAMPLES, **fields))


def test_measurements_pair_by_model_data_set_and_decoding() -> None:
    found = pairs([A, COOLER], [COOLER, LARGE])
    assert found.pairs == ((COOLER, COOLER),)
    assert (found.alone_a, found.alone_b) == ((A,), (LARGE,))


def test_one_model_each_pairs_whatever_it_is_called() -> None:
    found = pairs([A, COOLER], [LARGE, LARGE._replace(decoding="temperature 0.9")])
    assert [(one.decoding, other.decoding) for one, other in found.pairs] == [
        ("temperature 1", "temperature 1"),
        ("temperature 0.9", "temperature 0.9"),
    ]


def test_a_single_measurement_each_pairs() -> None:
    other = Label("large", "speeches", "temperature 0.5")
    assert pairs([A], [other]).pairs == ((A, other),)


def test_names_are_never_guessed_where_there_are_several() -> None:
    here = [A, A._replace(model="medium")]
    there = [LARGE, A._replace(model="huge")]
    with pytest.raises(InputError, match=r"same model, data set and decoding .* small on letters"):
        pairs(here, there)


def test_differing_units_are_refused_in_a_sentence() -> None:
    in_bytes = under(examples=changed(EXAMPLES, unit="bytes"))
    with pytest.raises(InputError, match="found tokens in A and bytes in B: set the same `unit`"):
        require_one_unit(SUMMARY, in_bytes, title="small on letters")
    assert require_one_unit(in_bytes, in_bytes, title="") == "bytes"


def test_a_row_a_quantity_holds_both_values_and_the_interval() -> None:
    texts = ["a", "b", "c"]
    found = comparison(
        summary(texts, entropy=[2.0, 2.5, 3.0]), summary(texts, entropy=[2.5, 2.5, 4.0])
    )
    rows = compared_rows(A, LARGE, found, unit="tokens")
    assert rows.schema == COMPARED
    first = rows.row(0, named=True)
    assert (first["model_a"], first["model_b"], first["quantity"]) == ("small", "large", "ent_ce")
    assert first["difference"] == pytest.approx(first["b"] - first["a"]) == pytest.approx(0.5)
    assert (first["shared"], first["paired"]) == (3, True)
    assert first["low"] < first["difference"] < first["high"]


def test_what_is_undefined_is_null_and_a_word() -> None:
    found = comparison(summary(["a"], entropy=[2.0]), summary(["b"], entropy=[2.5]))
    row = compared_rows(A, A, found, unit="tokens").row(0, named=True)
    assert (row["se"], row["low"], row["high"]) == (None, None, None)
    lines = list(compared_lines(A, A, found, unit="bytes"))
    assert lines[0] == "small on letters at temperature 1"
    assert "nats per byte" in lines[1]
    assert "not paired: 0 source texts shared of 1 in A and 1 in B" in lines[1]
    assert lines[3].split() == ["EntCE", "+0.2000", "+0.7000", "+0.5000", "[undetermined]"]


def test_what_else_differs_is_said_in_sentences() -> None:
    assert differences_in_protocol(SUMMARY, SUMMARY) == []
    longer = under(examples=changed(EXAMPLES, continuation=9, tokenizer="t1"), at_end="stop")
    notes = differences_in_protocol(SUMMARY, longer)
    assert ["4 + 8 tokens in A and 4 + 9 in B" in notes[0], "tokenizers" in notes[1]] == [True] * 2
    assert notes[2] == "`at_end` is continue in A and stop in B"
    in_bytes = changed(EXAMPLES, unit="bytes")
    other = changed(in_bytes, tokenizer="t1")
    assert differences_in_protocol(under(examples=in_bytes), under(examples=other)) == []
