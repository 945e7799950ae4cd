"""Tokens and bytes under every end policy: the truth breaks no rule, a planted fault is named."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from worlds import (
    END_ID,
    KINDS,
    MIXED,
    PURE,
    WORLDS,
    judged_examples,
    judged_samples,
    judged_scores,
    judged_texts,
    world,
)

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from expectations.suites import texts_verdict

Broken = Callable[[pl.DataFrame], dict[str, int]]
Row = dict[str, Any]
Change = Callable[[Row], Row]

PER_TOKEN = ("tokens", "entropy", "log_prob", "end_probability", "bytes")
POLICIES: tuple[AtEnd, ...] = ("continue", "stop", "natural")


def planted(table: pl.DataFrame, changes: dict[int, Change]) -> pl.DataFrame:
    """The table with other values in some rows."""
    rows = table.to_dicts()
    for place, change in changes.items():
        rows[place] |= change(rows[place])
    return pl.DataFrame(rows, schema=table.schema)


def rows_where(table: pl.DataFrame, holds: pl.Expr) -> list[int]:
    return table.select(holds.arg_true()).to_series().to_list()


def only(count: int) -> Change:
    """The first tokens of a text alone."""
    return lambda row: {name: row[name][:count] for name in PER_TOKEN}


def one_more(row: Row) -> Row:
    """The last token of a text once more."""
    return {name: [*row[name], row[name][-1]] for name in PER_TOKEN}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("unit", "at_end"), WORLDS)
def test_what_is_true_breaks_no_rule(unit: Unit, at_end: AtEnd, kind: str, broken: Broken) -> None:
    assert broken(KINDS[kind](world(unit, at_end))) == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoding", [MIXED, PURE], ids=lambda one: one.label)
@pytest.mark.parametrize(("unit", "at_end"), [WORLDS[0], WORLDS[2], WORLDS[4]])
def test_what_is_true_of_truncated_decodings_breaks_no_rule(
    unit: Unit, at_end: AtEnd, decoding: Decoding, kind: str, broken: Broken
) -> None:
    found = world(unit, at_end, decoding=decoding)
    assert not found.scores["inside"].explode().all()
    assert broken(KINDS[kind](found)) == {}


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_under_natural_a_generation_may_be_longer_than_the_human_text(
    unit: Unit, broken: Broken
) -> None:
    found = world(unit, "natural")
    human = found.examples.select("example", pl.col("continuation_ids").list.len().alias("human"))
    longer = found.samples.join(human, on="example").filter(
        pl.col("tokens").list.len() > pl.col("human")
    )
    assert not longer.is_empty()
    assert broken(judged_samples(found, found.samples)) == {}


def test_texts_cut_short_by_a_context_are_counted_and_only_warned_of(broken: Broken) -> None:
    examples = world("bytes", "continue").examples
    tokens = pl.col("prompt_ids").list.len() + pl.col("continuation_ids").list.len()
    narrow = world("bytes", "continue", context=examples.select(tokens.max()).item())
    cut = narrow.samples["bytes"].list.sum() < narrow.examples["window"]
    assert 0.01 < cut.mean() < 0.9  # type: ignore[operator]
    verdict = judged_samples(narrow, narrow.samples)
    assert broken(verdict) == {"few-cut-short": 0}
    assert verdict.filter(rule="few-cut-short")["severity"].item() == "warn"


def test_in_bytes_a_text_that_stops_for_no_reason_is_named(broken: Broken) -> None:
    found = world("bytes", "continue")
    short = planted(found.samples, dict.fromkeys(range(5, 9), only(1)))
    assert broken(judged_samples(found, short)) == {"fills-window": 4, "few-cut-short": 0}


@pytest.mark.parametrize("at_end", POLICIES)
def test_in_bytes_nothing_follows_the_token_that_fills_the_window(
    at_end: AtEnd, broken: Broken
) -> None:
    found = world("bytes", at_end)
    last_spells = pl.col("bytes").list.last() > 0
    chosen = rows_where(found.samples, ~pl.col("ended") & last_spells)[:3]
    beyond = planted(found.samples, dict.fromkeys(chosen, one_more))
    assert broken(judged_samples(found, beyond)) == {"stops-at-window": 3}


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_under_natural_a_text_is_short_only_by_an_end(unit: Unit, broken: Broken) -> None:
    found = world(unit, "natural")
    ended = rows_where(found.samples, pl.col("ended") & (pl.col("tokens").list.len() == 2))
    silent = planted(found.samples, {ended[0]: lambda _: {"ended": False}})
    named = broken(judged_samples(found, silent))
    assert named.pop("few-cut-short", None) == (0 if unit == "bytes" else None)  # 1 of 80
    assert named == {"ended-by-end-token": 1, "fills-window": 1}


@pytest.mark.parametrize("at_end", ["stop", "natural"])
def test_an_end_likelier_than_all_end_ids_is_named(at_end: AtEnd, broken: Broken) -> None:
    found = world("tokens", at_end)
    ended = rows_where(found.samples, pl.col("ended"))
    less = planted(
        found.samples,
        {
            place: lambda row: {"end_probability": [mass / 2 for mass in row["end_probability"]]}
            for place in ended
        },
    )
    assert broken(judged_samples(found, less)) == {"end-among-ends": len(ended)}


def test_a_human_end_likelier_than_all_end_ids_is_named(broken: Broken) -> None:
    found = world("bytes", "natural")
    ended = rows_where(found.examples, pl.col("continuation_ids").list.last() == END_ID)
    less = found.scores.with_columns(pl.col("end_probability") * 0.5)
    assert broken(judged_scores(found, less.cast(found.scores.schema))) == {  # type: ignore[arg-type]
        "end-among-ends": len(ended)
    }


def test_in_tokens_a_window_that_its_continuation_does_not_have_is_named(broken: Broken) -> None:
    found = world("tokens", "natural")
    has_ended = pl.col("continuation_ids").list.last() == END_ID
    ended, going = (rows_where(found.examples, one) for one in (has_ended, ~has_ended))
    faults: dict[int, Change] = {
        # A text that ends has its whole window, not only what it fills; the others do not.
        ended[0]: lambda row: {"window": row["window"] - 1},
        ended[1]: lambda row: {"continuation_bytes": [*row["continuation_bytes"][:-1], 1]},
        going[0]: lambda row: {"window": len(row["continuation_ids"]) + 1},
    }
    assert broken(judged_examples(found, planted(found.examples, faults))) == {"window-fits": 3}


def test_in_bytes_a_window_beside_its_last_token_is_named(broken: Broken) -> None:
    found = world("bytes", "natural")
    has_ended = pl.col("continuation_ids").list.last() == END_ID
    ended, going = (rows_where(found.examples, one) for one in (has_ended, ~has_ended))
    faults: dict[int, Change] = {
        ended[0]: lambda row: {"window": sum(row["continuation_bytes"])},
        going[0]: lambda row: {"window": sum(row["continuation_bytes"]) + 1},
        going[1]: lambda row: {"window": sum(row["continuation_bytes"][:-1])},
        going[2]: lambda _: {"window": 0},
        going[3]: lambda _: {"prompt_ids": []},
    }
    assert broken(judged_examples(found, planted(found.examples, faults))) == {
        "window-fits": 4,
        "prompt-length": 1,
    }


def test_a_human_text_that_goes_on_after_its_end_is_named(broken: Broken) -> None:
    found = world("tokens", "natural")
    ended = rows_where(found.examples, pl.col("continuation_ids").list.last() == END_ID)
    twice = planted(
        found.examples,
        {ended[0]: lambda row: {"continuation_ids": [END_ID, *row["continuation_ids"][1:]]}},
    )
    assert broken(judged_examples(found, twice)) == {"nothing-after-the-end": 1}


def test_texts_of_which_none_ends_warn(broken: Broken) -> None:
    found = world("bytes", "natural")
    going = found.examples.filter(pl.col("continuation_ids").list.last() != END_ID)
    verdict = judged_examples(found, going)
    assert "some-texts-end" in broken(verdict)
    assert set(verdict.filter(~pl.col("passed"))["severity"]) == {"warn"}


def test_a_text_with_nothing_after_its_prompt_but_its_end_is_an_example(broken: Broken) -> None:
    found = world("tokens", "natural")
    bare: dict[int, Change] = {
        0: lambda _: {"continuation_ids": [END_ID], "continuation_bytes": [0], "window": 12}
    }
    assert broken(judged_examples(found, planted(found.examples, bare))) == {}


def test_passages_taken_as_independent_are_clusters(broken: Broken) -> None:
    texts = world("tokens", "continue").texts
    passage = pl.format("{}, passage {}", "cluster", "example")
    asked = {"span_bytes": 100, "examples": 80, "independent": "passages"}
    assert broken(texts_verdict(texts.with_columns(cluster=passage), **asked)) == {}  # type: ignore[arg-type]
    shared = rows_where(texts, pl.col("cluster").is_duplicated())
    assert broken(texts_verdict(texts, **asked)) == {  # type: ignore[arg-type]
        "passages-are-clusters": len(shared)
    }


def test_a_short_span_that_its_text_goes_on_after_warns(broken: Broken) -> None:
    found = world("tokens", "continue")
    short = rows_where(found.texts, pl.col("bytes") < 50)[:3]
    cut = planted(found.texts, dict.fromkeys(short, lambda _: {"ends": False}))
    verdict = judged_texts(found, cut)
    assert broken(verdict) == {"cut-where-full": 3}
    assert verdict.filter(rule="cut-where-full")["severity"].item() == "warn"
