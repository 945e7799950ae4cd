"""The registry says what it has, and names what it has not."""

import pytest

from calibration.statistics.laws import LAWS, NAMES, law_named


def test_there_are_ten_laws_each_with_a_source() -> None:
    assert len(set(NAMES)) == len(LAWS) == 10
    assert all("arXiv" in law.source for law in LAWS)


@pytest.mark.parametrize("law", LAWS, ids=NAMES)
def test_every_parameter_is_searched_for_or_follows(law) -> None:  # noqa: ANN001
    assert sorted(law.nonlinear + law.linear) == sorted(law.parameters)
    assert len(law.nonlinear) <= 2
    assert all(name in law.form for name in (*law.parameters, *law.variables))


@pytest.mark.parametrize("law", LAWS, ids=NAMES)
def test_the_fewest_points_leave_something_to_judge_by(law) -> None:  # noqa: ANN001
    assert law.min_points > len(law.parameters)


def test_an_unknown_law_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"power_const, .*rectified was expected, found 'chincila'"
    ):
        law_named("chincila")
    with pytest.raises(ValueError, match=r"did you mean chinchilla\?"):
        law_named("chincilla")
