"""The root of EntCE: of a line where one reaches it, else of what was measured."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from calibration.errors import ModelError
from calibration.fitted_temperature import AROUND, FIRST, TRIES, Measure, root
from calibration.statistics.intervals import Interval

ERROR = 0.01


def measuring(ent_ce: Callable[[float], float], error: float = ERROR) -> Measure:
    def measure(temperatures: Sequence[float]) -> list[Interval]:
        return [Interval(ent_ce(one), error, np.nan, np.nan) for one in temperatures]

    return measure


def hides(temperature: float) -> float:
    """A step through 0 below .93, flat wherever lines are drawn at first."""
    return float(np.tanh(100 * (temperature - 0.93))) + 0.9


def test_the_zero_of_a_line_is_that_of_the_line() -> None:
    found = root(measuring(lambda one: 3 * (one - 0.96)))
    assert found.temperature == pytest.approx(0.96, abs=1e-9)
    assert found.standard_error == pytest.approx(ERROR / 3)


def test_where_no_line_reaches_its_zero_a_measured_temperature_is_calibrated() -> None:
    found = root(measuring(hides))
    # The three first, and lines of which none reached 0; then one at a time.
    assert len(found.path) > len(FIRST) + TRIES * len(AROUND)
    assert found.temperature == found.path[-1].temperature
    assert abs(hides(found.temperature)) <= ERROR


def test_a_jump_over_0_is_a_sentence() -> None:
    """Lines are drawn where it is flat, far from its jump, and the root there is none."""
    with pytest.raises(ModelError, match=r"expected near 0\.93, .*with an error of 0\.010: give"):
        root(measuring(lambda one: 3.0 if one > 0.93 else -0.1))


def test_with_one_cluster_the_first_half_is_taken() -> None:
    found = root(measuring(hides, error=float("nan")))
    assert len(found.path) == len(FIRST) + TRIES * len(AROUND) + 1
    assert np.isnan(found.standard_error)
