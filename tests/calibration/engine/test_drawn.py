import numpy as np
import pytest

from calibration.engine.drawn import Drawn
from calibration.engine.language import NotNumbers
from calibration.engine.stops import Stops


def drawn(steps: list[int], *, ids: tuple[int, ...] = (0,), numbers: list[int]) -> Drawn:
    asked = np.full(len(steps), np.inf)
    return Drawn(np.array(numbers), Stops(np.array(steps), asked, None, ids))


def add(to: Drawn, rows: list[int], tokens: list[list[int]], entropy: float = 0.5) -> None:
    """Values of a step are told apart by their token."""
    ids = np.array(tokens, dtype=np.int32)
    values = np.stack([ids + entropy, -ids - 0.25, ids / 8]).astype(np.float32)
    to.append(np.array(rows), ids, values)


def test_rows_are_kept_by_their_numbers_and_cut_to_the_steps_that_count() -> None:
    made = drawn([4, 4, 2], numbers=[3, 5, 9])
    add(made, [3, 5, 9], [[1, 2], [3, 0], [4, 5]])
    assert made.going().tolist() == [3]
    assert sorted(made.finished()) == [5, 9]
    add(made, [3], [[6, 7]])
    found = made.finished()
    assert [found[number].tokens.tolist() for number in (3, 5, 9)] == [[1, 2, 6, 7], [3, 0], [4, 5]]
    assert [found[number].ended for number in (3, 5, 9)] == [False, True, False]
    assert found[3].entropy.tolist() == [1.5, 2.5, 6.5, 7.5]
    assert found[5].log_prob.tolist() == [-3.25, -0.25]
    assert found[9].end_probability.tolist() == [0.5, 0.625]


def test_a_row_of_no_steps_is_finished_before_it_begins() -> None:
    made = drawn([0, 3], numbers=[0, 1])
    assert [len(one.tokens) for one in made.finished().values()] == [0]
    assert not made.finished()[0].ended
    assert made.going().tolist() == [1]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", range(3))
def test_the_first_step_without_numbers_is_named_by_row_and_step(kind: int, value: float) -> None:
    made = drawn([9, 9], numbers=[4, 7])
    add(made, [4, 7], [[1, 1], [1, 1]])
    values = np.zeros((3, 2, 3), dtype=np.float32)
    values[kind, 0, 2] = values[kind, 1, 1:] = value
    with pytest.raises(NotNumbers) as refused:
        made.append(np.array([4, 7]), np.ones((2, 3), dtype=np.int32), values)
    assert (refused.value.row, refused.value.step) == (7, 3)


def test_what_a_row_yields_after_its_end_is_nobodys_fault() -> None:
    made = drawn([9, 2], numbers=[0, 1])
    values = np.zeros((3, 2, 4), dtype=np.float32)
    values[0, 0, 2:] = values[0, 1, 2:] = np.nan
    made.append(np.array([0, 1]), np.array([[1, 0, 1, 1], [1, 1, 1, 1]], dtype=np.int32), values)
    assert sorted(made.finished()) == [0, 1]
