from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.engine.memory import (
    LOGIT_ARRAYS,
    MOST_ROWS,
    SHARE,
    TOKENS_AT_ONCE,
    rows_that_fit,
)


@settings(derandomize=True)
@given(
    free=st.integers(0, 1 << 40),
    cache_bytes=st.integers(1, 1 << 20),
    positions=st.integers(1, 1 << 14),
    vocabulary=st.integers(1, 1 << 18),
)
def test_what_fits_is_below_the_share_and_one_more_would_not_be(
    free: int, cache_bytes: int, positions: int, vocabulary: int
) -> None:
    rows = rows_that_fit(free, cache_bytes=cache_bytes, positions=positions, vocabulary=vocabulary)
    each = positions * cache_bytes + LOGIT_ARRAYS * 4 * vocabulary
    assert 1 <= rows <= MOST_ROWS
    assert rows == 1 or rows * each <= SHARE * free
    assert rows == MOST_ROWS or (rows + 1) * each > SHARE * free - 1


def test_a_seven_billion_llama_at_two_thousand_tokens_by_hand() -> None:
    # 32 layers of 32 heads of 128, keys and values in 2 bytes: half a mebibyte a token.
    cache = 2 * 32 * 32 * 128 * 2
    rows = rows_that_fit(80 * 10**9, cache_bytes=cache, positions=2_048, vocabulary=32_000)
    assert rows == int(0.7 * 80e9 / (2_048 * 524_288 + 40 * 32_000)) == 52


def test_candidates_lie_in_the_cache_and_keep_a_device_busy() -> None:
    """2,048 tokens and 72 candidates a text: as many bytes as a text of 2,120 tokens."""
    cache = 2 * 32 * 32 * 128 * 2
    rows = rows_that_fit(
        80 * 10**9, cache_bytes=cache, positions=2_048, vocabulary=32_000, candidates=72
    )
    assert rows == int(0.7 * 80e9 / (2_120 * 524_288 + 40 * 32_000)) == 50
    busy = rows_that_fit(1 << 40, cache_bytes=1, positions=1, vocabulary=1, candidates=72)
    assert busy == TOKENS_AT_ONCE // 72 < MOST_ROWS
