"""The ends found are those of the profile likelihood, and a region without one is not given one."""

import numpy as np
import pytest
from made_up_laws import LAWS, SIZES, noisy
from scipy.optimize import brentq, minimize_scalar

from calibration.statistics.forms import power, shifted_power, with_constant
from calibration.statistics.projection import Problem, minimum, projected
from calibration.statistics.ragged import Floats
from calibration.statistics.regions import Unbounded, ends, region


def problem(name: str, noise: float, form=power) -> Problem:  # noqa: ANN001
    values = noisy(name, noise)
    return Problem(form(SIZES[:, None]), SIZES[:, None], values, 1 / values)


def misfit(found: Problem, theta: Floats) -> float:
    return float(projected(found, theta[None]).misfit[0])


def test_the_grid_and_the_polish_find_the_bottom() -> None:
    found = problem("power_const", 0.01, with_constant(power))
    known = minimize_scalar(
        lambda b: misfit(found, np.array([b])), bounds=(-1, -0.05), method="bounded"
    )
    assert minimum(found)[0] == pytest.approx(known.x, abs=1e-5)
    assert misfit(found, minimum(found)) <= known.fun


def test_an_exponent_ends_where_the_misfit_has_risen_by_what_is_allowed() -> None:
    found = problem("power_const", 0.01, with_constant(power))
    best = minimum(found)
    limit = misfit(found, best) + 3e-4
    span = ends(
        region(found, best, allowed=3e-4), lambda theta, c, root: (theta, np.zeros_like(theta))
    )[0]
    for end, far in zip(span, (best[0] - 0.4, best[0] + 0.25), strict=True):
        known = brentq(lambda b: misfit(found, np.array([b])) - limit, best[0], far)
        assert end == pytest.approx(known, abs=1e-4)


def test_a_linear_parameter_ends_where_the_fit_with_it_held_has_risen_so() -> None:
    found = problem("power_const", 0.01, with_constant(power))
    best = minimum(found)
    limit = misfit(found, best) + 3e-4
    constant = ends(
        region(found, best, allowed=3e-4),
        lambda theta, c, root: (c[:, :1], np.linalg.norm(root, axis=2)[:, :1]),
    )[0]

    def held(value: float) -> float:
        """The misfit with the constant held, the others free: a power law of the rest."""
        rest = Problem(power(SIZES[:, None]), found.x, found.values - value, found.whitener)
        return misfit(rest, minimum(rest))

    for end in constant:
        assert held(end) == pytest.approx(limit, rel=1e-3)


def test_a_bent_region_of_two_directions_is_followed_to_its_ends() -> None:
    made = LAWS["power_shift_const"]
    values = noisy("power_shift_const", 0.001)
    form = with_constant(shifted_power)
    found = Problem(form(made.x[:, None]), made.x[:, None], values, 1 / values)
    best = minimum(found)
    allowed = 16 * 0.001**2
    span = ends(
        region(found, best, allowed=allowed), lambda theta, c, root: (theta, np.zeros_like(theta))
    )
    limit = misfit(found, best) + allowed
    for end in span[1]:
        along = minimize_scalar(
            lambda shift, end=end: misfit(found, np.array([shift, end])),
            bounds=(best[0] - 2, best[0] + 2),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert along.fun == pytest.approx(limit, rel=0.02)


def test_a_region_that_runs_to_the_edge_has_no_end() -> None:
    found = problem("power", 0.01)
    with pytest.raises(Unbounded) as refused:
        region(found, minimum(found), allowed=1e3)
    assert refused.value.directions == (0,)


def test_a_constant_that_runs_away_has_no_end() -> None:
    found = problem("power", 0.01, with_constant(power))
    best = minimum(found)
    flat = misfit(found, np.array([1e-3])) - misfit(found, best)
    region(found, best, allowed=0.9 * flat)
    with pytest.raises(Unbounded) as refused:
        region(found, best, allowed=1.1 * flat)
    assert refused.value.directions == ()
