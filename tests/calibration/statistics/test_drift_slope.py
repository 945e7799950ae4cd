"""The early slope of drift where it is known, and its errors by two routes."""

import numpy as np
import polars as pl
import pytest

from calibration.statistics.drift_slope import DriftSlope
from calibration.statistics.horizons import HorizonSums, horizon_sums, shared_lengths
from calibration.statistics.intervals import jackknife
from calibration.statistics.ragged import Floats
from calibration.statistics.stepwise import STEPWISE
from calibration.statistics.summaries import summary_examples

STEPS = 64


def measured(drift: Floats, *, noise: float = 0.0, texts: int = 30) -> HorizonSums:
    """Texts whose entropy on own text exceeds that on human text by `drift` at each step."""
    generator = np.random.default_rng(1)
    human = 2.0 + 0.1 * generator.standard_normal((texts, len(drift)))
    own = human + drift + noise * generator.standard_normal((texts, 1)) * np.arange(len(drift))
    ones = np.ones_like(human)
    lists = {"entropy": own, "log_loss": human, "teacher_entropy": human, "end_probability": ones}
    lists |= {"inside": ones} | {
        f"{what}_{side}": ones for what in ("tokens", "bytes") for side in ("generated", "human")
    }
    columns = {name: rows.tolist() for name, rows in lists.items()}
    rows = pl.DataFrame(
        {
            "cluster": [f"text {row:02d}" for row in range(texts)],
            "example": range(texts),
            "draw": [0] * texts,
            "end_step": [None] * texts,
            **columns,
        },
        schema=STEPWISE,
    )
    return horizon_sums(summary_examples(rows))


def slope(found: HorizonSums) -> float:
    of = DriftSlope(found.steps)
    return float(of.of(of.select(found).sum(axis=0)))


def test_a_drift_that_grows_evenly_has_its_slope() -> None:
    assert slope(measured(0.003 * np.arange(STEPS))) == pytest.approx(0.003, rel=1e-9)


def test_what_happens_after_the_first_quarter_does_not_matter() -> None:
    drift = 0.003 * np.arange(STEPS)
    late = np.where(np.arange(STEPS) < STEPS // 4, drift, 1.0)
    assert slope(measured(late)) == pytest.approx(slope(measured(drift)), rel=1e-9)


@pytest.mark.parametrize(("rate", "share"), [(1 / 1000, 0.912), (4 / 1000, 0.707)])
def test_a_drift_that_saturates_keeps_the_share_of_its_slope_that_is_stated(
    rate: float, share: float
) -> None:
    drift = 0.5 * (1 - np.exp(-rate * np.arange(1000)))
    found = slope(measured(drift, texts=3)) / (0.5 * rate)
    # The last horizon within a quarter lies up to a fifth short of it.
    assert share <= found <= share + 0.05


def test_too_few_steps_have_no_slope() -> None:
    assert np.isnan(slope(measured(np.zeros(4))))


def test_influence_and_jackknife_agree() -> None:
    found = measured(0.003 * np.arange(STEPS), noise=0.002)
    of = DriftSlope(found.steps)
    sums = of.select(found)
    interval = jackknife(sums, of.of)
    psi = of.influence(sums)
    assert psi.sum() == pytest.approx(0, abs=1e-12)
    assert interval.standard_error == pytest.approx(np.sqrt(psi @ psi / (30 * 29)), rel=1e-6)
    # The noise tilts each text by a normal of .002, and its sampling error shows.
    assert interval.standard_error == pytest.approx(0.002 / np.sqrt(30), rel=0.4)


def test_sums_of_shorter_texts_are_those_of_their_first_steps() -> None:
    drift = 0.003 * np.arange(STEPS)
    whole = measured(drift)
    half = whole.up_to(32)
    assert half.steps[-1] <= 32
    place = int(np.searchsorted(whole.steps, half.steps[-1]))
    assert half.sums[:, -1] == pytest.approx(whole.sums[:, place])


def test_at_most_eight_lengths_that_all_have_end_with_the_longest() -> None:
    found = shared_lengths([measured(np.zeros(1000), texts=2), measured(np.zeros(1000), texts=2)])
    assert len(found) == 8
    assert found[-1] == 1000
    assert np.ptp(np.diff(np.log(found[2:]))) < 0.3
