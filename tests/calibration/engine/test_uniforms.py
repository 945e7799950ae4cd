import numpy as np

from calibration.engine.uniforms import uniforms


def test_a_longer_run_begins_with_the_shorter() -> None:
    short, long = (uniforms(3, "texts", example=7, steps=steps) for steps in (10, 1000))
    assert np.array_equal(short, long[:10])


def test_seed_content_and_example_each_change_every_number() -> None:
    base = uniforms(0, "a", example=0, steps=50)
    for other in (
        uniforms(1, "a", example=0, steps=50),
        uniforms(0, "b", example=0, steps=50),
        uniforms(0, "a", example=1, steps=50),
    ):
        assert not np.isin(base, other).any()


def test_the_first_uniforms_of_a_key_never_change() -> None:
    first = uniforms(0, "speeches", example=0, steps=2).tolist()
    assert first == [0.6948575715867448, 0.529047722542262]
