"""Settings that turn a network's logits into the measured distribution, as values.

The same distribution is sampled from, scored, and taken the entropy of. Order: end ids masked,
temperature, truncation, mixture. Nothing here loads torch: studies and recipes read these records.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple


class _Setting(NamedTuple):
    """One way to truncate: its name in print, and the values it may have."""

    title: str
    allows: Callable[[float], bool]
    expected: str


_COUNT: Final = "a whole number of at least 1"
_SHARE: Final = "a number above 0 and below 1"
TRUNCATIONS: Final[dict[str, _Setting]] = {
    "top_k": _Setting("top-k", lambda value: value >= 1 and float(value).is_integer(), _COUNT),
    "top_p": _Setting("top-p", lambda value: 0 < value < 1, _SHARE),
    # At 1 only the likeliest tokens are left, which no other setting says when there are ties.
    "min_p": _Setting("min-p", lambda value: 0 < value <= 1, "a number above 0 and at most 1"),
    "epsilon": _Setting("epsilon", lambda value: 0 < value < 1, _SHARE),
    "eta": _Setting("eta", lambda value: 0 < value < 1, _SHARE),
    "typical": _Setting("typical", lambda value: 0 < value < 1, _SHARE),
}


@dataclass(frozen=True)
class Decoding:
    """Settings that turn a network's logits into a distribution over the next token.

    With p = softmax(logits / temperature) over the ids that are not masked, every truncation that
    is set allows a set of ids, each found on p itself and never without the likeliest id; A is
    what all of them allow, p' = p on A over p(A), and the measured distribution is
    (1 - mixture) p' + mixture p. A mixture of 0 is the pure sampler: it has no finite log loss as
    soon as one human token lies outside A. Definitions: top-k; top-p (Holtzman et al. 2020);
    min-p (Nguyen et al. 2024); epsilon and eta (Hewitt et al. 2022); typical (Meister et al. 2023).
    """

    temperature: float = 1.0
    top_k: int | None = None  # the k largest
    top_p: float | None = None  # the fewest of the largest that hold this probability
    min_p: float | None = None  # at least this share of the largest probability
    epsilon: float | None = None  # at least this probability
    eta: float | None = None  # at least min(eta, √eta · exp(-entropy of p))
    typical: float | None = None  # as top-p, of those whose -log p is closest to the entropy of p
    mixture: float | None = None  # the share of p beside p'

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(
                f"a temperature above 0 was expected, found {self.temperature}: use a small one, "
                "such as 0.05, to come close to always taking the likeliest token"
            )
        for name, value in self.truncations.items():
            setting = TRUNCATIONS[name]
            if not setting.allows(value):
                raise ValueError(
                    f"{name}: {setting.expected} was expected, found {value}: leave it out for "
                    "no truncation"
                )
        self._require_mixture()
        # Equal settings have one form, so that they have one address: 1 is 1.0.
        object.__setattr__(self, "temperature", float(self.temperature))
        for name, value in self.truncations.items():
            object.__setattr__(self, name, int(value) if name == "top_k" else float(value))
        if self.mixture is not None:
            object.__setattr__(self, "mixture", abs(float(self.mixture)))  # of -0.0 too

    def _require_mixture(self) -> None:
        if self.mixture is None:
            if self.truncations:
                raise ValueError(
                    f"{', '.join(self.truncations)}: a `mixture` was expected beside a truncation, "
                    "whose own log loss is infinite as soon as one human token lies outside: give "
                    "the share of the distribution before it, such as mixture: [0.1, 0.01, 0.001] "
                    "for a path, or 0 for the pure sampler, which has an entropy only"
                )
        elif not self.truncations:
            raise ValueError(
                f"a truncation was expected beside mixture: {self.mixture}: add one, such as "
                "top_p: 0.95, or leave the mixture out"
            )
        elif not 0 <= self.mixture < 1:
            raise ValueError(
                f"a mixture of at least 0 and below 1 was expected, found {self.mixture}: 1 is the "
                "distribution without the truncation, so leave both out for it"
            )

    @property
    def truncations(self) -> dict[str, float]:
        """The truncations that are set, by name."""
        found = ((name, getattr(self, name)) for name in TRUNCATIONS)
        return {name: value for name, value in found if value is not None}

    @property
    def is_pure(self) -> bool:
        """Whether ids outside the allowed set have probability 0, and so no finite log loss."""
        return self.mixture == 0

    @property
    def label(self) -> str:
        """The decoding as people write it."""
        parts = [f"temperature {_written(self.temperature)}"]
        if self.truncation is not None and self.mixture is not None:
            parts += [self.truncation, f"mixture {_written(self.mixture)}"]
        return ", ".join(parts)

    @property
    def truncation(self) -> str | None:
        """Its truncations as people write them; None without one."""
        found = self.truncations.items()
        parts = [f"{TRUNCATIONS[name].title} {_written(value)}" for name, value in found]
        return ", ".join(parts) or None


def _written(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


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
