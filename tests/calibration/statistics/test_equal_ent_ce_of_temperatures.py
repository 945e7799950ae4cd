"""A temperature never dominates temperature, whichever others it is set against; a gain does."""

import warnings

import pytest
from made_up_temperatures import World

from calibration.report.calibrated_section import outcome
from calibration.statistics.equal_ent_ce import Gain, calibrated_row

WORLDS = [World(seed) for seed in range(12)]
LABELS = dict.fromkeys(("model", "dataset", "decoding", "unit"), "one") | {"kind": "one_step"}
STUDY = (1.0, 1.05, 0.95, 0.9, 0.953, 1.002)  # as a study has it, fitted temperatures and all


def verdict(found: Gain) -> str:
    return outcome(calibrated_row(LABELS, found).row(0, named=True))


@pytest.mark.parametrize("own", [0.975, 0.93, 0.953, 0.952, 1.001])
def test_a_temperature_gains_nothing_over_a_studys_own(own: float) -> None:
    found = [world.gain(own, STUDY) for world in WORLDS]
    assert not [one for one in found if verdict(one) in ("yes", "no: higher")]
    assert all(abs(one.difference.value) < 0.002 for one in found)


@pytest.mark.parametrize(
    ("own", "path"),
    [
        (0.95, (1.0, 0.9, 0.8)),
        (0.95, (1.0, 0.7, 0.6)),
        (0.65, (1.0, 0.7, 0.6)),
        (0.85, (1.0, 0.7, 0.4)),
        (0.6, (1.0, 0.8, 0.4, 0.3)),
        (0.95, (1.0, 0.9, 0.8, 0.85, 1.05)),
        (0.95, (1.0, 0.9, 0.902, 0.5)),
        (0.95, (1.05, 1.0, 0.9, 0.2)),
        (0.6, (1.05, 1.0, 0.95, 0.9, 0.85, 0.3)),
    ],
)
def test_nor_where_the_others_are_far_apart(own: float, path: tuple[float, ...]) -> None:
    assert "yes" not in [verdict(world.gain(own, path)) for world in WORLDS]


@pytest.mark.parametrize(
    ("own", "path"),
    [
        (0.9, (1.0, 0.8)),
        (0.93, (1.0, 0.8, 1.0)),
        (0.95, (1.0, 0.9, 0.902)),
        (0.95, (1.0, 0.85, 0.851)),
        (0.95, (1.0, 0.8, 0.801, 1.0)),
    ],
)
def test_two_temperatures_said_twice_are_two(own: float, path: tuple[float, ...]) -> None:
    found = WORLDS[0].gain(own, path)
    assert verdict(found) == "not known beside 2 distinct temperatures"
    assert found.inside is None


def test_a_temperature_said_twice_changes_nothing() -> None:
    once, twice = (1.0, 0.8, 0.9), (1.0, 0.8, 0.9, 1.0, 0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a singular fit
        assert WORLDS[0].gain(0.93, twice) == WORLDS[0].gain(0.93, once)


def test_near_duplicates_cost_no_precision() -> None:
    plain = [world.gain(0.975, STUDY[:4]).difference.standard_error for world in WORLDS]
    found = [world.gain(0.975, STUDY).difference.standard_error for world in WORLDS]
    assert sum(found) < 1.25 * sum(plain)


def test_a_known_gain_is_found_over_a_studys_temperatures() -> None:
    found = [world.gain(0.975, STUDY, less=0.005) for world in WORLDS]
    assert {verdict(one) for one in found} == {"yes"}
    mean = sum(one.difference.value for one in found) / len(found)
    assert mean == pytest.approx(-0.005, abs=5e-4)


def test_three_temperatures_show_a_gain_beyond_what_a_line_misses() -> None:
    near, far = (1.0, 0.95, 0.9), (1.0, 0.7, 0.6)
    assert verdict(WORLDS[0].gain(0.97, near, less=0.02)) == "yes"
    assert verdict(WORLDS[0].gain(0.95, far, less=0.02)) == "not shown"
