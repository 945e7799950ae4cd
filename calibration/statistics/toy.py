"""The simplified theory of error accumulation in exact sums: how often a unigram model derails.

Train on m tokens drawn independently from p_i ∝ i^-α, i = 1..v. Generate from the fitted unigrams
until a token comes that the training text holds exactly once; from then on the text is derailed
and its entropy higher by a constant, C_H. The singleton mass q = K_{m,1}/m is the probability a
step of derailing. Source: Cao, Valiant and Liang 2025 (arXiv 2511.11966); the sums at a finite
(v, m) and the saturation over steps are derived here. Knows no texts and no models.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from calibration.statistics.ragged import Floats

# Ranks that are summed one by one. Beyond, terms change by little from rank to rank, and the sum
# is the integral half a rank further on either side: measured within 1e-9 of the whole sum.
HEAD = 10_000
PANELS, NODES = 64, 16  # Gauss-Legendre in log rank, where what is integrated is smooth
# Of qT, below which the series stands for the difference: it is off by the square of it over 12,
# and rounding would be 1e-11 over it.
SERIES = 1e-5
FEWEST_TYPES = 2  # with one, nothing is left unseen
MOST_TYPES = 10**15  # more than any corpus has tokens: stands for a vocabulary without end


@dataclass(frozen=True)
class ZipfLaw:
    """p_i = i^-α / Σ_j j^-α for i = 1..`types`. ValueError unless α > 0 and `types` ≥ 2."""

    alpha: float
    types: int

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and math.isfinite(self.alpha)):
            raise ValueError(f"a rank exponent above 0 was expected, found {self.alpha:g}")
        if not FEWEST_TYPES <= self.types <= MOST_TYPES:
            raise ValueError(
                f"{FEWEST_TYPES} to {MOST_TYPES:.0e} types were expected, found {self.types:g}"
            )

    def singleton_mass(self, tokens: ArrayLike) -> Floats:
        """q = E[K_{m,1}]/m = Σ p (1-p)^{m-1} at each m ≥ 1 of `tokens`; shaped as `tokens`.

        It is also the expected missing mass (Good and Turing) of m - 1 tokens. At most 1e-9 of
        itself is lost to the quadrature of the far tail.
        """
        mass, _ = self._mass_and_slope(tokens)
        return mass

    def local_exponent(self, tokens: ArrayLike) -> Floats:
        """d ln q / d ln m at each m of `tokens`: the exponent that the toy predicts at (v, m).

        m Σ p (1-p)^{m-1} ln(1-p) / Σ p (1-p)^{m-1}. Below 0 at every α, even below 1: more
        training never leaves more unseen.
        """
        _, slope = self._mass_and_slope(tokens)
        return slope

    def types_seen(self, tokens: float) -> float:
        """E[K_m] = Σ 1 - (1-p)^m: how many types m tokens show."""
        probability, weight = self._nodes
        return float(weight @ -np.expm1(tokens * np.log1p(-probability)))

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """Probabilities, and how many types each stands for: Σ_i f(p_i) = Σ w f(p)."""
        ranks, weights = _ranks(self.types)
        powers = ranks**-self.alpha
        return powers / float(weights @ powers), weights

    def _mass_and_slope(self, tokens: ArrayLike) -> tuple[Floats, Floats]:
        sizes = np.asarray(tokens, dtype=np.float64)
        probability, weight = self._nodes
        unseen = np.log1p(-probability)
        mass, slope = np.empty(sizes.shape), np.empty(sizes.shape)
        for place, size in np.ndenumerate(sizes):
            terms = weight * probability * np.exp((size - 1) * unseen)
            mass[place] = terms.sum()
            # Far beyond every type's last absence, all terms are zero and no slope is left.
            slope[place] = size * (terms @ unseen) / mass[place] if mass[place] > 0 else np.nan
        return mass, slope


def limiting_constant(alpha: float) -> float:
    """C_α = Γ(1 - 1/α) / (α ζ(α)^{1/α}): q ≈ C_α m^{1/α-1} without an end to the vocabulary.

    ValueError unless α > 1.
    """
    if not alpha > 1:
        raise ValueError(f"a rank exponent above 1 was expected, found {alpha:g}")
    constant = special.gamma(1 - 1 / alpha) / (alpha * special.zeta(alpha) ** (1 / alpha))
    return float(constant)


def asymptotic_exponent(alpha: float) -> float | None:
    """1/α - 1, the exponent of q in m as m and v grow; None at α ≤ 1, where nothing is predicted.

    There the formula would be positive, while q falls with m at every α.
    """
    return 1 / alpha - 1 if alpha > 1 else None


def matched_types(alpha: float, *, tokens: int, seen: int) -> int:
    """The number of types v at which `tokens` tokens of the law show `seen` types: E[K_m(v)].

    At least `seen`; MOST_TYPES where even a vocabulary without end shows no more. What a sample
    shows is less than what there is, so `seen` itself would end the vocabulary far too soon.
    """
    least = max(seen, FEWEST_TYPES)

    def excess(log_types: float) -> float:
        return ZipfLaw(alpha, round(math.exp(log_types))).types_seen(tokens) - seen

    low, high = math.log(least), math.log(MOST_TYPES)
    if excess(low) >= 0:
        return least
    if excess(high) <= 0:
        return MOST_TYPES
    return max(least, round(math.exp(optimize.brentq(excess, low, high, xtol=1e-6))))


def derailed_share(mass: ArrayLike, steps: float) -> Floats:
    """1 - (1 - (1-q)^T)/(qT): the share of T steps after a derailment; EntCE a step over C_H.

    A step is derailed when one of the steps before it was, so the first never is. About q(T-1)/2
    where qT is small, and 1 where it is large; shaped as `mass`.
    """
    q = np.asarray(mass, dtype=np.float64)
    expected = q * steps
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = 1 + np.expm1(steps * np.log1p(-q)) / expected
    early = q * (steps - 1) / 2 * (1 - q * (steps - 2) / 3)
    share: Floats = np.where(expected < SERIES, early, whole)
    return share


def passed_on(mass: ArrayLike, steps: float) -> Floats:
    """d ln(EntCE) / d ln(q): how much of the exponent of q is left in EntCE over T steps.

    1 where qT ≪ 1, about 1/(qT) where it is large: then texts are derailed nearly from the start,
    and more training changes little. Shaped as `mass`; nan for one step, which no error precedes.
    """
    q = np.asarray(mass, dtype=np.float64)
    share = derailed_share(q, steps)
    survived = (1 - q) ** (steps - 1)
    # d share / d ln q = (1 - share) - survived: what is not derailed, less what never will be.
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = ((1 - share) - survived) / share
    elasticity: Floats = np.where(q * steps < SERIES, 1.0, whole)
    return elasticity


@dataclass(frozen=True)
class Simulated:
    """Means over independent repetitions of the toy, with their standard errors."""

    singleton_mass: float
    singleton_mass_se: float
    derailed_share: float
    derailed_share_se: float


def simulated(
    law: ZipfLaw, *, tokens: int, texts: int, steps: int, repetitions: int, seed: int
) -> Simulated:
    """The toy played out: train, generate `texts` texts of `steps` steps, count; so many times.

    Nothing of the sums is used. ValueError for fewer than two repetitions: no error can be given.
    """
    if repetitions < 2:
        raise ValueError(f"at least two repetitions were expected, found {repetitions}")
    generator = np.random.default_rng(seed)
    ends = np.cumsum(np.arange(1, law.types + 1) ** -law.alpha)
    played = [
        _played(ends, generator, tokens=tokens, texts=texts, steps=steps)
        for _ in range(repetitions)
    ]
    means = np.mean(played, axis=0)
    errors = np.std(played, axis=0, ddof=1) / math.sqrt(repetitions)
    return Simulated(float(means[0]), float(errors[0]), float(means[1]), float(errors[1]))


def _played(
    ends: Floats, generator: np.random.Generator, *, tokens: int, texts: int, steps: int
) -> tuple[float, float]:
    training = np.searchsorted(ends, generator.random(tokens) * ends[-1])
    _, types, counts = np.unique(training, return_inverse=True, return_counts=True)
    once = counts[types] == 1  # (tokens,)
    # A draw from the fitted unigrams is a token of the training text, each as likely as any.
    generated = once[generator.integers(tokens, size=(texts, steps))]
    before = np.logical_or.accumulate(generated, axis=1)[:, :-1]
    return float(once.mean()), float(before.sum()) / (texts * steps)


def _ranks(types: int) -> tuple[Floats, Floats]:
    """Ranks to evaluate at, and how many each stands for."""
    head = np.arange(1, min(types, HEAD) + 1, dtype=np.float64)
    if types <= HEAD:
        return head, np.ones_like(head)
    place, weight = np.polynomial.legendre.leggauss(NODES)
    edges = np.linspace(math.log(HEAD + 0.5), math.log(types + 0.5), PANELS + 1)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    ranks = np.exp(middle[:, None] + half[:, None] * place).ravel()
    weights = (half[:, None] * weight).ravel() * ranks
    return np.concatenate([head, ranks]), np.concatenate([np.ones_like(head), weights])
