"""A covariance of many texts stays as it is; one of few becomes simple, never impossible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.statistics.ragged import Floats
from calibration.statistics.shrinkage import sampling_of, shrunk, text_degrees

DECAY: Floats = np.array(
    [[0.6 ** abs(i - j) * (i + 1) * (j + 1) for j in range(5)] for i in range(5)]
)


def test_many_texts_are_believed() -> None:
    assert shrunk(DECAY, 1e9) == pytest.approx(DECAY)


def test_few_texts_leave_one_variance_and_one_correlation() -> None:
    noisy = np.array([[1.0, 0.5, 0.3], [0.5, 1.4, 0.4], [0.3, 0.4, 0.8]])
    found = shrunk(noisy, 5)
    pairs = ~np.eye(3, dtype=bool)
    assert np.diag(found) == pytest.approx([np.diag(noisy).mean()] * 3)
    correlations = noisy[pairs] / np.sqrt(np.outer(np.diag(noisy), np.diag(noisy)))[pairs]
    assert found[pairs] == pytest.approx([correlations.mean() * np.diag(noisy).mean()] * 6)


@given(st.integers(0, 10_000), st.integers(3, 7), st.integers(2, 40))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_covariance_of_any_few_texts_can_be_inverted(seed: int, models: int, texts: int) -> None:
    influences = np.random.default_rng(seed).standard_normal((texts, models))
    covariance = influences.T @ influences / texts**2
    found = sampling_of(covariance, np.ones(models), clusters=texts)
    for one in found:
        assert np.linalg.eigvalsh(one)[0] > 0
    assert np.linalg.cond(found.trusted) <= np.linalg.cond(found.estimated) * (1 + 1e-9)


def test_an_exact_covariance_is_trusted() -> None:
    found = sampling_of(DECAY, np.ones(5), clusters=None)
    assert found.trusted is found.estimated


def test_each_contrast_of_the_weights_costs_a_text() -> None:
    assert text_degrees(20, 7) == 14
    assert text_degrees(20, 3) == 18
    assert text_degrees(4, 7) == 1
    assert text_degrees(None, 7) is None
