"""The least value of convex functions whose answer is known."""

import math

import pytest

from calibration.engine.newton import Slope, least


def test_a_parabola_is_least_where_it_is() -> None:
    assert least(lambda x: Slope(2 * (x - 3), 2.0)) == pytest.approx(3, abs=1e-9)


@pytest.mark.parametrize("place", [-40.0, -0.3, 0.0, 7.0, 900.0])
def test_where_a_curve_is_flat_its_steps_come_home(place: float) -> None:
    """Newton alone runs away from x tanh x once it is a unit off."""

    def at(x: float) -> Slope:
        return Slope(math.tanh(x - place), 1 - math.tanh(x - place) ** 2)

    assert least(at) == pytest.approx(place, abs=1e-8)


def test_a_function_that_falls_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="one sign"):
        least(lambda x: Slope(-1 / (1 + abs(x)), 1e-9))
