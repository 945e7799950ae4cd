"""Tokens at the edge of a truncation: counted, few, and in no other statistic of the gate."""

import math

import numpy as np
import polars as pl
import pytest

from calibration.edges import MOST, edge_difference
from calibration.engine.decoding import Decoding
from calibration.statistics.consistency import (
    agrees_in_32_bits,
    replay_consistency,
    summary_gate,
)
from calibration.tables import REPLAY
from expectations.replay import beside_samples, replay_rules
from expectations.rules import Case

TEXTS, STEPS = 64, 100
MIXED, PURE = Decoding(top_p=0.95, mixture=0.01), Decoding(top_p=0.95, mixture=0)


def replay(edges: dict[int, float]) -> pl.DataFrame:
    """A replay of uniform draws that agrees but for some tokens, moved by so many nats."""
    generator = np.random.default_rng(3)
    weights = generator.dirichlet(np.ones(5), size=(TEXTS, STEPS))
    entropy = -(weights * np.log(weights)).sum(axis=2)
    place = (generator.random((TEXTS, STEPS, 1)) > weights.cumsum(axis=2)).sum(axis=2).clip(max=4)
    log_prob = np.log(np.take_along_axis(weights, place[:, :, None], axis=2))[:, :, 0]
    moved = log_prob.copy()
    for number, by in edges.items():
        moved[divmod(number, STEPS)] += by
    columns = {
        "cluster": [f"{row}" for row in range(TEXTS)],
        "example": range(TEXTS),
        "entropy": entropy.tolist(),
        "log_prob": log_prob.tolist(),
        "replayed_entropy": entropy.tolist(),
        "replayed_log_prob": moved.tolist(),
    }
    return pl.DataFrame(columns, schema=REPLAY)


def broken(table: pl.DataFrame, decoding: Decoding) -> set[str]:
    samples = table.select("cluster", "example", "entropy", "log_prob")
    rules = replay_rules(table, samples, precision="float32", decoding=decoding)
    facts = Case(beside_samples(table, samples), rules).facts.row(0, named=True)
    return {
        rule.name
        for rule in rules
        if rule.severity == "fail"
        and not (rule.low or 0)
        <= facts[rule.name]
        <= (math.inf if rule.high is None else rule.high)
    }


def test_a_temperature_has_no_edge() -> None:
    assert edge_difference(Decoding(0.9), "float32") == math.inf
    assert edge_difference(MIXED, "float32") < edge_difference(MIXED, "bfloat16")


@pytest.mark.parametrize("by", [-4.6, 4.6, -math.inf])
def test_what_is_at_the_edge_is_counted_and_changes_nothing_else(by: float) -> None:
    edge = edge_difference(MIXED, "float32")
    known, found = (
        replay_consistency(replay(edges), edge=edge) for edges in ({}, {7: by, 812: by})
    )
    assert (known.edges, found.edges) == (0, 2)
    assert found.tokens == known.tokens
    assert agrees_in_32_bits(found)
    assert found.not_finite == 0
    assert found.mean == pytest.approx(known.mean, abs=0.001)
    gate = summary_gate(replay({7: by}), edge=edge).row(0, named=True)
    assert gate["edges"] == 1
    assert gate["largest_difference"] < 1e-4


def test_few_tokens_at_the_edge_pass_and_many_do_not() -> None:
    allowed = int(MOST["float32"] * TEXTS * STEPS)
    places = np.random.default_rng(4).choice(TEXTS * STEPS, size=allowed + 1, replace=False)
    few = dict.fromkeys(places[:-1].tolist(), -4.6)
    assert broken(replay(few), MIXED) == set()
    assert broken(replay(dict.fromkeys(places.tolist(), -4.6)), MIXED) == {"few-at-the-edge"}
    assert "replay-agrees" in broken(replay(few), Decoding())


def test_a_token_outside_is_the_edge_of_a_pure_sampler_alone() -> None:
    outside = replay({7: -math.inf})
    assert broken(outside, PURE) == set()
    assert broken(outside, MIXED) == {"replay-finite"}
    assert {"replay-finite", "replay-agrees"} <= broken(outside, Decoding())


def test_a_value_that_is_no_number_is_no_edge() -> None:
    assert {"replay-finite", "replay-agrees", "replay-mean"} <= broken(replay({7: math.nan}), PURE)


def test_where_every_token_is_at_the_edge_the_gate_is_told_so() -> None:
    table = replay(dict.fromkeys(range(TEXTS * STEPS), -4.6))
    assert replay_consistency(table, edge=1e-4).edges == TEXTS * STEPS
    assert "few-at-the-edge" in broken(table, MIXED)
