"""Distributions over all strings of one length, small enough to write every one down.

A distribution over strings of T letters is its conditionals: at step t, from 0, one row for each
of the V^t prefixes, in the order of their letters read as digits, so that row r followed by letter
y is row r·V + y of the next step. Everything is exact, in float64 and nats. Knows no network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-9  # of a row of probabilities: what rounding leaves, and no more


@dataclass(frozen=True)
class Strings:
    """A distribution over strings of T letters of an alphabet of V."""

    conditionals: tuple[Floats, ...]  # of step t: (V^t, V)

    def __post_init__(self) -> None:
        if not self.conditionals:
            raise ValueError("the conditionals of at least one step were expected, found none")
        for step, rows in enumerate(self.conditionals):
            expected = (self.alphabet**step, self.alphabet)
            if rows.shape != expected:
                raise ValueError(f"step {step}: shape {expected} was expected, found {rows.shape}")
            if not (rows >= 0).all() or np.abs(rows.sum(axis=1) - 1).max() > SUM_TOLERANCE:
                raise ValueError(f"step {step}: probabilities that sum to 1 were expected")

    @property
    def alphabet(self) -> int:
        return int(self.conditionals[0].shape[1])

    @property
    def steps(self) -> int:
        return len(self.conditionals)

    @property
    def log_conditionals(self) -> tuple[Floats, ...]:
        """The same in logarithms, -inf where a letter never follows."""
        with np.errstate(divide="ignore"):
            return tuple(np.log(rows) for rows in self.conditionals)

    def prefixes(self) -> Iterator[Floats]:
        """The probabilities of the prefixes before each step.  # (V^t,)"""
        here = np.ones(1)
        for rows in self.conditionals:
            yield here
            here = (here[:, None] * rows).ravel()


@dataclass(frozen=True)
class Measures:
    """What a model of human strings is measured by, at every step.  # (T,)"""

    entropy: Floats  # free running: of the model's own prefixes
    log_loss: Floats  # teacher forced: of human letters after human prefixes

    @property
    def ent_ce(self) -> Floats:
        """Entropy less log loss at each step; the guarantee is on their sum alone."""
        return self.entropy - self.log_loss

    @property
    def mean_ent_ce(self) -> float:
        return float(self.ent_ce.mean())

    @property
    def mean_log_loss(self) -> float:
        return float(self.log_loss.mean())


def measures(model: Strings, human: Strings) -> Measures:
    """Entropy on the model's own strings and log loss on human ones, by enumeration."""
    require_alike(model, human)
    pairs = zip(model.conditionals, model.prefixes(), strict=True)
    entropy = [own @ special.entr(rows).sum(axis=1) for rows, own in pairs]
    terms = zip(human.prefixes(), human.conditionals, model.log_conditionals, strict=True)
    loss = [-(prefix @ _expected(rows, logs)) for prefix, rows, logs in terms]
    return Measures(np.array(entropy), np.array(loss))


def require_alike(model: Strings, human: Strings) -> None:
    """Raises ValueError where two distributions are not over the same strings."""
    found = [(one.alphabet, one.steps) for one in (model, human)]
    if found[0] != found[1]:
        raise ValueError(
            "strings of one alphabet and one length were expected, found "
            + " and ".join(f"{steps} of {alphabet} letters" for alphabet, steps in found)
        )


def chain_strings(start: Floats, transition: Floats, steps: int) -> Strings:
    """The strings of a Markov chain: start (V,), transition (V, V)."""
    alphabet = len(start)
    later = (np.tile(transition, (alphabet ** (step - 1), 1)) for step in range(1, steps))
    return Strings((start[None], *later))


def strings_of(log_weights: Sequence[Floats]) -> Strings:
    """The distribution proportional to exp(log_weights) in each row."""
    return Strings(tuple(special.softmax(rows, axis=1) for rows in log_weights))


def _expected(probabilities: Floats, values: Floats) -> Floats:
    """Σ p x of each row; what never happens counts for nothing, whatever its value."""
    counted = np.where(probabilities > 0, values, 0.0)
    mean: Floats = (probabilities * counted).sum(axis=1)
    return mean
