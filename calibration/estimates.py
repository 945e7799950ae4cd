"""How long artifacts will take and how much memory, guessed from what earlier ones took.

A model's own speed where it was measured before; else that of the model nearest in size, slowed
in proportion where that one is smaller. Everything here is a guess and names what it is from.
Reads no store: whoever asks brings what lies there.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from statistics import median
from typing import Final, NamedTuple

from calibration.changes import Form
from calibration.paces import MEASURED, Made, Network, Pace, paces
from calibration.report.wording import count

# Of one weight.
BYTES: Final[Mapping[str, float]] = {"float32": 4, "bfloat16": 2, "float16": 2, "four-bit": 0.5}


class Estimate(NamedTuple):
    """What making something will take; None is unknown."""

    seconds: float | None
    memory_bytes: int | None
    memory_at_least: bool  # the weights alone are counted
    source: str | None

    @property
    def is_own(self) -> bool:
        """Whether it is of the same network, and not of another one or of none."""
        return self.source is not None and not self.memory_at_least


UNKNOWN: Final = Estimate(None, None, memory_at_least=False, source=None)


class Estimates:
    """Guesses from what a store holds, newest first wherever there is a choice."""

    def __init__(self, known: Iterable[Pace], usual: Mapping[str, Estimate]) -> None:
        self._paces: dict[str, list[Pace]] = defaultdict(list)
        for pace in known:
            self._paces[pace.kind].append(pace)
        self._usual = usual
        self._near = cache(self._nearest)
        self._own = {
            (pace.kind, pace.network[:2]): pace
            for group in self._paces.values()
            for pace in reversed(group)
        }

    def of_network(self, kind: str, network: Network, *, steps: float) -> Estimate:
        """What `steps` tokens take a network for one kind of table."""
        own = self._own.get((kind, network[:2]))
        if own is not None:
            seconds = steps / own.steps_per_second
            return Estimate(seconds, own.memory_bytes, memory_at_least=False, source=_from(own))
        least = int(network.parameters * BYTES[network.precision])
        near = self._near(kind, network)
        if near is None:
            return Estimate(None, least, memory_at_least=True, source=None)
        # Time goes with the weights; those of small networks are read faster than calls are made.
        slower = max(1.0, network.parameters / near.network.parameters)
        seconds = steps / near.steps_per_second * slower
        return Estimate(seconds, least, memory_at_least=True, source=f"{_from(near)}, scaled")

    def of_kind(self, kind: str) -> Estimate:
        """What a table takes that no network makes: as long as such tables mostly took."""
        return self._usual.get(kind, UNKNOWN)

    def _nearest(self, kind: str, network: Network) -> Pace | None:
        """The nearest in size, of the same precision where there is one, on the latest device."""
        known = self._paces[kind]
        found = [one for one in known if one.device == known[0].device]
        same = [one for one in found if one.network.precision == network.precision] or found
        return min(same, key=lambda one: _distance(one.network, network), default=None)


def estimates(
    made: Iterable[Made], form_of: Callable[[str], Form | None], *, probed: Iterable[Pace] = ()
) -> Estimates:
    """The guesses that some artifacts support; probes of this machine come before them all."""
    newest = sorted(made, key=lambda one: one.made_at, reverse=True)
    return Estimates([*probed, *paces(newest, form_of)], _usual(newest))


def _usual(made: Iterable[Made]) -> dict[str, Estimate]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in made:
        if one.kind not in MEASURED:
            seconds[one.kind].append(one.seconds)
    return {
        kind: Estimate(
            median(found),
            None,
            memory_at_least=False,
            source=f"the median of {count(len(found), 'such artifact')}",
        )
        for kind, found in seconds.items()
    }


def _from(pace: Pace) -> str:
    return f"{pace.title}, {pace.device}"


def _distance(one: Network, other: Network) -> float:
    return abs(math.log(one.parameters / other.parameters))
