"""What fewer tokens of the same text would have shown: types and singletons against m.

Exact expectations over samples of m of its M tokens without replacement (hypergeometric), from how
often each type occurs; nothing is drawn. This is the text itself and assumes no law.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from calibration.statistics.ragged import Floats, Indices

FEWEST_TOKENS = 100  # below, the singleton mass is near 1 and says nothing of the text
STEPS_A_DECADE = 6  # of a grid of m: enough for a curve that is straight or bends slowly


@dataclass(frozen=True)
class Rarefied:
    """Expectations at each m.  # (sizes,)

    `local_exponent` is d ln(K_{m,1}/m) / d ln m = -2 K_{m,2}/K_{m,1} (Good and Turing): the
    exponent at m, which is not that of any other m.
    """

    tokens: Indices  # m
    types: Floats  # K_m
    singleton_mass: Floats  # K_{m,1}/m
    local_exponent: Floats  # nan where nothing is seen once


def rarefied(totals: Indices, tokens: Indices) -> Rarefied:
    """Types, singleton mass and its local exponent at each m of `tokens`.

    E[K_{m,k}] = Σ_i C(n_i, k) C(M - n_i, m - k) / C(M, m), with n_i = `totals` > 0 and M their sum.
    ValueError for an m below 1 or above M.
    """
    whole = int(totals.sum())
    wrong = [m for m in tokens.tolist() if not 1 <= m <= whole]
    if wrong:
        raise ValueError(f"samples of 1 to {whole} tokens were expected, found {wrong[0]}")
    counts, types = np.unique(totals[totals > 0], return_counts=True)
    unseen, once, twice = (_expected(counts, types, tokens, times) for times in (0, 1, 2))
    slope = np.full(len(tokens), np.nan)
    np.divide(-2 * twice, once, out=slope, where=once > 0)
    # Where every type occurs once, rounding leaves 1 + 3e-14.
    mass = np.minimum(once / tokens, 1.0)
    return Rarefied(tokens, types.sum() - unseen, mass, slope)


def grid(tokens: int) -> Indices:
    """Sizes m evenly on a log scale, powers of ten among them, and at the end `tokens`."""
    decades = max(0.0, np.log10(tokens / FEWEST_TOKENS))
    steps = np.arange(np.ceil(decades * STEPS_A_DECADE))
    below = np.rint(FEWEST_TOKENS * 10 ** (steps / STEPS_A_DECADE)).astype(np.int64)
    return np.append(below[below < tokens], tokens)


def _expected(counts: Indices, types: Indices, tokens: Indices, times: int) -> Floats:
    """How many types a sample of each size is expected to hold exactly `times`.  # (sizes,)"""
    whole = int((counts * types).sum())
    n, m = counts[:, None], tokens[None, :]
    possible = (n >= times) & (m >= times) & (whole - n >= m - times)
    with np.errstate(invalid="ignore"):
        logs = _log_choose(n, times) + _log_choose(whole - n, m - times) - _log_choose(whole, m)
    probability = np.exp(np.where(possible, logs, -np.inf))
    expected: Floats = types.astype(np.float64) @ probability
    return expected


def _log_choose(n: Indices | int, k: Indices | int) -> Floats:
    chosen: Floats = (
        special.gammaln(np.add(n, 1)) - special.gammaln(np.add(k, 1)) - special.gammaln(n - k + 1)
    )
    return chosen
