"""What a decoding gains over temperatures at equal EntCE, where it is known."""

import numpy as np
import polars as pl
import pytest
from made_up_summaries import summary

from calibration.statistics.equal_ent_ce import gain

TEXTS = [f"text {number}" for number in range(12)]
UNEVEN = np.random.default_rng(5).normal(0, 0.3, len(TEXTS))  # what a text does to all decodings


def at(ent_ce: float, log_loss: float, texts: list[str] = TEXTS) -> pl.DataFrame:
    """A decoding whose EntCE and log loss are these, by as much more on one text as on another."""
    losses = log_loss + UNEVEN[: len(texts)]
    return summary(texts, entropy=losses + ent_ce, log_loss=losses)


def along(ent_ce: float) -> float:
    return 1.8 + 0.5 * (ent_ce - 0.1) ** 2


PATH = [at(one, along(one)) for one in (0.3, 0.1, -0.1)]


@pytest.mark.parametrize("ent_ce", [0.29, 0.2, 0.0, -0.09])
def test_a_known_gain_over_a_parabola_is_found_without_error(ent_ce: float) -> None:
    found = gain(at(ent_ce, along(ent_ce) - 0.02), PATH)
    assert found.temperatures == 3
    assert found.inside
    assert found.difference.value == pytest.approx(-0.02)
    # What a text does to all of them cancels.
    assert found.difference.standard_error == pytest.approx(0, abs=1e-9)


def test_a_temperature_of_the_path_gains_nothing() -> None:
    assert gain(PATH[1], PATH).difference.value == pytest.approx(0, abs=1e-12)


def test_what_a_parabola_misses_is_told() -> None:
    """Of three a line through the outer two is above the middle; a parabola misses none of four."""
    aim = at(0.2, along(0.2))
    assert gain(aim, PATH).path_error == pytest.approx(0.5 * 0.2**2)
    assert gain(aim, [*PATH, at(0.4, along(0.4))]).path_error == pytest.approx(0, abs=1e-12)


def test_a_cubic_is_missed_by_more_where_a_temperature_is_left_out() -> None:
    path = [at(one, 1.8 + one**3) for one in (-0.3, -0.1, 0.1, 0.3)]
    found = gain(at(0.2, 1.8 + 0.2**3), path)
    assert found.path_error == pytest.approx(0.016)  # (.1 + .3)(.1 + .1)(.3 - .1)
    assert abs(found.difference.value) < found.path_error


def test_far_temperatures_bend_nothing() -> None:
    far = [at(-2.0, 9.0), at(-3.0, 30.0)]
    near = [*PATH, at(0.2, along(0.2))]
    aim = at(0.05, along(0.05) - 0.01)
    assert gain(aim, [*far, *near]).difference.value == pytest.approx(-0.01)


def test_beyond_the_path_it_is_said() -> None:
    found = gain(at(0.5, 1.9), PATH)
    assert found.inside is False
    assert found.difference.value == pytest.approx(1.9 - along(0.5))


def test_the_nearest_on_either_side_is_always_of_the_path() -> None:
    crowd = [at(one, along(one)) for one in (0.1, 0.0, -0.1, -0.2, -0.3)]
    found = gain(at(0.12, along(0.12)), [*crowd, at(3.0, 99.0)])
    assert found.path_error > 0.1  # without the far one there is none


@pytest.mark.parametrize("path", [[], PATH[:1], PATH[:2], [*PATH[:2], *PATH[:2]]])
def test_two_temperatures_are_no_path(path: list[pl.DataFrame]) -> None:
    found = gain(at(0.2, 1.8), path)
    assert found.inside is None
    assert found.temperatures == min(len(path), 2)
    assert np.isnan([found.difference.value, found.path_error]).all()


def test_only_texts_of_all_are_compared() -> None:
    """A text that one side lacks would be a difference of texts, not of decodings."""
    more = summary([*TEXTS, "one more"], entropy=9.0, log_loss=8.0)
    wider = pl.concat([PATH[0], more.tail(1)])
    assert gain(at(0.0, along(0.0)), [wider, *PATH[1:]]).difference.value == pytest.approx(
        0, abs=1e-12
    )


def test_one_text_gives_no_interval() -> None:
    one = TEXTS[:1]
    path = [at(value, along(value), one) for value in (0.3, 0.1, -0.1)]
    found = gain(at(0.0, along(0.0) + 0.1, one), path)
    assert found.difference.value == pytest.approx(0.1)
    assert np.isnan(found.difference.low)


def test_what_differs_from_text_to_text_widens_the_interval() -> None:
    noise = np.random.default_rng(7).normal(0, 0.05, len(TEXTS))
    losses = along(0.0) - 0.01 + UNEVEN + noise
    found = gain(summary(TEXTS, entropy=losses, log_loss=losses), PATH)
    expected = (noise - noise.mean()).std(ddof=1) / np.sqrt(len(TEXTS))
    # Own EntCE is 0 on every text, so that only log losses differ.
    assert found.difference.standard_error == pytest.approx(expected, rel=1e-6)
