"""The gate passes exact chains and refuses planted faults, however they reach the table."""

import math
from dataclasses import astuple, dataclass, replace

import numpy as np
import polars as pl
import pytest
from gate import refused_by_martingale
from numpy.typing import NDArray

from calibration.statistics.consistency import (
    agrees_in_16_bits,
    agrees_in_32_bits,
    allowed_bias,
    refuses,
    replay_consistency,
    warns,
)
from calibration.statistics.ragged import Floats
from calibration.tables import REPLAY

TEXTS, STEPS, STATES = 64, 40, 12
END = 0  # the token that ends a text, where texts end


@dataclass(frozen=True)
class Chain:
    """A Markov chain whose next-token distributions are known exactly."""

    rows: Floats  # (states, states), the distribution after each token

    def entropies(self, temperature: float = 1.0) -> Floats:
        powered = self.rows ** (1 / temperature)
        powered = powered / powered.sum(axis=1, keepdims=True)
        entropy: Floats = -(powered * np.log(powered)).sum(axis=1)
        return entropy

    def sampled(self, generator: np.random.Generator, texts: int) -> NDArray[np.int64]:
        """The first token is the prompt.  # (texts, STEPS + 1)"""
        cumulative = self.rows.cumsum(axis=1)
        tokens = np.zeros((texts, STEPS + 1), dtype=np.int64)
        tokens[:, 0] = generator.integers(1, STATES, texts)
        for step in range(STEPS):
            draws = generator.random((texts, 1)) * cumulative[tokens[:, step], -1:]
            tokens[:, step + 1] = (cumulative[tokens[:, step]] <= draws).sum(axis=1)
        return tokens


def chain(seed: int, concentration: float = 0.5) -> Chain:
    rows = np.random.default_rng(seed).dirichlet(np.full(STATES, concentration), STATES) + 1e-4
    return Chain(rows / rows.sum(axis=1, keepdims=True))


def replayed(
    entropy: Floats, log_prob: Floats, noise: Floats | float = 0.0, clusters: int | None = None
) -> pl.DataFrame:
    """A REPLAY table of (texts, steps) arrays; `noise` is what the sampler adds to both."""
    texts = len(entropy)
    names = [f"text {row % (clusters or texts)}" for row in range(texts)]
    columns = {
        "entropy": entropy + noise,
        "log_prob": log_prob + noise,
        "replayed_entropy": entropy,
        "replayed_log_prob": log_prob,
    }
    lists = {name: pl.Series(np.array(values)).arr.to_list() for name, values in columns.items()}
    table = pl.DataFrame({"cluster": names, "example": range(texts), **lists})
    return table.select(pl.col(name).cast(kind) for name, kind in REPLAY.items())


