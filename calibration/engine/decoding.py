"""From logits to the measured distribution: records of settings, and what applies them.

The same distribution is sampled from, scored, and taken the entropy of. Order: end ids masked,
then temperature.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the records are read by programs that never load a network
    from torch import Tensor


@dataclass(frozen=True)
class Decoding:
    """Settings that turn a network's logits into a distribution over the next token."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(
                f"a temperature above 0 was expected, found {self.temperature}: use a small one, "
                "such as 0.05, to come close to always taking the likeliest token"
            )
        # Equal settings have one form, so that they have one address: 1 is 1.0.
        object.__setattr__(self, "temperature", float(self.temperature))

    @property
    def label(self) -> str:
        """The decoding as people write it."""
        return f"temperature {repr(float(self.temperature)).removesuffix('.0')}"


@dataclass(frozen=True)
class Ending:
    """What an end id means: `continue` takes it out of the distribution, else it ends the text."""

    policy: Literal["continue", "stop", "natural"]
    ids: tuple[int, ...]

    @property
    def masked(self) -> tuple[int, ...]:
        """The ids of probability zero."""
        return self.ids if self.policy == "continue" else ()

    @property
    def stopping(self) -> tuple[int, ...]:
        """The ids after which a text has ended."""
        return () if self.policy == "continue" else self.ids


def decoded(logits: "Tensor", decoding: Decoding) -> "Tensor":
    """Unnormalised log probabilities under the decoding, before any mask.  # (..., vocabulary)"""
    return logits / decoding.temperature


def without(log_weights: "Tensor", ids: "Tensor") -> "Tensor":
    """The same with probability zero at `ids`.  # (..., vocabulary)"""
    return log_weights.index_fill(-1, ids, -math.inf) if len(ids) else log_weights