def walked(model: Chain, tokens: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Entropy and log probability of every step, at temperature 1."""
    before, after = tokens[:, :-1], tokens[:, 1:]
    return model.entropies()[before], np.log(model.rows[before, after])


def test_two_hundred_clean_runs_are_not_refused() -> None:
    model = chain(0)
    zs = []
    for seed in range(200):
        tokens = model.sampled(np.random.default_rng(seed), TEXTS)
        found = replay_consistency(replayed(*walked(model, tokens)))
        assert not refused_by_martingale(found)
        assert agrees_in_32_bits(found)
        assert agrees_in_16_bits(found)
        zs.append((found.mean_z, found.covariance_z))
    # The larger of two errors is taken, so that z is a little tighter than a normal.
    assert np.all(np.abs(np.mean(zs, axis=0)) < 0.3)
    assert np.all((np.std(zs, axis=0) > 0.75) & (np.std(zs, axis=0) < 1.1))


@pytest.mark.parametrize("clusters", [1, 2, 5])
def test_clean_runs_of_few_texts_are_not_refused(clusters: int) -> None:
    model = chain(1)
    for seed in range(60):
        tokens = model.sampled(np.random.default_rng(seed), TEXTS)
        assert not refused_by_martingale(
            replay_consistency(replayed(*walked(model, tokens), clusters=clusters))
        )


def test_entropy_at_another_temperature_is_refused() -> None:
    model = chain(2)
    tokens = model.sampled(np.random.default_rng(0), TEXTS)
    _, log_prob = walked(model, tokens)
    found = replay_consistency(replayed(model.entropies(0.9)[tokens[:, :-1]], log_prob))
    assert found.mean_z > 5
    assert refused_by_martingale(found)


def test_a_wrong_temperature_is_refused_though_there_are_few_texts() -> None:
    model = chain(2)
    tokens = model.sampled(np.random.default_rng(0), TEXTS)
    _, log_prob = walked(model, tokens)
    entropy = model.entropies(0.8)[tokens[:, :-1]]
    assert refused_by_martingale(replay_consistency(replayed(entropy, log_prob, clusters=4)))


def test_entropies_that_slipped_by_one_are_refused() -> None:
    model = chain(3)
    tokens = model.sampled(np.random.default_rng(0), TEXTS)
    entropy, log_prob = walked(model, tokens)
    found = replay_consistency(replayed(entropy[:, 1:], log_prob[:, :-1]))
    assert refuses(found.covariance_z, found.covariance, standard_error=found.entropy_se)


def test_survivors_alone_are_refused() -> None:
    rows = chain(4).rows.copy()
    rows[:, END] = 0.02
    rows /= rows.sum(axis=1, keepdims=True)
    model = Chain(rows)
    tokens = model.sampled(np.random.default_rng(0), 1500)
    survivors = tokens[(tokens != END).all(axis=1)]
    assert 0.3 < len(survivors) / len(tokens) < 0.6
    found = replay_consistency(replayed(*walked(model, survivors)))
    assert found.mean_z < -5
    assert refused_by_martingale(found)
    assert not refused_by_martingale(replay_consistency(replayed(*walked(model, tokens))))


def test_a_stale_prefix_is_seen_in_the_differences() -> None:
    model = chain(5)
    tokens = model.sampled(np.random.default_rng(0), TEXTS)
    entropy, log_prob = walked(model, tokens)
    table = replayed(entropy, log_prob)
    stale = table.with_columns(entropy=pl.Series(np.roll(entropy, 1, axis=1)).arr.to_list())
    found = replay_consistency(stale.cast({"entropy": pl.List(pl.Float32)}))
    assert not agrees_in_32_bits(found)
    assert found.largest_entropy_difference > 0.1
    assert found.first_step_difference > 0.1


def test_rounding_agrees_in_16_bits_and_not_in_32() -> None:
    model = chain(6)
    generator = np.random.default_rng(0)
    noise = 0.01 * generator.standard_normal((TEXTS, STEPS))
    found = replay_consistency(
        replayed(*walked(model, model.sampled(generator, TEXTS)), noise=noise)
    )
    assert agrees_in_16_bits(found)
    assert not agrees_in_32_bits(found)
    assert 0.03 < found.percentile_difference < 0.05
    assert abs(found.trend_z) < 4


def test_one_text_agrees_in_16_bits_when_the_difference_is_too_small_to_matter() -> None:
    model = chain(6)
    walk = walked(model, model.sampled(np.random.default_rng(0), 1))
    assert agrees_in_16_bits(replay_consistency(replayed(*walk, noise=np.full((1, STEPS), 1e-4))))
    assert not agrees_in_16_bits(
        replay_consistency(replayed(*walk, noise=np.full((1, STEPS), 3e-3)))
    )


def test_differences_that_grow_with_the_step_are_refused() -> None:
    model = chain(7)
    noise = np.broadcast_to(np.linspace(-0.05, 0.05, STEPS), (TEXTS, STEPS)) + 0.001 * (
        np.random.default_rng(1).standard_normal((TEXTS, STEPS))
    )
    tokens = model.sampled(np.random.default_rng(0), TEXTS)
    found = replay_consistency(replayed(*walked(model, tokens), noise=noise))
    assert found.trend == pytest.approx(0.1, rel=0.01)
    assert found.trend_z > 5
    assert found.mean_entropy_difference == pytest.approx(0.0, abs=1e-3)
    assert not agrees_in_16_bits(found)


def test_the_numbers_of_a_small_table_are_those_of_its_definitions() -> None:
    table = pl.DataFrame(
        {
            "cluster": ["a", "b"],
            "example": [0, 1],
            "entropy": [[1.0, 2.0], [3.0]],
            "log_prob": [[-1.0, -1.0], [-4.0]],
            "replayed_entropy": [[1.0, 2.5], [2.75]],
            "replayed_log_prob": [[-1.5, -1.0], [-4.0]],
        },
        schema=REPLAY,
    )
    found = replay_consistency(table)
    assert (found.tokens, found.clusters, found.not_finite) == (3, 2, 0)
    assert found.largest_entropy_difference == 0.5
    assert found.largest_log_prob_difference == 0.5
    assert found.first_step_difference == 0.25
    assert found.mean_entropy_difference == pytest.approx(-0.25 / 3)
    assert found.mean_log_prob_difference == pytest.approx(0.5 / 3)
    surprise = np.array([0.5, -1.5, 1.25])
    entropy = np.array([1.0, 2.5, 2.75])
    assert found.mean == pytest.approx(surprise.mean())
    assert found.covariance == pytest.approx(
        np.cov(surprise, entropy, ddof=0)[0, 1] / entropy.std() + 0.0
    )
    martingale = np.sqrt((surprise**2).sum())
    clustered = np.sqrt(2 * 2 * (surprise[2] - surprise.mean()) ** 2)
    assert found.mean_z == pytest.approx(surprise.sum() / max(martingale, clustered))
    assert found.detectable == pytest.approx(5 * max(martingale, clustered) / 3)
    assert found.entropy_se == pytest.approx(2 * 1.0 / 3)


def test_a_certain_model_is_consistent() -> None:
    found = replay_consistency(replayed(np.zeros((8, 5)), np.zeros((8, 5))))
    assert not refused_by_martingale(found)
    assert (found.mean_z, found.covariance_z, found.trend_z) == (0, 0, 0)


def test_uniform_predictions_are_consistent() -> None:
    entropy = np.full((8, 5), math.log(50))
    assert not refused_by_martingale(replay_consistency(replayed(entropy, -entropy)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("column", ["entropy", "log_prob", "replayed_entropy", "replayed_log_prob"])
def test_a_value_that_is_not_finite_never_passes(column: str, value: float) -> None:
    model = chain(8)
    table = replayed(*walked(model, model.sampled(np.random.default_rng(0), 8)))
    spoiled = table[column].to_list()
    spoiled[3][2] = value
    table = table.with_columns(pl.Series(column, spoiled, dtype=pl.List(pl.Float32)))
    found = replay_consistency(table)
    assert found.not_finite == 1
    assert not agrees_in_32_bits(found)
    assert not agrees_in_16_bits(found)
    assert refused_by_martingale(found) == column.startswith("replayed")


def test_a_missing_value_never_passes() -> None:
    table = replayed(np.ones((2, 2)), -np.ones((2, 2)))
    holed = pl.Series([[1.0, None], [1.0, 1.0]], dtype=pl.List(pl.Float32))
    found = replay_consistency(table.with_columns(replayed_entropy=holed))
    assert found.not_finite == 1
    assert refused_by_martingale(found)


def test_a_bias_is_refused_only_beyond_chance_and_when_it_matters() -> None:
    assert refuses(6.0, 0.01, standard_error=0.05)
    assert not refuses(6.0, 0.01, standard_error=0.5)  # small beside the error of EntCE
    assert not refuses(60.0, 0.001, standard_error=0.001)  # small beside any EntCE
    assert not refuses(4.0, 0.1, standard_error=0.05)
    assert warns(-4.0, -0.1, standard_error=0.05)
    assert not warns(3.0, 0.1, standard_error=0.05)


def test_what_is_not_known_excuses_nothing() -> None:
    assert allowed_bias(math.nan) == 0.002
    assert refuses(6.0, 0.01, standard_error=math.nan)
    assert refuses(math.nan, 0.0, standard_error=0.1)
    assert refuses(0.0, math.nan, standard_error=0.1)
    assert refuses(math.inf, 1.0, standard_error=0.1)


def test_agreement_needs_every_token() -> None:
    model = chain(9)
    found = replay_consistency(replayed(*walked(model, model.sampled(np.random.default_rng(0), 8))))
    assert agrees_in_32_bits(found)
    assert not agrees_in_32_bits(replace(found, largest_log_prob_difference=2e-4))
    assert all(math.isfinite(value) for value in astuple(found))


def test_lists_of_different_lengths_and_empty_tables_are_refused_in_one_sentence() -> None:
    table = replayed(np.ones((2, 2)), -np.ones((2, 2)))
    short = pl.Series([[1.0, 1.0], [1.0]], dtype=pl.List(pl.Float32))
    with pytest.raises(ValueError, match="entropy and log_prob differ in example 1"):
        replay_consistency(table.with_columns(log_prob=short))
    with pytest.raises(ValueError, match="at least one replayed token"):
        replay_consistency(table[:0])
